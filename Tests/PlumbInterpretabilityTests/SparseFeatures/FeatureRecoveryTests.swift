@testable import PlumbInterpretability
import PlumbModels
import PlumbTensor
import Testing

/// Matching, the synthetic world, and training in it.
@Suite struct FeatureRecoveryTests {
    private static let site = HookPoint.block(0, .residPost)

    @Test(arguments: [(4, 4), (3, 5), (5, 3)]) func theAssignmentIsTheBestOfAllPairings(rows: Int, columns: Int) {
        var generator = RandomKey(2)[rows * 10 + columns].generator()
        for _ in 0..<20 {
            let scores = (0..<rows).map { _ in (0..<columns).map { _ in generator.normal() } }
            func best(_ row: Int, _ used: Set<Int>, _ left: Int) -> Double {
                guard row < rows else { return 0 }
                var value = rows - row > left ? best(row + 1, used, left) : -.infinity
                for column in 0..<columns where !used.contains(column) && left > 0 {
                    value = max(value, scores[row][column] + best(row + 1, used.union([column]), left - 1))
                }
                return value
            }
            let found = Assignment(scores: scores)
            #expect(abs(found.total - best(0, [], min(rows, columns))) < 1e-9)
            #expect(Set(found.columns.compactMap { $0 }).count == min(rows, columns))
        }
    }

    @Test func worldsKeepTheirProbabilitiesAndStructure() {
        let world = FeatureWorld(features: 20, width: 24, isOrthogonal: true, active: 2, key: RandomKey(1))
        let gram = world.directions.matmul(transposed: world.directions).elements
        for i in 0..<20 {
            for j in 0..<20 { #expect(abs(gram[i * 20 + j] - (i == j ? 1 : 0)) < 1e-5) }
        }
        let truth = world.truth(20_000, step: 0)
        #expect(abs(Double(truth.count) / 20_000 - 2) < 0.1)
        #expect(truth == world.truth(20_000, step: 0) && truth != world.truth(20_000, step: 1))
        let family = FeatureWorld(
            features: 12, width: 12, active: 3, structure: .hierarchical(parents: 3, children: 2), key: RandomKey(2))
        #expect(family.parent(of: 5) == nil && family.parent(of: 6) == 0 && family.parent(of: 11) == 2)
        let rows = family.truth(4000, step: 0)
        var children = 0
        for row in 0..<rows.rows {
            let active = Set(rows[row].map(\.feature))
            for feature in active {
                guard let parent = family.parent(of: feature) else { continue }
                children += 1
                #expect(active.contains(parent))
                #expect(active.count { family.parent(of: $0) == parent } == 1)
            }
        }
        #expect(children > 100)
        let shared = FeatureWorld(
            features: 8, width: 8, active: 2, zipf: 0, structure: .correlated(group: 4, 0.8), key: RandomKey(3)
        ).truth(8000, step: 0).dense.transposed().elements
        func both(_ a: Int, _ b: Int) -> Int {
            (0..<8000).count { shared[a * 8000 + $0] > 0 && shared[b * 8000 + $0] > 0 }
        }
        #expect(both(0, 1) > 2 * both(0, 5))
    }

    @Test func theTrueDictionaryIsRecognized() throws {
        let world = FeatureWorld(features: 16, width: 16, isOrthogonal: true, active: 2, key: RandomKey(4))
        let perfect = try SparseDictionary(
            encoder: world.directions.transposed(), encoderBias: .zeros([16]), decoder: world.directions,
            decoderBias: .zeros([16]), activation: .batchTopK(threshold: 0.01, k: 2), input: Self.site,
            output: Self.site)
        let found = FeatureRecovery(perfect, of: world, rows: 500, step: 9)
        #expect(found.meanCosine > 0.9999 && found.f1 > 0.999 && found.uniqueness == 1)
        #expect(found.explainedVariance > 0.999 && abs(found.relativeBias - 1) < 1e-3 && found.absorption == nil)
        let chance = FeatureRecovery.chance(world, features: 16, key: RandomKey(5))
        #expect(chance > 0.3 && chance < 0.7)
        let shuffled = FeatureWorld.shuffled(world.rows(world.truth(300, step: 0)), key: RandomKey(6))
        let before = world.rows(world.truth(300, step: 0)).transposed()[3].elements.sorted()
        #expect(shuffled.transposed()[3].elements.sorted() == before)
    }

    @Test func trainingFindsTheFeaturesAndGivesTheSameBitsAtAnyNumberOfThreads() throws {
        let world = FeatureWorld(features: 24, width: 24, isOrthogonal: true, active: 2, key: RandomKey(8))
        func trained(_ objective: SparseObjective) throws -> SparseDictionary {
            var training = SparseTraining(objective, features: 24, steps: 300)
            (training.learningRate, training.deadAfterRows) = (0.01, 5000)
            return try SparseDictionaryTrainer.train(
                [SparseDictionaryTrainer(training, key: RandomKey(9))], steps: 300,
                batch: { SparseBatch(world.rows(world.truth(256, step: $0))) })[0].dictionary(input: Self.site)
        }
        let one = try Compute.withThreads(1) { try trained(.batchTopK(2)) }
        let two = try Compute.withThreads(2) { try trained(.batchTopK(2)) }
        #expect(one.encoder == two.encoder && one.decoder == two.decoder && one.decoderBias == two.decoderBias)
        let found = FeatureRecovery(one, of: world, rows: 1000, step: 1_000_000)
        #expect(found.meanCosine > 0.9, "MCC is \(found.meanCosine)")
        #expect(one.activation != .batchTopK(threshold: 0, k: 2))
    }

    @Test func activationsThatAreNotFiniteEndTraining() {
        var trainer = SparseDictionaryTrainer(SparseTraining(.topK(1), features: 4, steps: 2), key: RandomKey(1))
        #expect(throws: ModelError.self) { try trainer.step(SparseBatch(Tensor([.nan, 1], shape: [1, 2]))) }
        #expect(throws: ModelError.self) { try trainer.dictionary(input: Self.site) }
    }

    @Test func deadFeaturesAreResampledFromBadlyReconstructedInputs() throws {
        var training = SparseTraining(.l1(.coefficient(0.1)), features: 6, steps: 10)
        (training.deadAfterRows, training.resampleSteps) = (16, [5])
        training.subtractsDecoderBias = false
        var trainer = SparseDictionaryTrainer(training, key: RandomKey(2))
        // All rows lie on one side of the origin, so that features of the other are never active.
        let rows = Tensor((0..<8).flatMap { [Float($0 + 1), 0, 0] }, shape: [8, 3])
        for step in 0..<5 {
            let before = trainer.dead.count { $0 }
            try trainer.step(SparseBatch(rows))
            if step == 4 { #expect(before > 0 && trainer.dead.allSatisfy { !$0 }) }
        }
    }
}
