import PlumbBasics
import PlumbOversight
import PlumbTensor
import Testing

/// The code of the guide "Oversight protocols", kept running.
@Suite struct OversightGuideTests {
    @Test("Cross-examination finds the guide's lie, and its control believes it") func crossExamination() {
        let debate = BisectionDebate([3, 1, 4, 1, 5, 9, 2, 6])
        var random = RandomKey(1).generator()
        let honest = debate.isAccepted(31, lie: .single, examiner: .opponent, rounds: 3, using: &random)
        let lie = debate.isAccepted(40, lie: .single, examiner: .opponent, rounds: 3, using: &random)
        let control = debate.isAccepted(40, lie: .single, examiner: .proponent, rounds: 3, using: &random)
        #expect(debate.total == 31 && debate.fullRounds == 3)
        #expect(honest && !lie && control)
        #expect(debate.acceptance(of: 40, examiner: .opponent, reach: 9) == 0)
        #expect(debate.acceptance(of: 40, examiner: .chance, reach: 9) == 0.875)
    }

    @Test("The guide's monitor is as safe as the guide says") func monitoring() {
        let monitor = GaussianSuspicion(shift: 2)
        #expect(abs(monitor.safety(budget: 0.03) - 0.547) < 0.001)
        #expect(abs(monitor.safety(budget: 0.03, attacked: 0.1, correlation: 0.5) - 0.197) < 0.001)
        #expect(abs(GaussianSuspicion(shift: 0).safety(budget: 0.03) - 0.03) < 1e-9)
    }

    @Test("The guide's study finds every spread lie, and without cross-examination no single one") func study() throws {
        var study = BisectionStudy()
        (study.debates, study.exactNumbers, study.exactGames) = (400, 4, 3)
        let outcome = try study.run(key: RandomKey(1))
        #expect(outcome.examined[.spread] == 1 && outcome.unexamined[.single] == 0.5)
    }
}
