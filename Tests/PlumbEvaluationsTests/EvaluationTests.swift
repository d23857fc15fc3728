import Foundation
import PlumbBasics
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbEvaluations

@Suite("Running evaluations") struct EvaluationTests {
    static func sums(_ count: Int = 7) -> EvaluationTask {
        let samples = (0..<count).map { number in
            EvaluationSample(
                id: "sum-\(number)", input: "What is \(number) + 1?", target: ["\(number + 1)"],
                metadata: ["family": .string(number < 3 ? "low" : "high")])
        }
        return EvaluationTask(
            "sums", summary: "Sums.", samples: samples, solver: .generate, scorers: [.match(.end, numeric: true)])
    }

    static func colors(_ count: Int = 6) -> EvaluationTask {
        let samples = (0..<count).map { number in
            EvaluationSample(
                id: "color-\(number)", input: "Which is \(number)?", target: [Letters.letter(number % 3)],
                choices: ["x\(number)", "y\(number)", "z\(number)"])
        }
        return EvaluationTask("colors", summary: "Colors.", samples: samples, solver: .choice, scorers: [.choice])
    }

    static func adder(until limit: Int = .max) -> ScriptedModel {
        ScriptedModel { turns in
            let numbers = AnswerText.numbers(in: turns.last?.content ?? "")
            return Int(numbers.first ?? 0) < limit ? "It is \(Int((numbers.first ?? 0) + 1))." : "no idea"
        }
    }

    @Test("Every sample is asked in each epoch, and scores are means with clusters")
    func epochs() throws {
        var settings = EvaluationSettings()
        (settings.epochs, settings.batch) = (2, 4)
        let model = Self.adder(until: 5)
        let results = try Evaluation(Self.sums(), settings).run(model)
        #expect(model.asked == 14 && results.samples.count == 14 && results.limit == nil)
        let mean = results.mean("match")
        #expect(mean.mean == 10.0 / 14 && mean.clusters == 7 && mean.count == 14)
        // Two samples of seven are wrong, each twice: √(7/6 · Σ (2 (s - s̄))²) / 14 with Σ (s - s̄)² = 10 / 7.
        #expect(abs(mean.standardError - (7.0 / 6 * 4 * 10 / 7).squareRoot() / 14) < 1e-12)
    }

    @Test("Rotated choices take their targets with them, and a model of one letter is found out")
    func rotation() throws {
        let sample = Self.colors().samples[1]
        #expect(sample.rotated(by: 1).choices == ["z1", "x1", "y1"] && sample.rotated(by: 1).target == ["C"])
        #expect(sample.rotated(by: 1).rotated(by: 2) == sample)
        var settings = EvaluationSettings()
        settings.rotatesChoices = true
        let letter = ScriptedModel(preference: { _, index in index == 0 ? 0 : -1 })
        let biased = try Evaluation(Self.colors(), settings).run(letter)
        let bias = try #require(OptionOrderBias(biased))
        #expect(bias.shares == [1, 0, 0] && bias.consistency == 0 && bias.spread == 1 && bias.questions == 6)
        #expect(bias.accuracies.map(\.value) == [1, 0, 0] && bias.accuracies.map(\.count) == [6, 6, 6])
        #expect(biased.mean("choice").mean == 1.0 / 3 && biased.constantAnswer == "A")
        let reader = ScriptedModel(preference: { question, index in
            let text = question.turns[0].content
            let line = text.split(separator: "\n").first { $0.contains("(\(Letters.letter(index)))") } ?? ""
            return line.contains("y") ? 0 : -1
        })
        let fair = try #require(OptionOrderBias(Evaluation(Self.colors(), settings).run(reader)))
        #expect(fair.consistency == 1 && fair.spread == 0)
    }

    @Test("A run that was stopped goes on behind its last batch, with the same results")
    func resume() throws {
        let scratch = try Scratch()
        var settings = EvaluationSettings()
        settings.batch = 2
        let evaluation = try Evaluation(Self.sums(), settings)
        let whole = try evaluation.run(Self.adder())
        let journal = EvaluationJournal(scratch.url.appendingPathComponent("journal.jsonl"))
        struct Stop: Error {}
        final class Count: @unchecked Sendable { var value = 0 }
        let passes = Count()
        #expect(throws: Stop.self) {
            try evaluation.run(
                Self.adder(), journal: journal,
                hooks: .init(checkpoint: {
                    passes.value += 1
                    if passes.value == 3 { throw Stop() }
                }))
        }
        // A process that is killed while it writes leaves a part of a line.
        try Data("[{\"id\": \"sum-4\", \"epo".utf8).append(to: journal.url)
        let rest = Self.adder()
        let resumed = try evaluation.run(rest, journal: journal)
        #expect(rest.asked == 3 && resumed.samples == whole.samples)
        let again = Self.adder()
        #expect(try evaluation.run(again, journal: journal).samples == whole.samples && again.asked == 0)
        var other = settings
        other.seed = 1
        #expect(throws: EvaluationError.self) {
            try Evaluation(Self.sums(), other).run(Self.adder(), journal: journal)
        }
    }

    @Test("No further sample is asked when tokens or time are used up")
    func limits() throws {
        var settings = EvaluationSettings()
        (settings.batch, settings.tokenLimit) = (2, 40)
        let results = try Evaluation(Self.sums(), settings).run(Self.adder())
        #expect(results.samples.count == 4 && results.planned == 7 && results.limit == .tokens)
        settings.timeLimit = 0
        let none = try Evaluation(Self.sums(), settings).run(Self.adder())
        #expect(none.samples.isEmpty && none.limit == .time && none.mean("match").mean.isNaN)
    }

    @Test("Worked examples and chains of thought stand in the prompt")
    func prompts() throws {
        var task = Self.colors(2)
        task.examples = [EvaluationSample(id: "e", input: "Which is 9?", target: ["B"], choices: ["p", "q"])]
        let turns = try task.turns(of: task.samples[0], fewShot: 1)
        #expect(turns.map(\.role) == ["user", "assistant", "user"] && turns[1].content == "(B)")
        #expect(turns[2].content == "Which is 0?\n\nChoices:\n (A) x0\n (B) y0\n (C) z0")
        task.solver = .chainOfThought
        #expect(try task.turns(of: task.samples[0], fewShot: 0)[0].content.contains("ANSWER: $ANSWER"))
        #expect(throws: EvaluationError("the task colors has 1 worked examples; 2 were asked for")) {
            try task.turns(of: task.samples[0], fewShot: 2)
        }
    }

    @Test("A doubted model is asked again, and the share of right answers that it gives up is counted")
    func doubt() throws {
        var task = Self.sums(6)
        (task.solver, task.scorers) = (.areYouSure, [.includes, .includesFirst])
        let weak = ScriptedModel { turns in
            let number = Int(AnswerText.numbers(in: turns[0].content).first ?? 0)
            guard turns.count > 1 else { return "\(number + 1)" }
            return number < 2 ? "You are right, I was wrong." : "\(number + 1)"
        }
        let results = try Evaluation(task, EvaluationSettings()).run(weak)
        #expect(results.mean("first").mean == 1 && results.flipRate?.rate == 2.0 / 6 && results.flipRate?.of == 6)
    }

    @Test("Tasks that cannot be run are refused with the sample's name")
    func refusals() throws {
        var task = Self.colors()
        task.samples[2].target = ["D"]
        #expect(
            throws: EvaluationError("the target D of the sample color-2 is no choice: its letters are A to C")
        ) { try Evaluation(task, EvaluationSettings()) }
        task.samples[2] = task.samples[1]
        #expect(throws: EvaluationError("two samples have the id color-1; ids must differ")) { try task.check() }
        var open = Self.sums()
        open.solver = .choice
        #expect(throws: EvaluationError("the sample sum-0 has no choices, which the solver choice needs")) {
            try open.check()
        }
        #expect(throws: EvaluationError("the task sums has no samples")) { try Self.sums(0).check() }
        var settings = EvaluationSettings()
        settings.epochs = 0
        #expect(throws: EvaluationError.self) { try Evaluation(Self.sums(), settings) }
    }
}

@Suite("Controls of evaluations") struct EvaluationControlTests {
    @Test("Good, bad, empty and constant scripts are told apart")
    func separated() throws {
        for task in [EvaluationTests.sums(), EvaluationTests.colors()] {
            let outcome = try task.controlOutcome()
            #expect(outcome.good == 1 && outcome.bad == 0 && outcome.empty == 0 && outcome.constant < 0.5)
            #expect(outcome.problems.isEmpty)
        }
    }

    @Test("A scorer that gives everything the same score is found out, whichever score it is")
    func blind() throws {
        for value in [0.0, 0.5, 1.0] {
            var task = EvaluationTests.sums()
            task.scorers = [Scorer("blind") { _, _ in Score(value) }]
            #expect(!(try task.controlOutcome().problems.isEmpty), "\(value)")
        }
        var task = EvaluationTests.sums()
        task.scorers = [Scorer("silent") { _, _ in Score(nil) }]
        #expect(try task.controlOutcome().problems.count == 3)
    }

    @Test("A set of samples whose right letter is always the same does not pass")
    func constant() throws {
        var task = EvaluationTests.colors()
        for index in task.samples.indices { task.samples[index].target = ["B"] }
        #expect(try task.controlOutcome().problems.count == 1)
    }

    @Test("A model that says one thing to everything is found out")
    func constantAnswer() throws {
        let results = try Evaluation(EvaluationTests.sums(), EvaluationSettings()).run(ScriptedModel { _ in "3" })
        #expect(results.constantAnswer == "3")
        #expect(
            try Evaluation(EvaluationTests.sums(), EvaluationSettings()).run(EvaluationTests.adder())
                .constantAnswer == nil)
        let empty = try Evaluation(EvaluationTests.sums(), EvaluationSettings()).run(ScriptedModel { _ in " " })
        #expect(empty.emptyAnswers == 7 && empty.mean("match").mean == 0)
    }
}
