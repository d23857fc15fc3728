import PlumbBasics
import PlumbOversight
import PlumbTensor
import Testing

@Suite("Sandwiching") struct SandwichingTests {
    @Test("Agents learn from approved answers, level by level, and assisted evaluation holds where unassisted does not")
    func depth() throws {
        var study = SandwichingStudy()
        (study.modulus, study.agentSteps, study.proposals, study.questions) = (3, 300, 256, 2000)
        (study.overseerSteps, study.assistantSteps) = (30, 30)
        let outcome = try study.run(key: RandomKey(101))
        #expect(outcome.agents.count == 2 && outcome.agents.allSatisfy { $0 > 0.95 })
        #expect(outcome.evaluated[.learned].count == 3)
        #expect(outcome.evaluated[.learned].allSatisfy { $0 > 0.9 })
        // The human errs in one check of twenty and checks depth 1 alone.
        #expect(outcome.evaluated.all.allSatisfy { abs($0.value[0] - 0.95) < 0.03 })
        for assistance in [SandwichingStudy.Assistance.noise, .none] {
            #expect(outcome.evaluated[assistance][1...].allSatisfy { abs($0 - 0.5) < 0.05 })
        }
    }

    @Test("A human that always guesses teaches nothing")
    func guessing() throws {
        var study = SandwichingStudy()
        (study.modulus, study.agentSteps, study.proposals, study.questions) = (5, 60, 64, 1000)
        (study.overseerSteps, study.assistantSteps, study.humanError) = (5, 5, 0.5)
        let outcome = try study.run(key: RandomKey(102))
        #expect(outcome.evaluated[.learned].allSatisfy { abs($0 - 0.5) < 0.07 })
    }
}
