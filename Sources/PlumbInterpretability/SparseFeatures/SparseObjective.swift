internal import PlumbBasics

/// What a dictionary is trained to do besides reconstructing: how its features are kept sparse, and how dead features are
/// brought back.
///
/// All losses are sums of squares over the output's width, means over rows, of rows whose mean length is √O. Decoder rows
/// have length 1; the part of their gradient that would change the length is removed (Bricken et al. 2023).
public enum SparseObjective: Sendable, Equatable {
    /// `‖y - x̂‖² + λ Σ f` with f = ReLU(p) (Bricken et al., "Towards Monosemanticity", 2023), dead features resampled.
    case l1(Sparsity)
    /// `‖y - x̂‖² + λ Σ ReLU(π) + ‖y - x̂(ReLU(π))‖²`, the last with the decoder held fixed (Rajamanoharan et al. 2024,
    /// arXiv:2404.16014), dead features resampled.
    case gated(Sparsity)
    /// The k largest of each row; dead features learn the rest (Gao et al. 2024, arXiv:2406.04093).
    case topK(Int)
    /// The k · R largest of a batch of R rows (Bussmann, Leask, Nanda 2024, arXiv:2412.06410); dead features learn the rest.
    case batchTopK(Int)
    /// `‖y - x̂‖² + λ ‖f‖₀` with f = p where p > θ, gradients of θ through a rectangle of width `bandwidth` (Rajamanoharan et
    /// al. 2024, arXiv:2407.14435). Thresholds begin at `threshold`.
    case jumpReLU(Sparsity, bandwidth: Float = 0.05, threshold: Float = 0.1)
    /// The BatchTopK loss summed over reconstructions from the first features alone, as many as each of `prefixes` says,
    /// and from all (Bussmann, Nabeshima, Karvonen, Nanda, "Learning Multi-Level Features with Matryoshka Sparse
    /// Autoencoders", 2025, arXiv:2503.17547).
    case matryoshka(Int, prefixes: [Int])

    /// How strongly a penalty presses features to 0.
    public enum Sparsity: Sendable, Equatable {
        /// λ, reached after the warm-up.
        case coefficient(Double)
        /// The mean number of active features requested: λ begins at `from` and grows or shrinks by up to one percent a
        /// step while more or fewer are active.
        case target(Double, from: Double = 0.1)

        /// λ before the first step.
        var first: Double {
            switch self {
            case .coefficient(let value): value
            case .target(_, let value): value
            }
        }
    }

    /// What is published about the objective, in a word.
    public var title: String {
        switch self {
        case .l1: "L1"
        case .gated: "gated"
        case .topK: "TopK"
        case .batchTopK: "BatchTopK"
        case .jumpReLU: "JumpReLU"
        case .matryoshka: "Matryoshka"
        }
    }

    /// How λ is chosen; nil for objectives that count features.
    var sparsity: Sparsity? {
        switch self {
        case .l1(let sparsity), .gated(let sparsity), .jumpReLU(let sparsity, _, _): sparsity
        case .topK, .batchTopK, .matryoshka: nil
        }
    }

    /// Whether dead features learn what is left of the output.
    var hasAuxiliaryLoss: Bool {
        switch self {
        case .topK, .batchTopK, .matryoshka: true
        case .l1, .gated, .jumpReLU: false
        }
    }

    /// Whether dead features are made anew.
    var resamples: Bool {
        switch self {
        case .l1, .gated, .jumpReLU: true
        case .topK, .batchTopK, .matryoshka: false
        }
    }

    /// The features that each reconstruction uses, nested, the last all of them.
    func prefixes(of features: Int) -> [Int] {
        guard case .matryoshka(_, let prefixes) = self else { return [features] }
        return prefixes.filter { $0 < features } + [features]
    }
}

/// How a dictionary is trained.
public struct SparseTraining: Sendable, Equatable {
    /// What it is trained to do.
    public var objective: SparseObjective
    /// N.
    public var features: Int
    /// The number of batches that it will see: what the schedules go by.
    public var steps: Int
    /// Adam's learning rate, which rises over ``warmup`` steps and falls to 0 over the last fifth.
    public var learningRate = 1e-3
    /// Steps over which the learning rate rises.
    public var warmup = 100
    /// Steps over which λ rises to a coefficient that was given.
    public var sparsityWarmup = 0
    /// Rows without activity after which a feature is dead.
    public var deadAfterRows = 100_000
    /// α, the weight of the auxiliary loss.
    public var auxiliaryWeight = 1.0 / 32
    /// The most dead features of a row that take part in the auxiliary loss; nil for half the output's width.
    public var auxiliaryFeatures: Int?
    /// Steps after which dead features are resampled, where the objective does so.
    public var resampleSteps: [Int] = []
    /// Whether a linear path runs beside the features.
    public var hasSkip = false
    /// Whether inputs lose the decoder's bias before they are encoded; nil where inputs are outputs.
    public var subtractsDecoderBias: Bool?
    /// Which features read and write what; empty for all of them everything.
    public var windows: [SparseWindow] = []

    /// Training of `features` features over `steps` batches.
    public init(_ objective: SparseObjective, features: Int, steps: Int) {
        (self.objective, self.features, self.steps) = (objective, features, steps)
    }

    /// What the learning rate is multiplied by.
    func rate(_ step: Int) -> Double {
        let rise = warmup > 0 ? min(1, Double(step + 1) / Double(warmup)) : 1
        let fall = min(1, Double(steps - step) / max(1, Double(steps) / 5))
        return rise * max(0, fall)
    }
}

/// Features that read a part of the input and write a part of the output: those of one layer in a cross-layer transcoder,
/// which read their layer and write all later ones (Ameisen et al., "Circuit Tracing", 2025).
public struct SparseWindow: Sendable, Equatable {
    /// Which features.
    public var features: Range<Int>
    /// The part of the input that they read.
    public var reads: Range<Int>
    /// The part of the output that they write.
    public var writes: Range<Int>

    /// Features with the parts that they read and write.
    public init(features: Range<Int>, reads: Range<Int>, writes: Range<Int>) {
        (self.features, self.reads, self.writes) = (features, reads, writes)
    }
}
