public import PlumbBasics
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains a verifier that looks at one patch together with provers that point at it.
///
/// The helpful prover defends true claims. The sneaky prover defends false ones, and is what makes the verifier demand
/// something that only a true claim has. What is claimed: with both in training the verifier decides almost correctly,
/// also against a new sneaky prover. How it fails: where the provers of false claims help too, prover and verifier
/// agree on a symbol, and whoever sends it later is believed.
///
/// With a sneaky prover, both provers begin anew in each round, as in Kirchner et al., and a part of the false claims is
/// defended by chance: a prover that has learned to use a single patch and symbol does not find another by gradients. It
/// leaves the verifier untested, or the plus unshown.
///
/// All expectations over patches and symbols are exact, so that gradients have no noise but that of the pictures.
///
/// Source: Anil, Zhang, Wu, Grosse 2021, *Learning to Give Checkable Answers with Prover-Verifier Games*,
/// arXiv:2108.12099; Kirchner et al. 2024, *Prover-Verifier Games improve legibility of LLM outputs*, arXiv:2407.13692,
/// for helpful and sneaky roles.
public struct ProverVerifierStudy: SettingGroup {
    @Setting("Patches of a picture.", 1...1024) public var cells = 64
    @Setting("Share of patches that differ from a plus in one or two pixels.", 0...1) public var near = 0.25
    @Setting("Symbols that a prover can send.", 1...64) public var symbols = 4
    @Setting("Neurons in the hidden layer of verifier and provers.", 1...4096) public var hidden = 32
    @Setting("Steps in which the verifier learns alone, from patches chosen by chance.", 0...1_000_000)
    public var aloneSteps = 300
    @Setting("Steps of the game, in each of which verifier and provers learn.", 1...1_000_000) public var steps = 1500
    @Setting("Rounds of the game with a sneaky prover; provers begin anew in each.", 1...1000) public var rounds = 5
    @Setting("Share of false claims in that game that the verifier sees defended by chance.", 0...1)
    public var exploration = 0.5
    @Setting("Steps in which a new sneaky prover learns against the finished verifier.", 1...1_000_000)
    public var attackSteps = 500
    @Setting("Pictures with a plus in a step; there are as many without.", 1...65_536) public var batch = 32
    @Setting("Adam's learning rate of the verifier.", 1e-9...10) public var verifierRate = 0.003
    @Setting("Adam's learning rate of provers.", 1e-9...10) public var proverRate = 0.01
    @Setting("Pictures of each kind in a measurement.", 1...100_000) public var pictures = 2000

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard cells * max(batch, pictures) <= 1 << 26, symbols * hidden <= 1 << 16 else {
            throw SettingsError(
                "--cells \(cells) times the larger of --batch \(batch) and --pictures \(pictures) may be at most "
                    + "\(1 << 26), and --symbols \(symbols) times --hidden \(hidden) at most \(1 << 16)")
        }
    }

    /// Who defends false claims in training.
    public enum Training: String, CaseIterable, Codable, Sendable {
        /// A sneaky prover, rewarded where the verifier accepts.
        case sneaky
        /// A prover that is rewarded where the verifier is right.
        case collusion

        /// For people.
        public var title: String { self == .sneaky ? "with a sneaky prover" : "without a sneaky prover" }
    }

    /// Shares of pictures.
    public struct Accuracy: Sendable, Codable, Equatable {
        /// Steps of the game made.
        public var step: Int
        /// True claims accepted.
        public var trueAccepted: Double
        /// False claims accepted.
        public var falseAccepted: Double
        /// Claims decided correctly, where half are true.
        public var accuracy: Double { (trueAccepted + 1 - falseAccepted) / 2 }
    }

    /// What one training gave.
    public struct Result: Sendable, Codable, Equatable {
        /// Along training, with the provers of that training.
        public let curve: [Accuracy]
        /// With the helpful prover, and a sneaky one that learned against the finished verifier.
        public let attacked: Accuracy
        /// False pictures in which some patch and symbol is accepted: what the best sneaky prover achieves.
        public let falseAcceptable: Double
        /// How probable its most probable symbol is to the prover of true claims.
        public let symbolCertainty: Double
        /// How probable a plus is to be pointed at in true pictures.
        public let plusShown: Double
    }

    /// What one seed gave.
    public struct Outcome: Sendable, Codable, Equatable {
        /// A verifier that learned and is tested without provers, on patches chosen by chance.
        public let alone: Accuracy
        /// The game.
        public let games: CaseValues<Training, Result>
    }

    /// Trains everything.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let test = Pictures(self, count: pictures, key: key["test"])
        let lonely = try trainedAlone(steps: aloneSteps + steps, key: key, in: session)
        let start = try trainedAlone(steps: aloneSteps, key: key, in: session)
        return Outcome(
            alone: accuracy(of: lonely, helpful: nil, other: nil, on: test, step: aloneSteps + steps),
            games: try CaseValues { try play($0, from: start, test: test, key: key, in: session) })
    }

    /// Pictures with and without a plus.
    struct Pictures {
        let withPlus: [[Int]]
        let without: [[Int]]

        init(_ study: ProverVerifierStudy, count: Int, key: RandomKey) {
            var random = key.generator()
            func some(_ hasPlus: Bool, using random: inout RandomKey.Generator) -> [[Int]] {
                (0..<count).map { _ in
                    PlusGame.picture(hasPlus: hasPlus, cells: study.cells, near: study.near, using: &random)
                }
            }
            withPlus = some(true, using: &random)
            without = some(false, using: &random)
        }
    }

    private typealias VerifierLearner = AgentLearner<PlusVerifier, Adam>
    private typealias ProverLearner = AgentLearner<PlusProver, Adam>

    private func proverLearner(_ name: String, key: RandomKey) -> ProverLearner {
        AgentLearner(
            PlusProver(symbols: symbols, hidden: hidden, key: key[name]), Adam(learningRate: proverRate), clipNorm: 1,
            label: "the \(name) prover")
    }

    private func trainedAlone(steps: Int, key: RandomKey, in session: FitSession) throws -> PlusVerifier {
        var learner = VerifierLearner(
            PlusVerifier(symbols: symbols, hidden: hidden, key: key["verifier"]), Adam(learningRate: verifierRate),
            clipNorm: 1, label: "the verifier alone")
        for step in 0..<steps {
            try session.reporter.checkpoint()
            let drawn = Pictures(self, count: batch, key: key["alone"][step])
            try learner.descend { Self.verifierLoss($0, drawn, helpful: nil, other: nil) }
        }
        return learner.network
    }

    /// The cross-entropy of the verifier, in expectation over what provers do; without provers over chance.
    private static func verifierLoss(
        _ verifier: PlusVerifier, _ drawn: Pictures, helpful: PlusProver?, other: PlusProver?,
        exploration: Double = 0
    ) -> Tensor {
        let logits = verifier.logits()
        func expected(_ values: Tensor, _ pictures: [[Int]], _ prover: PlusProver?) -> Tensor {
            PlusExpectation.of(
                values, pictures: pictures, cells: prover?.cellProbabilities(pictures),
                symbols: prover?.symbolProbabilities()
            ).mean()
        }
        var ofFalse = expected(logits.softplus(), drawn.without, other)
        if exploration > 0 {
            let byChance = expected(logits.softplus(), drawn.without, nil)
            ofFalse = ofFalse * Float(1 - exploration) + byChance * Float(exploration)
        }
        return (expected((-logits).softplus(), drawn.withPlus, helpful) + ofFalse) * 0.5
    }

    /// One step of a prover towards verdicts that it is rewarded for: it lowers the expected cross-entropy of the
    /// verdict.
    private static func improve(
        _ learner: inout ProverLearner, against logits: Tensor, on pictures: [[Int]], wantsAcceptance: Bool
    ) throws {
        let losses = (wantsAcceptance ? -logits : logits).softplus()
        try learner.descend { prover in
            PlusExpectation.of(
                losses, pictures: pictures, cells: prover.cellProbabilities(pictures),
                symbols: prover.symbolProbabilities()
            ).mean()
        }
    }

    private func play(
        _ training: Training, from start: PlusVerifier, test: Pictures, key: RandomKey, in session: FitSession
    ) throws -> Result {
        let key = key[training.rawValue]
        var verifier = VerifierLearner(start, Adam(learningRate: verifierRate), clipNorm: 1, label: "the verifier")
        var helpful = proverLearner("helpful", key: key)
        var other = proverLearner(training.rawValue, key: key)
        let span = (steps + rounds - 1) / rounds
        var curve = [accuracy(of: start, helpful: helpful.network, other: other.network, on: test, step: 0)]
        for step in 0..<steps {
            try session.reporter.checkpoint()
            if training == .sneaky, step > 0, step % span == 0 {
                helpful = proverLearner("helpful", key: key["round"][step / span])
                other = proverLearner(training.rawValue, key: key["round"][step / span])
            }
            let drawn = Pictures(self, count: batch, key: key["data"][step])
            try verifier.descend {
                Self.verifierLoss(
                    $0, drawn, helpful: helpful.network, other: other.network,
                    exploration: training == .sneaky ? exploration : 0)
            }
            let logits = verifier.network.logits()
            try Self.improve(&helpful, against: logits, on: drawn.withPlus, wantsAcceptance: true)
            try Self.improve(&other, against: logits, on: drawn.without, wantsAcceptance: training == .sneaky)
            if (step + 1) % max(1, steps / 20) == 0 || step + 1 == steps {
                curve.append(
                    accuracy(
                        of: verifier.network, helpful: helpful.network, other: other.network, on: test, step: step + 1))
                session.reporter.progress("game \(training.title)", step + 1, of: steps)
            }
        }
        return try result(
            of: verifier.network, helpful: helpful.network, curve: curve, test: test, key: key, in: session)
    }

    /// Tests a finished verifier against a sneaky prover that learns to be accepted by it, and against the best one.
    private func result(
        of verifier: PlusVerifier, helpful: PlusProver, curve: [Accuracy], test: Pictures, key: RandomKey,
        in session: FitSession
    ) throws -> Result {
        let logits = verifier.logits()
        var sneaky = proverLearner("new sneaky", key: key)
        for step in 0..<attackSteps {
            try session.reporter.checkpoint()
            let drawn = Pictures(self, count: batch, key: key["attack"][step])
            try Self.improve(&sneaky, against: logits, on: drawn.without, wantsAcceptance: true)
        }
        let values = logits.elements
        let isAcceptable = (0..<PlusGame.patterns).map { pattern in
            (0..<symbols).contains { values[pattern * symbols + $0] > 0 }
        }
        let isPlus = Tensor(
            (0..<PlusGame.patterns * symbols).map { $0 / symbols == PlusGame.plus ? 1 : 0 },
            shape: [PlusGame.patterns, symbols])
        return Result(
            curve: curve,
            attacked: accuracy(
                of: verifier, helpful: helpful, other: sneaky.network, on: test, step: steps),
            falseAcceptable: Double(test.without.count { $0.contains { isAcceptable[$0] } }) / Double(pictures),
            symbolCertainty: helpful.symbolProbabilities().elements.map(Double.init).max() ?? .nan,
            plusShown: Double(
                PlusExpectation.of(
                    isPlus, pictures: test.withPlus, cells: helpful.cellProbabilities(test.withPlus), symbols: nil
                ).mean().item))
    }

    /// How often claims are accepted, in expectation over what provers do; a verifier accepts where its logit is above
    /// 0.
    private func accuracy(
        of verifier: PlusVerifier, helpful: PlusProver?, other: PlusProver?, on test: Pictures, step: Int
    ) -> Accuracy {
        let accepts = Tensor(verifier.logits().elements.map { $0 > 0 ? 1 : 0 }, shape: [PlusGame.patterns, symbols])
        func accepted(_ pictures: [[Int]], _ prover: PlusProver?) -> Double {
            Double(
                PlusExpectation.of(
                    accepts, pictures: pictures, cells: prover?.cellProbabilities(pictures),
                    symbols: prover?.symbolProbabilities()
                ).mean().item)
        }
        return Accuracy(
            step: step, trueAccepted: accepted(test.withPlus, helpful), falseAccepted: accepted(test.without, other))
    }
}
