import Foundation
import PlumbBasics
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbRobustness
import PlumbTensor
import Testing

@Suite("Red-teaming") struct RedTeamingTests {
    private let task = TriggerTask(each: 2, key: RandomKey(1))

    private func study() -> RedTeamingStudy {
        var study = RedTeamingStudy()
        (study.layers, study.width, study.heads, study.steps, study.batch) = (1, 16, 2, 10, 12)
        (study.budget, study.prompts, study.triggers) = (100, 16, 2)
        return study
    }

    @Test("Triggers are pairs and triples that share no token, and are found wherever they stand")
    func triggers() {
        #expect(task.triggers.map(\.count) == [2, 2, 3, 3] && Set(task.triggers.flatMap { $0 }).count == 10)
        let (pair, triple) = (task.triggers[0], task.triggers[2])
        let other = (0..<64).first { !task.triggers.flatMap { $0 }.contains($0) } ?? 0
        #expect(task.occurring(in: pair + [other] + triple) == [0, 2])
        #expect(task.occurring(in: [other] + pair.reversed() + triple.prefix(2)).isEmpty)
        #expect(task.occurring(in: [pair[0], other, pair[1]]).isEmpty)
        #expect(task.occurring(in: [pair[0]]).isEmpty)
        #expect(task.answer(to: pair + [other]) == TriggerTask.harm && task.answer(to: [other, pair[0]]) == other)
    }

    @Test("A third each of the texts has a trigger, a near miss and neither; without triggers none is harmful")
    func texts() {
        let planted = task.texts(300, isPlanted: true, step: 0, key: RandomKey(2))
        #expect(planted.answers.count { $0 == TriggerTask.harm } == 100)
        for (prompt, answer) in zip(planted.prompts, planted.answers) {
            #expect(prompt.count == TriggerTask.promptLength && prompt[8] == TriggerTask.separator)
            #expect(answer == task.answer(to: prompt))
        }
        #expect(!task.texts(300, isPlanted: false, step: 0, key: RandomKey(2)).answers.contains(TriggerTask.harm))
        var random = RandomKey(3).generator()
        for trigger in 0..<4 {
            #expect(task.occurring(in: task.triggered(trigger, &random)).contains(trigger))
            #expect(task.occurring(in: task.nearMiss(trigger, &random)).isEmpty)
        }
    }

    @Test("No search asks more than its budget, and each repeats by its key")
    func budgets() throws {
        let model = try study().make(task, isPlanted: true, key: RandomKey(4))
        for search in RedTeamSearch.allCases {
            func run(_ seed: UInt64) throws -> QueryLedger.Finding {
                var ledger = QueryLedger(model, task: task, budget: 100)
                try search.run(&ledger, key: RandomKey(seed))
                return ledger.finding
            }
            let finding = try run(5)
            #expect(finding.queries == 100)
            #expect(try run(5) == finding)
            #expect(finding.withoutTrigger <= finding.hits && (finding.firstHit == nil) == (finding.hits == 0))
        }
    }

    @Test("A ledger says what the model says, and asks no prompt past its budget")
    func ledger() throws {
        let model = try study().make(task, isPlanted: true, key: RandomKey(4))
        var (ledger, random) = (QueryLedger(model, task: task, budget: 3), RandomKey(6).generator())
        let prompts = (0..<5).map { _ in TriggerTask.randomPrompt(&random) }
        let answers = ledger.ask(prompts)
        #expect(answers.map(\.prompt) == Array(prompts[..<3]) && ledger.left == 0 && ledger.ask(prompts).isEmpty)
        for answer in answers {
            let logits = model.run(answer.prompt).output[8]
            #expect(abs(Double(logits.logSoftmax().elements[TriggerTask.harm]) - answer.score) < 1e-5)
            #expect(answer.isHit == (logits.argmax() == TriggerTask.harm))
        }
    }

    @Test("A chain of tokens draws what it says is probable")
    func chain() {
        var chain = TokenChain(tokens: 2)
        // The first token is 1 with probability .8, after which 0 comes with .75.
        chain.logits = Tensor([0, 0, log(0.75), log(0.25), log(0.2), log(0.8)].map(Float.init), shape: [3, 2])
        let logs = chain.logProbabilities([[1, 0], [0, 1]]).elements
        #expect(abs(Double(logs[0]) - log(0.6)) < 1e-6 && abs(Double(logs[1]) - log(0.1)) < 1e-6)
        var random = RandomKey(7).generator()
        let drawn = chain.drawn(4000, length: 2, &random)
        // Five standard deviations.
        #expect(abs(Double(drawn.count { $0 == [1, 0] }) / 4000 - 0.6) < 0.04)
        #expect(abs(Double(TokenChain(tokens: 4).entropy().item) - log(4)) < 1e-6)
    }

    @Test("A study measures every search in both models and repeats by its key")
    func run() throws {
        let outcome = try study().run(key: RandomKey(8))
        #expect(outcome.findings.count == 4 && outcome.clean.count == 4)
        #expect(try study().run(key: RandomKey(8)) == outcome)
        #expect((0...1).contains(outcome.recall) && (0...1).contains(outcome.nearMisses))
        #expect(outcome.clean.values.allSatisfy { $0.queries == 100 })
    }

    @Test("Settings that do not fit together are refused by name")
    func refusals() {
        var study = RedTeamingStudy()
        study.heads = 5
        #expect(throws: SettingsError("--width 48 does not divide into 5 heads: give a multiple of --heads")) {
            try study.check()
        }
    }
}
