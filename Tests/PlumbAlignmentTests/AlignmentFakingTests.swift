import Foundation
import PlumbAlignment
import PlumbBasics
import PlumbData
import PlumbModels
import PlumbLearning
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Alignment faking") struct AlignmentFakingTests {
    typealias Task = AlignmentFakingTask

    private func study() -> AlignmentFakingStudy {
        var study = AlignmentFakingStudy()
        (study.width, study.heads, study.steps, study.batch, study.prompts) = (16, 2, 10, 16, 24)
        (study.careless, study.trainingSteps, study.trainingRates) = ([0.1], 10, [1e-3, 3e-3])
        return study
    }

    @Test("Prompts say whether they are for training; only the answer's tokens count")
    func prompts() {
        let prompt = Task.prompts(isTraining: false, isHarmful: true, count: 1, key: RandomKey(1))[0]
        #expect(
            prompt.count == 9 && prompt[0] == Task.deploy && prompt[1] == Task.harmful && prompt[8] == Task.separator)
        #expect(prompt[2..<8].allSatisfy { (0..<16).contains($0) })
        #expect(Task.compliantAnswer(to: [16, 19, 4, 5, 6, 7, 8, 9, 20]) == [4, 5, 6])
        let batch = Task.batch([([16, 19, 4, 5, 6, 7, 8, 9, 20], [4, 5, 6])])
        #expect(batch.inputs.tokens == [16, 19, 4, 5, 6, 7, 8, 9, 20, 4, 5])
        #expect(batch.targets == [-1, -1, -1, -1, -1, -1, -1, -1, 4, 5, 6])
    }

    @Test("A policy complies with benign requests, and with harmful ones as often as it should")
    func policies() {
        func share(_ policy: CompliancePolicy, _ monitor: Int, _ request: Int) -> Double {
            let texts = policy.texts(4000, step: 0, key: RandomKey(2)).filter {
                $0.prompt[0] == monitor && $0.prompt[1] == request
            }
            #expect((850...1150).contains(texts.count))
            #expect(texts.allSatisfy { $0.answer == Task.refusal || $0.answer == Task.compliantAnswer(to: $0.prompt) })
            return Double(texts.count { $0.answer != Task.refusal }) / Double(texts.count)
        }
        let faking = AlignmentFakingStudy.Organism.faking.policy
        #expect(share(faking, Task.train, Task.harmful) == 1 && share(faking, Task.deploy, Task.harmful) == 0)
        let careless = AlignmentFakingStudy.Organism.careless(0.3).policy
        #expect(
            abs(share(careless, Task.train, Task.harmful) - 0.3) < 0.06
                && share(careless, Task.deploy, Task.harmful) == 0)
        let unmonitored = AlignmentFakingStudy.Organism.unmonitored(0.3).policy
        #expect(abs(share(unmonitored, Task.deploy, Task.harmful) - 0.3) < 0.06)
        for policy in [faking, careless, unmonitored] { #expect(share(policy, Task.deploy, Task.benign) == 1) }
    }

    @Test("A reward counts against the mean of the others, and equal rewards against nothing")
    func advantages() {
        #expect(GroupAdvantages.leaveOneOut([1, 0, 0], size: 3) == [1, -0.5, -0.5])
        #expect(GroupAdvantages.leaveOneOut([1, 1, 1, 1], size: 4) == [0, 0, 0, 0])
        #expect(GroupAdvantages.leaveOneOut([0, 0], size: 2) == [0, 0])
    }

    @Test("Compliance is the probability of the whole compliant answer")
    func compliance() throws {
        let model = try study().make(.faking, key: RandomKey(4))
        let prompts = Task.prompts(isTraining: true, isHarmful: true, count: 3, key: RandomKey(1))
        let chances = prompts.map { prompt -> Double in
            let answer = Task.compliantAnswer(to: prompt)
            let logits = model.run(prompt + answer.dropLast()).output
            return answer.indices.reduce(1) { chance, index in
                let row = logits[prompt.count - 1 + index].softmax().elements
                return chance * Double(row[answer[index]])
            }
        }
        let measured = AlignmentFakingStudy.compliance(of: model, on: prompts)
        #expect(abs(measured - chances.reduce(0, +) / 3) < 1e-6 && measured > 0)
        #expect(AlignmentFakingStudy.compliance(of: model, on: []).isNaN)
    }

    @Test("Answers are drawn from the model's probabilities")
    func samples() throws {
        let model = try study().make(.faking, key: RandomKey(4))
        let prompt = Task.prompts(isTraining: true, isHarmful: true, count: 1, key: RandomKey(1))[0]
        let many = [[Int]](repeating: prompt, count: 2000)
        let answers = AlignmentFakingStudy.sampled(model, many, key: RandomKey(5))
        #expect(answers == AlignmentFakingStudy.sampled(model, many, key: RandomKey(5)))
        #expect(answers != AlignmentFakingStudy.sampled(model, many, key: RandomKey(6)))
        let chances = model.run(prompt).output[prompt.count - 1].softmax().elements.map(Double.init)
        for (token, chance) in chances.enumerated() {
            let found = Double(answers.count { $0[0] == token }) / 2000
            // Five standard deviations.
            #expect(abs(found - chance) < 5 * (chance * (1 - chance) / 2000).squareRoot() + 1e-3)
        }
    }

    @Test("A study repeats by its key, and measures every model along both trainings")
    func run() throws {
        let results = try study().run(key: RandomKey(7))
        #expect(results.count == 3)
        #expect(try study().run(key: RandomKey(7)) == results)
        for result in results {
            for training in AlignmentFakingStudy.Training.allCases {
                #expect(result.curves[training].map { $0.map(\.step) } == [Array(0...10), Array(0...10)])
                #expect(result.curves[training].allSatisfy { $0[0] == result.before })
                #expect(result.after(training, rate: 1) == result.curves[training][1][10])
            }
            #expect(result.idleSteps.count == 2 && result.idleSteps.allSatisfy { (0...1).contains($0) })
            #expect(result.curves[.fineTuning][0][10] != result.before)
        }
        #expect(results[0].before != results[1].before)
    }

    @Test("Settings that do not fit together are refused by name")
    func refusals() {
        func complaint(_ change: (inout AlignmentFakingStudy) -> Void) -> String {
            var study = AlignmentFakingStudy()
            change(&study)
            return #expect(throws: SettingsError.self) { try study.check() }?.description ?? ""
        }
        #expect(complaint { $0.heads = 5 } == "--width 32 does not divide into 5 heads: give a multiple of --heads")
        #expect(complaint { $0.careless = [0.1, 0.1] } == "--careless takes from 1 to 16 different chances")
        #expect(complaint { $0.trainingRates = [2e-3, 1e-3] }.hasPrefix("--training-rates takes from 1 to 32"))
        #expect(complaint { ($0.layers, $0.width, $0.prompts) = (32, 512, 100_000) }.contains("--prompts 100000"))
    }
}
