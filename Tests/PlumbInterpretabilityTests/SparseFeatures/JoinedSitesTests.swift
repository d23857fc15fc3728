import PlumbInterpretability
import PlumbModels
import PlumbTensor
import Testing

/// Crosscoders and cross-layer transcoders as dictionaries over sites side by side.
@Suite struct JoinedSitesTests {
    private static let points: [HookPoint] = [.block(0, .residPost), .block(1, .residPost)]

    /// Rows of two sites: the first feature is in both, the second in the first site alone, the third in the second.
    private static func rows(_ step: Int) -> [Tensor] {
        var generator = RandomKey(3)[step].generator()
        var (first, second): ([Float], [Float]) = ([], [])
        for _ in 0..<128 {
            let f = (0..<3).map { _ in generator.uniform() < 0.3 ? Float(1 + 0.1 * generator.normal()) : 0 }
            first += [f[0], f[1], 0]
            second += [0, 10 * f[0], 10 * f[2], 0]
        }
        return [Tensor(first, shape: [128, 3]), Tensor(second, shape: [128, 4])]
    }

    @Test func aFeatureIsSharedAsItsSquaredLengthsSay() throws {
        let sites = JoinedSites(Self.points, rows: Self.rows(1000))
        #expect(sites.columns(of: 1) == 3..<7 && sites.scales[0] > 5 * sites.scales[1])
        let decoder = Tensor(
            [1, 0, 0, 0, 0, 0, 0, /**/ 0, 2, 0, 0, 0, 0, 0, /**/ 3, 0, 0, 0, 0, 4, 0], shape: [3, 7])
        let dictionary = try SparseDictionary(
            encoder: .zeros([7, 3]), encoderBias: .zeros([3]), decoder: decoder, decoderBias: .zeros([7]),
            activation: .relu, input: Self.points[0], output: Self.points[0])
        let shares = sites.shares(of: dictionary)
        #expect(shares == [[1, 0], [1, 0], [0.36, 0.64]])
    }

    @Test func aCrosscoderReconstructsBothSites() throws {
        let sites = JoinedSites(Self.points, rows: Self.rows(1000))
        var training = SparseTraining(.batchTopK(1), features: 6, steps: 1000)
        (training.learningRate, training.deadAfterRows) = (0.01, 2000)
        var trainer = SparseDictionaryTrainer(training, key: RandomKey(5))
        for step in 0..<1000 { try trainer.step(SparseBatch(sites.joined(Self.rows(step)))) }
        let (dictionary, rows) = (try trainer.dictionary(input: Self.points[0]), sites.joined(Self.rows(2000)))
        let outputs = dictionary.reconstruct(rows)
        for index in 0..<2 {
            let columns = sites.columns(of: index)
            let quality = ReconstructionQuality(outputs.columns(columns), of: rows.columns(columns))
            #expect(quality.explainedVariance > 0.8, "\(quality)")
        }
    }

    @Test func aCrossLayerTranscoderWritesItsOwnAndLaterLayers() throws {
        let (inputs, outputs) = (
            JoinedSites(Self.points, rows: Self.rows(0)), JoinedSites(Self.points, rows: Self.rows(0))
        )
        var training = SparseTraining(.topK(2), features: 8, steps: 200)
        training.windows = inputs.crossLayerWindows(features: 4, outputs: outputs)
        #expect(training.windows.map(\.reads) == [0..<3, 3..<7] && training.windows.map(\.writes) == [0..<7, 3..<7])
        training.learningRate = 0.01
        var trainer = SparseDictionaryTrainer(training, key: RandomKey(6))
        for step in 0..<200 {
            let rows = Self.rows(step)
            try trainer.step(SparseBatch(inputs.joined(rows), target: outputs.joined(rows)))
        }
        #expect((trainer.last?.explainedVariance ?? 0) > 0.5)
        let decoders = outputs.decoders(of: try trainer.dictionary(input: Self.points[0], output: Self.points[1]))
        #expect(decoders[0][4..<8].absolute().elements.allSatisfy { $0 == 0 } && decoders[0].shape == [8, 3])
    }
}
