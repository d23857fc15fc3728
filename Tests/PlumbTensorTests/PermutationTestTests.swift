import PlumbTensor
import Testing

/// Permutation tests on groups whose every deal can be counted by hand.
@Suite struct PermutationTestTests {
    private let key = RandomKey(5)

    @Test func everyDealOfFewNumbersIsCounted() {
        // 6 choose 3 is 20 deals, and 1, 2, 3 against 4, 5, 6 is the most extreme of each side.
        let test = PermutationTest([1, 2, 3], [4, 5, 6], key: key)
        #expect(test.isExact && test.permutations == 19)
        #expect(abs(test.difference + 3) < 1e-12)
        #expect(test.p == 2.0 / 20)
        #expect(PermutationTest([1, 2, 3], [4, 5, 6], alternative: .less, key: key).p == 1.0 / 20)
        #expect(PermutationTest([1, 2, 3], [4, 5, 6], alternative: .greater, key: key).p == 1)
    }

    @Test func groupsOfDifferentSizesAndTies() {
        // 5 against 1, 1, 2: four deals, of which only the one found puts the 5 alone.
        #expect(PermutationTest([5], [1, 1, 2], alternative: .greater, key: key).p == 1.0 / 4)
        #expect(PermutationTest([5], [1, 1, 2], key: key).p == 1.0 / 4)
        // 0.1 + 0.2 + 0.3 and 0.3 + 0.2 + 0.1 are one sum, though not one rounding: every deal is as extreme.
        #expect(PermutationTest([0.1, 0.2, 0.3], [0.3, 0.2, 0.1], key: key).p == 1)
        #expect(PermutationTest([2, 2], [2, 2, 2], key: key).p == 1)
    }

    @Test func aSampleOfDealsAgreesWithAllOfThem() {
        let first = [0.2, 1.4, 0.9, 2.2, 1.1, 1.7]
        let second = [0.1, 0.6, 0.3, 1.2, -0.4, 0.8]
        for alternative in PermutationTest.Alternative.allCases {
            let exact = PermutationTest(first, second, alternative: alternative, key: key)
            let sampled = PermutationTest(first, second, alternative: alternative, key: key, exactLimit: 10)
            #expect(exact.isExact && exact.permutations == 923 && !sampled.isExact && sampled.permutations == 9_999)
            #expect(abs(exact.p - sampled.p) < 0.015, "\(alternative)")
            #expect(sampled == PermutationTest(first, second, alternative: alternative, key: key, exactLimit: 10))
        }
    }

    @Test func pIsNeverZeroAndNumbersThatAreNoneGiveNone() {
        let low = (0..<40).map { Double($0) / 100 }
        let test = PermutationTest(low, low.map { $0 + 10 }, alternative: .less, key: key, samples: 999)
        #expect(test.p == 1.0 / 1000)
        let broken = PermutationTest([1, .nan], [2, 3], key: key)
        #expect(broken.p.isNaN && !(broken.p <= 0.05))
    }

    @Test func groupsThatDoNotDifferAreFoundToAboutAsOftenAsTheLevelSays() {
        var random = RandomKey(11).generator()
        var found = 0
        for round in 0..<400 {
            let values = (0..<10).map { _ in random.normal() }
            let test = PermutationTest(Array(values[..<5]), Array(values[5...]), key: key[round])
            if test.p <= 0.1 { found += 1 }
        }
        // 40 expected, with a standard deviation of 6.
        #expect((16...64).contains(found), "\(found)")
    }

    @Test func everyChoiceOfSignsIsCounted() {
        // Of 8 choices of signs of 1, 2 and 3 one gives 6, and one −6; the 0 has no sign.
        let test = PermutationTest(paired: [1, 2, 3, 0], key: key)
        #expect(test.isExact && test.permutations == 7 && test.difference == 1.5 && test.p == 2.0 / 8)
        #expect(PermutationTest(paired: [1, 2, 3, 0], alternative: .greater, key: key).p == 1.0 / 8)
        #expect(PermutationTest(paired: [1, 2, 3, 0], alternative: .less, key: key).p == 1)
        // 0, 2, 4 and 6 are as large as −1 + −2 + 3.
        #expect(PermutationTest(paired: [-1, -2, 3], alternative: .greater, key: key).p == 5.0 / 8)
        #expect(PermutationTest(paired: [0, 0], alternative: .greater, key: key).p == 1)
        #expect(PermutationTest(paired: [1, .nan], key: key).p.isNaN)
    }

    @Test func aSampleOfSignsAgreesWithAllOfThem() {
        let differences = [0.2, 1.4, -0.9, 2.2, 1.1, -1.7, 0.4, 0.8, -0.3, 1.2]
        for alternative in PermutationTest.Alternative.allCases {
            let exact = PermutationTest(paired: differences, alternative: alternative, key: key)
            let sampled = PermutationTest(paired: differences, alternative: alternative, key: key, exactLimit: 10)
            #expect(exact.isExact && exact.permutations == 1_023 && !sampled.isExact && sampled.permutations == 9_999)
            #expect(abs(exact.p - sampled.p) < 0.02, "\(alternative)")
        }
    }
}
