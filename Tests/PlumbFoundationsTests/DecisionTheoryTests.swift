import PlumbFoundations
import Testing

/// The classic problems, whose answers are known.
@Suite struct DecisionTheoryTests {
    @Test func theoriesChooseAsTheirAuthorsSay() throws {
        // The first action of each problem, by CDT, EDT and FDT.
        let firsts: [String: [Bool]] = [
            "Newcomb's problem": [false, true, true], "smoking lesion": [true, false, true],
            "Parfit's hitchhiker": [false, false, true], "counterfactual mugging": [false, false, true],
            "twin prisoners": [false, true, true], "XOR blackmail": [false, true, false],
        ]
        let problems = try DecisionProblem.classics(accuracy: 0.99)
        #expect(problems.count == firsts.count)
        for problem in problems {
            #expect(
                DecisionTheory.allCases.map { problem.policy(of: $0) == [0] } == firsts[problem.name], "\(problem.name)"
            )
        }
    }

    @Test func whatAPolicyEarnsIsKnown() throws {
        #expect(abs(try DecisionProblem.newcomb(accuracy: 0.9).value(of: [0]) - 900_000) < 1e-6)
        #expect(abs(try DecisionProblem.newcomb(accuracy: 0.9).value(of: [1]) - 101_000) < 1e-6)
        #expect(abs(try DecisionProblem.counterfactualMugging(accuracy: 1).value(of: [0]) - 4_950) < 1e-9)
        #expect(abs(try DecisionProblem.xorBlackmail(accuracy: 1).value(of: [0]) + 100_900) < 1e-6)
        #expect(abs(try DecisionProblem.xorBlackmail(accuracy: 1).value(of: [1]) + 100_000) < 1e-6)
    }

    @Test func anAccuracyThatIsNoProbabilityIsRefused() {
        for accuracy in [-0.1, 1.1, .nan] {
            #expect(throws: FoundationsError.self) { try DecisionProblem.classics(accuracy: accuracy) }
        }
    }
}
