import Foundation
import PlumbInterpretability
import PlumbLearning
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

/// Lenses that turn a layer's stream into the last one's before reading it.
@Suite struct LensTests {
    private func texts(_ count: Int, _ length: Int, key: UInt64 = 3) -> [[Int]] {
        (0..<count).map { row in
            var random = RandomKey(key)[row].generator()
            return (0..<length).map { _ in random.index(below: 61) }
        }
    }

    private func file(_ name: String) -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString).safetensors")
    }

    @Test func anUntrainedLensIsTheLogitLens() throws {
        let pair = try TinyPair("llama-tiny")
        let lens = TunedLens(layers: pair.layers, width: pair.model.configuration.width)
        let (plain, tuned) = (
            try LogitLens(pair.model, pair.clean, answer: 7),
            try LogitLens(pair.model, pair.clean, answer: 7, through: lens)
        )
        #expect(plain.cells == tuned.cells)
        #expect((plain.title, tuned.title) == ("logit lens", "tuned lens"))
        let divergences = try pair.model.lensDivergences(over: [pair.clean])
        let untrained = try pair.model.lensDivergences(over: [pair.clean], through: lens)
        #expect(divergences == untrained)
        #expect(abs(divergences[pair.layers]) < 1e-5)
        #expect(divergences.dropLast().allSatisfy { $0 > 0 })
    }

    @Test(arguments: TinyPair.models) func aTrainedLensIsNearerToTheModelAtEveryLayer(name: String) throws {
        let pair = try TinyPair(name)
        var training = TunedLensTraining()
        (training.steps, training.rows, training.learningRate) = (60, 32, 0.01)
        let lens = try TunedLens.trained(pair.model, on: texts(24, 16), training, key: RandomKey(1))
        let others = texts(8, 16, key: 9)
        let (plain, tuned) = (
            try pair.model.lensDivergences(over: others), try pair.model.lensDivergences(over: others, through: lens)
        )
        for layer in 0..<pair.layers { #expect(tuned[layer] <= plain[layer]) }
        #expect(tuned[0] < 0.9 * plain[0])
        #expect(tuned[pair.layers] == plain[pair.layers])
        let again = try TunedLens.trained(pair.model, on: texts(24, 16), training, key: RandomKey(1))
        #expect(again == lens)
    }

    @Test func savedLensesAreReadAsTheyWere() throws {
        let pair = try TinyPair("llama-tiny")
        var training = TunedLensTraining()
        (training.steps, training.rows) = (3, 8)
        let tuned = try TunedLens.trained(pair.model, on: texts(4, 8), training, key: RandomKey(2))
        let jacobian = try JacobianLens(pair.model, texts: texts(1, 6), skipped: 1)
        let (one, other) = (file("tuned"), file("jacobian"))
        defer { for url in [one, other] { try? FileManager.default.removeItem(at: url) } }
        try tuned.write(to: one)
        try jacobian.write(to: other)
        #expect(try TunedLens(contentsOf: one) == tuned)
        #expect(try JacobianLens(contentsOf: other) == jacobian)
        // Each is not the other, and neither fits another model.
        #expect(throws: ModelError.self) { try TunedLens(contentsOf: other) }
        #expect(throws: ModelError.self) { try JacobianLens(contentsOf: one) }
        let wider = TunedLens(layers: pair.layers, width: pair.model.configuration.width + 1)
        #expect(throws: ModelError.self) { try LogitLens(pair.model, pair.clean, through: wider) }
        let deeper = TunedLens(layers: pair.layers + 1, width: pair.model.configuration.width)
        #expect(throws: ModelError.self) { try LogitLens(pair.model, pair.clean, through: deeper) }
    }

    @Test(arguments: TinyPair.models) func theJacobianOfTheLastStreamIsTheIdentity(name: String) throws {
        let model = try TinyPair(name).model
        let lens = try JacobianLens(model, texts: texts(2, 7), skipped: 2, rows: 5)
        let width = model.configuration.width
        let last = try #require(lens.jacobians.last).elements
        for place in last.indices { #expect(last[place] == (place / width == place % width ? 1 : 0)) }
        #expect(lens.jacobians.count == model.configuration.layers + 1)
        let whole = try JacobianLens(model, texts: texts(2, 7), skipped: 2, rows: width)
        for (a, b) in zip(lens.jacobians, whole.jacobians) {
            #expect((a - b).absolute().elements.allSatisfy { $0 < 1e-5 })
        }
    }

    @Test(arguments: TinyPair.models) func aJacobianIsTheSlopeOfTheLastStream(name: String) throws {
        let model = try TinyPair(name).model
        let (text, positions) = (texts(1, 7)[0], 2..<6)
        let lens = try JacobianLens(model, texts: [text], skipped: 2)
        let last = HookPoint.block(model.configuration.layers - 1, .residPost)
        let direction = Tensor.uniform([model.configuration.width], bound: 1, key: RandomKey(8))
        // The mean over the position that is moved of the sum over those that change.
        func sum(_ position: Int, _ step: Float) throws -> Tensor {
            let change = Intervention.steer(
                .block(1, .residPre), by: direction, scale: step, positions: position..<position + 1)
            return try #require(model.run(text, with: [change], recording: .only(last)).cache[last])[positions]
                .summed(axis: 0)
        }
        var slope = Tensor.zeros([model.configuration.width])
        let step: Float = 0.01
        for position in positions {
            slope.add((try sum(position, step) - sum(position, -step)) / (2 * step))
        }
        let expected = (slope / Float(positions.count)).elements.map(Double.init)
        let found = lens.translated(direction.reshaped([1, -1]), layer: 1).elements.map(Double.init)
        for (a, b) in zip(found, expected) { #expect(agree(a, b, tolerance: 1e-2)) }
    }

    @Test func lensesRefuseTextsThatGiveThemNothing() throws {
        let pair = try TinyPair("llama-tiny")
        #expect(throws: ModelError.self) { try JacobianLens(pair.model, texts: []) }
        #expect(throws: ModelError.self) { try JacobianLens(pair.model, texts: texts(1, 7), skipped: 6) }
        #expect(throws: ModelError.self) { try TunedLens.trained(pair.model, on: [[1]], key: RandomKey(1)) }
        #expect(throws: ModelError.self) { try pair.model.lensDivergences(over: []) }
        #expect(throws: RunEnded.self) {
            try JacobianLens(pair.model, texts: texts(1, 7), skipped: 1) { _ in throw RunEnded() }
        }
    }

    private struct RunEnded: Error {}
}
