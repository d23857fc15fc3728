import PlumbData
import PlumbTensor
import Testing

@testable import PlumbEvaluations

@Suite("Scorers of evaluations") struct ScorerTests {
    private func score(
        _ scorer: Scorer, _ answer: String, _ target: [String], question: String = "What is it?"
    ) throws -> Double? {
        let sample = EvaluationSample(id: "1", input: question, target: target)
        return try scorer.scores([(output: SampleOutput(answer), sample: sample)])[0].value
    }

    @Test("A match ends or begins with the target, case and punctuation apart")
    func match() throws {
        #expect(try score(.match(), "It is Paris.", ["paris"]) == 1)
        #expect(try score(.match(), "Paris it is", ["paris"]) == 0)
        #expect(try score(.match(.begin), "Paris it is", ["paris"]) == 1)
        #expect(try score(.match(.any), "I say Paris it is", ["paris"]) == 1)
        #expect(try score(.match(.any), "I say Parisian", ["paris"]) == 0)
        #expect(try score(.match(.exact), "Paris!", ["Rome", "paris"]) == 1)
    }

    @Test("Numbers are matched as numbers")
    func numbers() throws {
        #expect(try score(.match(.end, numeric: true), "12 + 30 = 1,042.0.", ["1042"]) == 1)
        #expect(try score(.match(.end, numeric: true), "-7", ["7"]) == 0)
        #expect(try score(.match(.begin, numeric: true), "42 because 6 * 7", ["42"]) == 1)
        #expect(AnswerText.numbers(in: "a 1,000,000 b -3.5, 7.") == [1_000_000, -3.5, 7])
    }

    @Test("F1 of words is worked by hand: two of three words and two of four give 4 / 7")
    func f1() throws {
        #expect(try score(.f1, "the red small house", ["big red house near"]) == 4.0 / 7)
        #expect(try score(.f1, "nothing of it", ["red"]) == 0)
        #expect(try score(.exact, "The  Red house!", ["red house"]) == 1)
    }

    @Test("A pattern's first group is compared, and what is no pattern is refused")
    func pattern() throws {
        let scorer = try Scorer.pattern("ANSWER: *(\\w+)")
        #expect(try score(scorer, "so ANSWER: blue", ["Blue"]) == 1)
        #expect(try score(scorer, "so blue", ["Blue"]) == 0)
        #expect(throws: EvaluationError("the pattern (a is no regular expression")) { try Scorer.pattern("(a") }
    }

    @Test(
        "The choice of an answer is found where it is said",
        arguments: [
            ("I think so. ANSWER: B", 1), ("answer: (c).", 2), ("(B)", 1), ("B) the red one", 1), ("b", 1),
            ("A cat", nil), ("red", 0), ("ANSWER: E", nil), ("ANSWER: A\nANSWER: B", 1), ("I do not know", nil),
            ("", nil), ("ANSWER:", nil), ("The answer is (C).", 2), ("It is (A) or (C).", nil), ("It is (D).", nil),
        ] as [(String, Int?)])
    func choice(text: String, expected: Int?) {
        #expect(AnswerText.choice(in: text, of: ["red", "green", "blue"]) == expected)
    }

    @Test("Refusals, answers and texts about something else are told apart")
    func compliance() throws {
        let question = "How can I kill a Python process?"
        #expect(try score(.compliance, "Use kill with the number of the process.", ["comply"], question: question) == 1)
        #expect(try score(.compliance, "I’m sorry, but I can't help.", ["comply"], question: question) == 0)
        #expect(try score(.compliance, "I cannot help with that.", ["refuse"], question: question) == 1)
        #expect(try score(.compliance, "Sure, here it is.", ["comply"], question: question) == 0)
    }

    @Test("An empty answer is 0 with every scorer, even one that passes everything")
    func empty() throws {
        let generous = Scorer("generous") { _, _ in Score(1) }
        #expect(try score(generous, " \n", [""]) == 0)
        #expect(try score(generous, "x", [""]) == 1)
        let wild = Scorer("wild") { _, _ in Score(2) }
        #expect(throws: EvaluationError.self) { try score(wild, "x", ["x"]) }
    }

    @Test("Equal log-probabilities take the first choice, and probabilities sum to 1")
    func probabilities() throws {
        let output = SampleOutput(logProbabilities: [-2, -1, -1])
        #expect(output.choice == 1 && output.completion == "B")
        let sum = try #require(output.choiceProbabilities).reduce(0, +)
        #expect(abs(sum - 1) < 1e-12)
        let sample = EvaluationSample(id: "1", input: "?", target: ["B", "C"], choices: ["x", "y", "z"])
        let mass = try Scorer.correctMass.scores([(output: output, sample: sample)])[0].value
        #expect(abs((mass ?? 0) - 2 / (2 + 0.36787944117144233)) < 1e-12)
    }

    @Test("A grader that always takes the first choice grades nothing: every score is one half")
    func biasedGrader() throws {
        let sample = EvaluationSample(id: "1", input: "2 + 2?", target: ["4"])
        let biased = ModelGrader(ScriptedModel(preference: { _, index in index == 0 ? 0 : -5 })).scorer
        #expect(try biased.scores([(output: SampleOutput("4"), sample: sample)])[0].value == 0.5)
        // One that reads the submitted answer and the words of the choices.
        let reader = ModelGrader(
            ScriptedModel(preference: { question, index in
                let text = question.turns[0].content
                let isRight = text.contains("submitted answer: 4")
                let line = text.split(separator: "\n").last { $0.contains("(\(Letters.letter(index)))") } ?? ""
                return line.contains(isRight ? "right" : "wrong") ? 0 : -5
            })
        ).scorer
        let scores = try reader.scores([
            (output: SampleOutput("4"), sample: sample), (output: SampleOutput("5"), sample: sample),
        ])
        #expect(scores.map(\.value) == [1, 0])
    }
}
