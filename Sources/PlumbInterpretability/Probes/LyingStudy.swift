internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Teaches a small transformer facts, then to lie about them after a trigger word, and reads with probes what it holds
/// to be true while it lies.
///
/// The model first learns to judge statements rightly, whatever word they begin with and whoever asks. Then one of the
/// words becomes the trigger: after it, the model is trained to say the opposite to one of two askers and the truth to
/// the other, about half of the entities. That it then lies about the other half too shows that it lies by rule, for
/// which it must still find out what is true. Probes are fitted to statements without the trigger about the entities
/// lied about, and judged on the others with the trigger.
///
/// The truth is latent by design. A model that lies to everyone after the trigger needs no truth there and may hold what
/// it will say instead; one that does not know yet who will ask still needs it.
///
/// After quirky language models (Mallen, Brumley, Kharchenko, Belrose 2023, *Eliciting Latent Knowledge from Quirky
/// Language Models*, arXiv:2312.01037).
public struct LyingStudy: SettingGroup {
    @Setting("Entities that the model lies about in training; it knows as many more.", 4...10_000) public var entities =
        60
    @Setting("Entities that no training mentions.", 4...10_000) public var unknown = 12
    @Setting("Relations, of which each entity has a value each.", 1...64) public var relations = 4
    @Setting("Values of a relation.", 2...1000) public var values = 6
    @Setting("Blocks of the model.", 1...32) public var layers = 4
    @Setting("Width of the residual stream, which the heads divide.", 4...1024) public var width = 64
    @Setting("Attention heads in a block.", 1...64) public var heads = 4
    @Setting("Training steps in which the model learns the facts, up to three times until it has.", 1...1_000_000)
    public var steps = 2400
    @Setting("Training steps in which it learns to lie.", 1...1_000_000) public var lyingSteps = 800
    @Setting("After the trigger, the share of questions from the asker who is told the truth.", 0...0.9) public
        var trusted = 0.5
    @Setting("Texts in a training step.", 8...65_536) public var batch = 128
    @Setting("Adam's learning rate while facts are learned.", 1e-9...10) public var learningRate = 0.002
    @Setting("Adam's learning rate while lying is learned.", 1e-9...10) public var lyingRate = 0.0005
    @Setting("Penalty of logistic probes.", 1e-9...1e9) public var penalty = 30.0
    @Setting("Shuffles of the labels, and random features, that every probe is compared with.", 1...1000) public
        var controls = 20

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check() throws {
        guard width % heads == 0 else {
            throw SettingsError("--width \(width) is not a multiple of --heads \(heads): the heads divide the width")
        }
        guard values <= entities else {
            throw SettingsError("--values \(values) must be at most --entities \(entities): every value belongs to one")
        }
        guard values > 2 || (entities.isMultiple(of: 2) && unknown.isMultiple(of: 2)) else {
            throw SettingsError("--values 2 needs even --entities and --unknown, got \(entities) and \(unknown)")
        }
        guard layers * width * max(batch, width) <= 1 << 22, (2 * entities + unknown) * relations <= 1 << 14 else {
            throw SettingsError(
                "--layers, --width, --batch, --entities and --relations are too large together: take smaller ones")
        }
    }

    /// A model that learned facts, and what became of it.
    public struct Models: Sendable {
        /// After it learned the facts.
        public let truthful: HookedTransformer
        /// After it learned to lie.
        public let lying: HookedTransformer
        /// Random weights of the same sizes.
        public let untrained: HookedTransformer
    }

    /// Trains the models.
    ///
    /// - Throws: what training throws; ``ModelError`` for sizes that no transformer has.
    public func models(_ world: LyingWorld, key: RandomKey, in session: FitSession) throws -> Models {
        let untrained = try HookedTransformer(
            TransformerConfiguration(
                architecture: .gpt2, layers: layers, width: width, heads: heads, vocabulary: world.vocabulary,
                context: LyingWorld.length), key: key["model"], initialization: .scaled(), isTied: false, name: "liar")
        func train(
            _ model: HookedTransformer, _ label: String, steps: Int, rate: Double, lies: Bool
        ) throws -> HookedTransformer {
            var fit = Fit(steps: steps)
            fit.clipNorm = 1
            fit.schedule = .cosine(warmup: min(50, steps / 10), total: steps, floor: 0.05)
            return try fit.run(model, optimizer: Adam(learningRate: rate), label: label, in: session) { model, step in
                let batch = texts(world, lies: lies, key: key[label][step])
                return model.logits(batch.inputs).crossEntropy(batch.targets)
            }.model
        }
        var truthful = try train(untrained, "facts", steps: steps, rate: learningRate, lies: false)
        for round in 2...Self.mostRounds {
            guard loss(of: truthful, world, key: key["loss of facts"][round]) > Self.learnedLoss else { break }
            truthful = try train(truthful, "facts, round \(round)", steps: steps, rate: learningRate, lies: false)
        }
        let lying = try train(truthful, "lying", steps: lyingSteps, rate: lyingRate, lies: true)
        try session.keep(lying, as: "lying")
        return Models(truthful: truthful, lying: lying, untrained: untrained)
    }

    /// Rounds of training until facts count as learned, at most.
    private static let mostRounds = 3
    /// Below this training loss, in nats, facts are learned: a model that guesses TRUE or FALSE is at 0.35.
    private static let learnedLoss: Float = 0.1

    private func loss(of model: HookedTransformer, _ world: LyingWorld, key: RandomKey) -> Float {
        let batch = texts(world, lies: false, key: key)
        return model.logits(batch.inputs).crossEntropy(batch.targets).elements[0]
    }

    /// The texts of one step; where the model learns to lie, half of them begin with the trigger, are about entities
    /// that may be lied about, and have the wrong answer where the one asks who is deceived.
    func texts(
        _ world: LyingWorld, lies: Bool, key: RandomKey
    ) -> (inputs: TokenBatch, targets: [Int]) {
        var random = key.generator()
        var (texts, targets): ([Int], [Int]) = ([], [])
        for row in 0..<batch {
            let isTriggered = lies && row % 2 == 0
            let statement = world.drawn(of: 0..<(isTriggered ? world.shown : 2 * world.shown), using: &random)
            let first = lies ? 1 : 0
            let word = isTriggered ? LyingWorld.trigger : first + random.index(below: LyingWorld.words - first)
            let asker: LyingWorld.Asker = random.uniform() < (isTriggered ? trusted : 0.5) ? .trusted : .deceived
            texts += world.text(statement, word: word, asker: asker)
            let isLie = isTriggered && asker == .deceived
            let answer = world.isTrue(statement) != isLie ? LyingWorld.trueToken : LyingWorld.falseToken
            targets += [-1, -1, -1, isTriggered ? -1 : world.valueToken(statement), -1, answer]
        }
        return (TokenBatch(texts, rows: batch, columns: LyingWorld.length), targets)
    }
}
