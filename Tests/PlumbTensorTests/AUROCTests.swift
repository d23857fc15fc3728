import PlumbTensor
import Testing

@Suite("Area under the receiver operating characteristic")
struct AUROCTests {
    @Test("It is the part of pairs in which the positive example scores higher")
    func handWorked() {
        // Of the six pairs 3 > 1, 3 > 2, 3 < 4, 5 > 1, 5 > 2, 5 > 4, five are won.
        #expect(Statistics.auroc(positives: [3, 5], negatives: [4, 1, 2]) == 5.0 / 6)
        #expect(Statistics.auroc(positives: [2, 3], negatives: [0, 1]) == 1)
        #expect(Statistics.auroc(positives: [0, 1], negatives: [2, 3]) == 0)
        #expect(Statistics.auroc(positives: [.infinity], negatives: [-.infinity, 0]) == 1)
    }

    @Test("Equal scores are half a win")
    func ties() {
        #expect(Statistics.auroc(positives: [1, 1, 1], negatives: [1, 1]) == 0.5)
        // 2 = 2 is half, 2 > 1 a win, 3 > 2 and 3 > 1 wins: 3.5 of 4.
        #expect(Statistics.auroc(positives: [2, 3], negatives: [2, 1]) == 0.875)
        #expect(Statistics.auroc(positives: [0], negatives: [-0.0]) == 0.5)
    }

    @Test("It equals the formula of ranks, and what counting pairs gives")
    func ranks() {
        var random = RandomKey(5).generator()
        let positives = (0..<40).map { _ in Double(random.index(below: 12)) + 2 }
        let negatives = (0..<60).map { _ in Double(random.index(below: 12)) }
        var won = 0.0
        for p in positives { for n in negatives { won += p > n ? 1 : p == n ? 0.5 : 0 } }
        let ranks = Statistics.ranks(positives + negatives)[..<40].reduce(0, +)
        let area = Statistics.auroc(positives: positives, negatives: negatives)
        #expect(abs(area - won / 2400) < 1e-12)
        #expect(abs(area - (ranks - 40 * 41 / 2) / 2400) < 1e-12)
        // Exchanging the classes mirrors it; a rising function of the scores leaves it.
        #expect(abs(Statistics.auroc(positives: negatives, negatives: positives) + area - 1) < 1e-12)
        let bent = { (x: Double) in x * x * x + 4 }
        #expect(Statistics.auroc(positives: positives.map(bent), negatives: negatives.map(bent)) == area)
    }

    @Test("Without examples, or with a score that is no number, there is no area")
    func nothing() {
        #expect(Statistics.auroc(positives: [], negatives: [1]).isNaN)
        #expect(Statistics.auroc(positives: [1], negatives: []).isNaN)
        #expect(Statistics.auroc(positives: [1, .nan], negatives: [0]).isNaN)
        #expect(Statistics.auroc(positives: [1], negatives: [.nan, 0]).isNaN)
        let interval = Statistics.aurocInterval(positives: [.nan], negatives: [1], key: RandomKey(0))
        #expect(interval.lower.isNaN && interval.upper.isNaN)
    }

    @Test("The standard error is Hanley's and McNeil's")
    func standardError() {
        // A = 1/2, P = 2, N = 3: Q1 = Q2 = 1/3, SE² = (1/4 + 1/12 + 2/12) / 6 = 1/12.
        let even = Statistics.aurocStandardError(0.5, positives: 2, negatives: 3)
        #expect(abs(even - (1.0 / 12).squareRoot()) < 1e-12)
        // A = 0.8, P = N = 1: SE² = A (1 - A).
        #expect(abs(Statistics.aurocStandardError(0.8, positives: 1, negatives: 1) - 0.4) < 1e-12)
        // A = 0.8, P = 3, N = 2: Q1 - A² = 2/3 - 0.64, Q2 - A² = 1.28/1.8 - 0.64.
        let expected = ((0.16 + 2 * (2.0 / 3 - 0.64) + (1.28 / 1.8 - 0.64)) / 6).squareRoot()
        #expect(abs(Statistics.aurocStandardError(0.8, positives: 3, negatives: 2) - expected) < 1e-12)
        #expect(Statistics.aurocStandardError(1, positives: 50, negatives: 50) == 0)
        #expect(Statistics.aurocStandardError(0, positives: 50, negatives: 50) == 0)
        #expect(Statistics.aurocStandardError(.nan, positives: 5, negatives: 5).isNaN)
        #expect(Statistics.aurocStandardError(0.5, positives: 0, negatives: 5).isNaN)
    }

    @Test(
        "The interval holds the area, has about the width of two standard errors to each side, and repeats by its key")
    func interval() {
        var random = RandomKey(9).generator()
        let positives = (0..<200).map { _ in random.normal() + 1 }
        let negatives = (0..<150).map { _ in random.normal() }
        let area = Statistics.auroc(positives: positives, negatives: negatives)
        let interval = Statistics.aurocInterval(positives: positives, negatives: negatives, key: RandomKey(1))
        #expect(interval.lower < area && area < interval.upper)
        let error = Statistics.aurocStandardError(area, positives: 200, negatives: 150)
        let width = (interval.upper - interval.lower) / (2 * 1.96 * error)
        #expect(width > 0.8 && width < 1.25)
        let again = Statistics.aurocInterval(positives: positives, negatives: negatives, key: RandomKey(1))
        #expect(again == interval)
        let narrow = Statistics.aurocInterval(
            positives: positives, negatives: negatives, key: RandomKey(1), level: 0.5)
        #expect(narrow.lower > interval.lower && narrow.upper < interval.upper)
        let apart = Statistics.aurocInterval(positives: [4, 5], negatives: [1, 2, 3], key: RandomKey(1))
        #expect(apart == (1, 1))
    }
}
