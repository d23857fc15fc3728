internal import PlumbBasics
public import PlumbLearning
internal import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Dictionaries of the published kinds, trained on activations whose features are known, at one mean number of active
/// features.
public struct SparseAutoencoderStudy: SettingGroup {
    @Setting("Features of the synthetic activations, and of the dictionaries.", 8...4096) public var features = 80
    @Setting("Width of the synthetic activations.", 4...4096) public var width = 64
    @Setting("Mean number of active features, in the activations and in the dictionaries.", 1...256)
    public var active = 5
    @Setting("Deviation of a feature's strength, whose mean is 1.", 0...1) public var spread = 0.2
    @Setting("Parents in the hierarchical activations, each with children that are active only where it is.", 1...256)
    public var parents = 8
    @Setting("Children of a parent, at most one active at once.", 1...8) public var children = 2
    @Setting("Probability of each child where its parent is active.", 0.01...0.5) public var childProbability = 0.3
    @Setting("Batches that each dictionary is trained on.", 1...10_000_000) public var steps = 3000
    @Setting("Rows of a batch.", 8...65_536) public var batch = 512
    @Setting("Adam's learning rate.", 1e-6...1) public var learningRate = 0.003
    @Setting("Fresh rows on which dictionaries are compared with the truth.", 64...1_000_000) public var testRows = 8192

    /// The sizes of the quick run.
    public init() {}

    /// What was found about each dictionary.
    public struct Outcome: Sendable, Codable {
        /// Of each of ``SparseAutoencoderStudy/kinds``.
        public let kinds: [FeatureRecovery]
        /// Of a second L1 dictionary with another initialization.
        public let placebo: FeatureRecovery
        /// The mean cosine of a BatchTopK dictionary trained where each coordinate is permuted by itself.
        public let shuffled: Double
        /// The mean cosine of random directions.
        public let chance: Double
        /// Of BatchTopK and Matryoshka dictionaries on hierarchical activations.
        public let hierarchical: [FeatureRecovery]
        /// Of a BatchTopK dictionary where children do not depend on parents.
        public let unlinked: FeatureRecovery
    }

    /// The kinds compared, by name.
    public static let kinds = ["L1", "gated", "TopK", "BatchTopK", "JumpReLU"]

    /// The objectives of ``kinds``, all at ``active`` features.
    var objectives: [SparseObjective] {
        let target = SparseObjective.Sparsity.target(Double(active), from: 0.3)
        return [
            .l1(target), .gated(target), .topK(active), .batchTopK(active),
            .jumpReLU(target, bandwidth: 0.2, threshold: 0.2),
        ]
    }

    /// Trains all dictionaries; the same key gives the same outcome.
    ///
    /// - Throws: `ModelError` when training fails; `RunInterrupted` when the session is asked to stop.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let world = world(.independent, key["world"])
        let trained = try train(objectives + [.l1(.target(Double(active), from: 0.3))], key["kinds"], session, "kinds")
        { step in
            world.rows(world.truth(batch, step: step))
        }
        let shuffled = try train([.batchTopK(active)], key["shuffled"], session, "shuffled") { step in
            FeatureWorld.shuffled(world.rows(world.truth(batch, step: step)), key: key["permutations"][step])
        }
        let family = self.world(.hierarchical(parents: parents, children: children), key["family"])
        let nested = try train(
            [.batchTopK(active), .matryoshka(active, prefixes: prefixes)], key["nested"], session, "hierarchical"
        ) { family.rows(family.truth(batch, step: $0)) }
        let strangers = self.world(
            .hierarchical(parents: parents, children: children, isLinked: false), key["family"])
        let unlinked = try train([.batchTopK(active)], key["nested"], session, "unlinked") { step in
            strangers.rows(strangers.truth(batch, step: step))
        }
        func recovery(_ dictionary: SparseDictionary, _ world: FeatureWorld) -> FeatureRecovery {
            // Training has seen steps below this one.
            FeatureRecovery(dictionary, of: world, rows: testRows, step: steps)
        }
        return Outcome(
            kinds: trained.dropLast().map { recovery($0, world) }, placebo: recovery(trained[trained.count - 1], world),
            shuffled: recovery(shuffled[0], world).meanCosine,
            chance: FeatureRecovery.chance(world, features: features, key: key["chance"]),
            hierarchical: nested.map { recovery($0, family) }, unlinked: recovery(unlinked[0], strangers))
    }

    /// The nested sets of features of Matryoshka dictionaries.
    var prefixes: [Int] { [features / 8, features / 4, features / 2].filter { $0 > 0 } }

    private func world(_ structure: FeatureWorld.Structure, _ key: RandomKey) -> FeatureWorld {
        FeatureWorld(
            features: features, width: width, active: Double(active), structure: structure,
            childProbability: childProbability, spread: spread, key: key)
    }

    private func train(
        _ objectives: [SparseObjective], _ key: RandomKey, _ session: FitSession, _ label: String,
        rows: (Int) -> Tensor
    ) throws -> [SparseDictionary] {
        let trainers = objectives.enumerated().map { index, objective in
            var training = SparseTraining(objective, features: features, steps: steps)
            (training.learningRate, training.warmup) = (learningRate, max(1, steps / 20))
            // A rare feature is active once in some hundred rows.
            training.deadAfterRows = 20 * batch
            training.resampleSteps = [steps / 4, steps / 2]
            return SparseDictionaryTrainer(training, key: key[index])
        }
        let trained = try SparseDictionaryTrainer.train(
            trainers, steps: steps, batch: { SparseBatch(rows($0)) },
            watch: { step, found in
                guard step % 50 == 0 || step == steps - 1 else { return }
                try session.reporter.checkpoint()
                session.reporter.progress(label, step + 1, of: steps)
                for (index, found) in found.enumerated() {
                    session.reporter.point(
                        "explained_variance/\(label) \(objectives[index].title) \(index)", x: Double(step),
                        y: found.explainedVariance)
                }
            })
        return try trained.map { try $0.dictionary(input: .outside(.embed)) }
    }

    /// Refuses sizes that do not go together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard parents * (1 + children) <= features else {
            throw SettingsError(
                "--parents \(parents) with --children \(children) each are \(parents * (1 + children)) features, and "
                    + "--features is \(features)")
        }
        guard Double(children) * childProbability <= 1 else {
            throw SettingsError(
                "--children \(children) of --child-probability \(childProbability) each are more than one at once")
        }
        guard active <= features / 2 else {
            throw SettingsError("--active \(active) of --features \(features) is not sparse: take at most half")
        }
        let (f, r) = (Double(features), Double(max(batch, testRows)))
        try MemoryEstimate([
            .init("--batch \(batch) or --test-rows \(testRows) with --features \(features)", bytes: 16 * r * f),
            .init("--features \(features) of --width \(width)", bytes: 4 * 10 * 8 * f * Double(width)),
        ]).check()
    }
}
