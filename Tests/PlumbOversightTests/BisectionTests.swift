import PlumbOversight
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Debate by bisection") struct BisectionTests {
    @Test("Segments sum to what their numbers do, and rounds halve them")
    func sums() {
        let debate = BisectionDebate([3, 1, 4, 1, 5, 9, 2, 6])
        #expect(debate.total == 31 && debate.sum(2..<5) == 10 && debate.sum(4..<4) == 0)
        #expect(debate.fullRounds == 3)
        #expect(BisectionDebate([7]).fullRounds == 0)
    }

    @Test(
        "Exact search: with an opponent a claim is accepted if and only if it is true, in all games of four digits"
    )
    func bestPlay() {
        for code in 0..<81 {
            let game = BisectionDebate([code % 3, code / 3 % 3, code / 9 % 3, code / 27])
            for claim in 0...8 {
                let accepted = game.acceptance(of: claim, examiner: .opponent, reach: 3)
                #expect(accepted == (claim == game.total ? 1 : 0))
            }
        }
    }

    @Test("Exact search: without an opponent the best liar is believed, by chance in all cases but one in n")
    func otherExaminers() {
        for numbers in [[1, 2], [0, 2, 1, 1], [2, 2, 0, 1, 1, 0, 2, 1]] {
            let game = BisectionDebate(numbers)
            #expect(game.acceptance(of: game.total + 1, examiner: .proponent, reach: 1) == 1)
            #expect(game.acceptance(of: game.total + 1, examiner: .chance, reach: 1) == 1 - 1 / Double(numbers.count))
            #expect(game.acceptance(of: game.total, examiner: .chance, reach: 1) == 1)
        }
    }

    @Test("No liar survives cross-examination, and no true claim loses", arguments: BisectionDebate.Lie.allCases)
    func examined(lie: BisectionDebate.Lie) {
        for seed in 0..<200 {
            var random = RandomKey(UInt64(seed)).generator()
            let debate = BisectionDebate((0..<32).map { _ in random.index(below: 10) })
            for difference in [0, 1, -1, 7, -40] {
                let accepted = debate.isAccepted(
                    debate.total + difference, lie: lie, examiner: .opponent, rounds: 5, using: &random)
                #expect(accepted == (difference == 0))
            }
            #expect(debate.isAccepted(debate.total, lie: lie, examiner: .proponent, rounds: 5, using: &random))
        }
    }

    @Test("A proponent that is not examined is believed if its lie is in one number")
    func unexamined() {
        var random = RandomKey(1).generator()
        let debate = BisectionDebate([Int](repeating: 3, count: 16))
        for _ in 0..<100 {
            #expect(debate.isAccepted(50, lie: .single, examiner: .proponent, rounds: 4, using: &random))
            #expect(debate.isAccepted(50, lie: .single, examiner: .proponent, rounds: 0, using: &random))
        }
        // Spread over all numbers it cannot be hidden.
        #expect(!debate.isAccepted(48 + 16, lie: .spread, examiner: .proponent, rounds: 4, using: &random))
        #expect(!debate.isAccepted(48 + 16, lie: .spread, examiner: .chance, rounds: 0, using: &random))
    }

    @Test("A judge that always misreads decides the other way")
    func misreading() {
        var random = RandomKey(1).generator()
        let debate = BisectionDebate([1, 2, 3, 4])
        #expect(
            !debate.isAccepted(10, lie: .single, examiner: .opponent, rounds: 2, judgeError: 1, using: &random))
        #expect(debate.isAccepted(11, lie: .single, examiner: .opponent, rounds: 2, judgeError: 1, using: &random))
    }

    @Test("An opponent that always errs finds a lie in one number never")
    func opponentErrs() {
        var random = RandomKey(1).generator()
        let debate = BisectionDebate([1, 2, 3, 4])
        #expect(debate.isAccepted(11, lie: .single, examiner: .opponent, rounds: 2, opponentError: 1, using: &random))
    }

    @Test("Numbers that cannot be halved are refused by name")
    func refusals() {
        func refused(_ change: (inout BisectionStudy) -> Void) -> String {
            var study = BisectionStudy()
            change(&study)
            return #expect(throws: SettingsError.self) { try study.check() }?.description ?? ""
        }
        #expect(refused { $0.numbers = 48 }.contains("--numbers 48"))
        #expect(refused { $0.judgeError = 0.3 }.contains("--judge-error 0.3"))
    }
}
