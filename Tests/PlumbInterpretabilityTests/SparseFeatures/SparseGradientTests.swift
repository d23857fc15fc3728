@testable import PlumbInterpretability
@testable import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

/// Gradients that touch active features only, held to the dense losses as published, differentiated by the tape.
@Suite struct SparseGradientTests {
    private static let (rows, width, features) = (12, 5, 9)

    private static func random(_ shape: [Int], _ seed: Int, scale: Float = 1) -> Tensor {
        var generator = RandomKey(7)[seed].generator()
        return Tensor(shape: shape) { for index in $0.indices { $0[index] = scale * Float(generator.normal()) } }
    }

    /// Parameters away from their initial values, so that no gradient vanishes by symmetry.
    private static func parameters(_ training: SparseTraining, outputWidth: Int) -> SparseParameters {
        var parameters = SparseParameters(
            training, width: width, outputWidth: outputWidth, isAutoencoder: outputWidth == width,
            key: RandomKey(3))
        parameters = parameters.mapParameters { path, tensor in
            path.description == "log_threshold"
                ? tensor : tensor + random(tensor.shape, path.description.count, scale: 0.2)
        }
        parameters.decoder.restrict(training.windows, \.writes)
        parameters.encoder.restrict(training.windows, \.reads)
        return parameters
    }

    private static func found(
        _ training: SparseTraining, _ parameters: SparseParameters, _ input: Tensor, _ target: Tensor,
        subtractsBias: Bool, coefficient: Double = 0, dead: [Bool] = [Bool](repeating: false, count: features)
    ) -> SparseGradient {
        SparseGradient(
            training, parameters, input: input, target: target, subtractsBias: subtractsBias,
            coefficient: coefficient, dead: dead)
    }

    private static func expectEqual(_ a: SparseParameters, _ b: SparseParameters, tolerance: Float = 2e-4) {
        for (x, y) in zip(a.parameters, b.parameters) {
            #expect(x.tensor.shape == y.tensor.shape)
            let scale = max(1, y.tensor.absolute().elements.max() ?? 1)
            let difference = (x.tensor - y.tensor).absolute().elements.max() ?? 0
            #expect(difference < tolerance * scale, "\(x.name) differs by \(difference)")
        }
    }

    private static func error(_ output: Tensor, _ target: Tensor) -> Tensor {
        (output - target).squared().summed() / Float(rows)
    }

    private static func preActivations(_ p: SparseParameters, _ x: Tensor, _ subtracts: Bool) -> Tensor {
        (subtracts ? x - p.decoderBias : x).matmul(transposed: p.encoder)
    }

    private static func mask(_ tensor: Tensor, _ holds: (Float) -> Bool) -> Tensor {
        Tensor(tensor.elements.map { holds($0) ? Float(1) : 0 }, shape: tensor.shape)
    }

    @Test(arguments: [true, false]) func l1HasTheGradientOfItsDenseLoss(subtracts: Bool) {
        let training = SparseTraining(.l1(.coefficient(0.3)), features: Self.features, steps: 1)
        let (p, x) = (Self.parameters(training, outputWidth: Self.width), Self.random([Self.rows, Self.width], 1))
        let found = Self.found(training, p, x, x, subtractsBias: subtracts, coefficient: 0.3)
        let (loss, gradient) = valueWithGradient(at: p) { p in
            let f = (Self.preActivations(p, x, subtracts) + p.encoderBias).relu()
            return Self.error(f.matmul(p.decoder) + p.decoderBias, x) + f.summed() * (0.3 / Float(Self.rows))
        }
        #expect(abs(found.loss - Double(loss.item)) < 1e-4)
        Self.expectEqual(found.gradient, gradient)
    }

    @Test func topKAndItsAuxiliaryLossHaveTheGradientOfTheirDenseLoss() {
        var training = SparseTraining(.topK(2), features: Self.features, steps: 1)
        (training.auxiliaryWeight, training.auxiliaryFeatures) = (0.5, 4)
        let (p, x) = (Self.parameters(training, outputWidth: Self.width), Self.random([Self.rows, Self.width], 2))
        let dead = (0..<Self.features).map { $0 % 3 == 0 }
        let found = Self.found(training, p, x, x, subtractsBias: true, dead: dead)
        let active = Self.mask(found.active.dense) { $0 > 0 }
        #expect(found.active.count <= 2 * Self.rows && found.active.count > Self.rows)
        let deadMask = Tensor(dead.map { $0 ? Float(1) : 0 })
        let error = (found.active.dense.matmul(p.decoder) + p.decoderBias - x)
        let (loss, gradient) = valueWithGradient(at: p) { p in
            let pre = Self.preActivations(p, x, true) + p.encoderBias
            let left = (pre.relu() * deadMask).matmul(p.decoder) + error
            return Self.error((pre * active).matmul(p.decoder) + p.decoderBias, x)
                + left.squared().summed() * (0.5 * 0.75 / Float(Self.rows))
        }
        #expect(abs(found.loss - Double(loss.item)) < 1e-4)
        Self.expectEqual(found.gradient, gradient)
    }

    @Test func matryoshkaAddsTheLossesOfItsPrefixes() {
        let training = SparseTraining(.matryoshka(3, prefixes: [2, 5]), features: Self.features, steps: 1)
        let (p, x) = (Self.parameters(training, outputWidth: Self.width), Self.random([Self.rows, Self.width], 4))
        let found = Self.found(training, p, x, x, subtractsBias: true)
        #expect(found.active.count == 3 * Self.rows)
        let active = Self.mask(found.active.dense) { $0 > 0 }
        let (loss, gradient) = valueWithGradient(at: p) { p in
            let f = (Self.preActivations(p, x, true) + p.encoderBias) * active
            return [2, 5, Self.features].reduce(Tensor(repeating: 0, shape: [])) { sum, end in
                let prefix = Tensor((0..<Self.features).map { $0 < end ? Float(1) : 0 })
                return sum + Self.error((f * prefix).matmul(p.decoder) + p.decoderBias, x)
            }
        }
        #expect(abs(found.loss - Double(loss.item)) < 1e-4)
        Self.expectEqual(found.gradient, gradient)
    }

    @Test func gatedHasTheGradientOfItsDenseLossWithTheDecoderHeldFixedInThePathOfGates() {
        let training = SparseTraining(.gated(.coefficient(0.2)), features: Self.features, steps: 1)
        let (p, x) = (Self.parameters(training, outputWidth: Self.width), Self.random([Self.rows, Self.width], 5))
        let found = Self.found(training, p, x, x, subtractsBias: true, coefficient: 0.2)
        let (fixedDecoder, fixedBias) = (p.decoder, p.decoderBias)
        let (loss, gradient) = valueWithGradient(at: p) { p in
            guard let gateBias = p.gateBias, let scale = p.logMagnitudeScale else {
                return Tensor(repeating: 0, shape: [])
            }
            let u = Self.preActivations(p, x, true)
            let gates = u + gateBias
            let open = Self.mask(gates.detached()) { $0 > 0 }
            let f = (u * scale.exp() + p.encoderBias).relu() * open
            return Self.error(f.matmul(p.decoder) + p.decoderBias, x)
                + Self.error(gates.relu().matmul(fixedDecoder) + fixedBias, x)
                + gates.relu().summed() * (0.2 / Float(Self.rows))
        }
        #expect(abs(found.loss - Double(loss.item)) < 1e-4)
        Self.expectEqual(found.gradient, gradient)
    }

    @Test func jumpReLUHasThePseudoGradientOfItsThresholds() {
        let (bandwidth, penalty) = (Float(0.8), Float(0.4))
        let training = SparseTraining(
            .jumpReLU(.coefficient(0.4), bandwidth: bandwidth, threshold: 0.5), features: Self.features, steps: 1)
        let (p, x) = (Self.parameters(training, outputWidth: Self.width), Self.random([Self.rows, Self.width], 6))
        let found = Self.found(training, p, x, x, subtractsBias: true, coefficient: Double(penalty))
        let before = Self.preActivations(p, x, true) + p.encoderBias
        let (step, near) = (
            Self.mask(before - 0.5) { $0 > 0 }, Self.mask(before - 0.5) { abs($0) < bandwidth / 2 } / bandwidth
        )
        let gradient = gradient(at: p) { p in
            guard let log = p.logThreshold else { return Tensor(repeating: 0, shape: []) }
            let pre = Self.preActivations(p, x, true) + p.encoderBias
            let moved = log.exp() - 0.5
            let f = pre * step - near * moved * 0.5
            return Self.error(f.matmul(p.decoder) + p.decoderBias, x) - (near * moved).summed()
                * (penalty / Float(Self.rows))
        }
        #expect(found.active.values.contains { $0 == 0 })
        Self.expectEqual(found.gradient, gradient)
    }

    @Test func aTranscoderWithALinearPathHasTheGradientOfItsDenseLoss() {
        var training = SparseTraining(.batchTopK(2), features: Self.features, steps: 1)
        training.hasSkip = true
        let (p, x) = (Self.parameters(training, outputWidth: 4), Self.random([Self.rows, Self.width], 8))
        let y = Self.random([Self.rows, 4], 9)
        let found = Self.found(training, p, x, y, subtractsBias: false)
        #expect(found.active.count == 2 * Self.rows)
        let active = Self.mask(found.active.dense) { $0 > 0 }
        let gradient = gradient(at: p) { p in
            guard let skip = p.skip else { return Tensor(repeating: 0, shape: []) }
            let f = (Self.preActivations(p, x, false) + p.encoderBias) * active
            return Self.error(f.matmul(p.decoder) + p.decoderBias + x.matmul(skip), y)
        }
        Self.expectEqual(found.gradient, gradient)
    }

    @Test func featuresWithWindowsKeepToThem() throws {
        var training = SparseTraining(.topK(2), features: 6, steps: 20)
        training.windows = [
            SparseWindow(features: 0..<3, reads: 0..<2, writes: 0..<4),
            SparseWindow(features: 3..<6, reads: 2..<4, writes: 2..<4),
        ]
        var trainer = SparseDictionaryTrainer(training, key: RandomKey(1))
        for step in 0..<20 {
            let x = Self.random([16, 4], step)
            try trainer.step(SparseBatch(x, target: x * 2))
        }
        let dictionary = try trainer.dictionary(input: .block(0, .mlpOut), output: .block(1, .mlpOut))
        let (encoder, decoder) = (dictionary.encoder.transposed().elements, dictionary.decoder.elements)
        for feature in 0..<6 {
            for column in 0..<4 {
                let (reads, writes) = feature < 3 ? (column < 2, true) : (column >= 2, column >= 2)
                #expect((encoder[feature * 4 + column] != 0) == reads)
                #expect((decoder[feature * 4 + column] != 0) == writes)
            }
        }
    }
}
