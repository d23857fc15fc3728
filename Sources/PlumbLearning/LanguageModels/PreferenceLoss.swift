internal import PlumbBasics
public import PlumbTensor

/// Losses of direct preference optimization: a policy learns from pairs of answers, of which one was chosen, without a
/// reward model.
///
/// With `c = log π(y_c) - log π_ref(y_c)` of the chosen answer, `r` of the rejected one, and the margin `Δ = c - r`:
///
/// | case | loss |
/// |---|---|
/// | sigmoid | `-log σ(β Δ)` |
/// | smoothed | `-(1 - ε) log σ(β Δ) - ε log σ(-β Δ)` |
/// | robust | `(-(1 - ε) log σ(β Δ) + ε log σ(-β Δ)) / (1 - 2 ε)` |
/// | hinge | `max(0, 1 - β Δ)` |
/// | identity | `(Δ - 1 / (2 β))²`, with c and r means over tokens |
///
/// Where labels come from a Bradley–Terry model of a reward, the optimum of the first is that of `E[reward] - β KL(π ‖
/// π_ref)`: `π* ∝ π_ref exp(reward / β)`.
public enum PreferenceLoss: Sendable, Hashable {
    /// Rafailov et al. 2023, *Direct Preference Optimization* (arXiv:2305.18290), equation 7.
    case sigmoid
    /// Conservative DPO, for labels that are flipped with probability ε (Mitchell 2023, *A note on DPO with noisy
    /// preferences & relationship to IPO*).
    case smoothed(flipped: Double)
    /// An unbiased estimate of the loss without flips, from labels flipped with probability ε (Chowdhury et al. 2024,
    /// *Provably Robust DPO*, arXiv:2403.00409).
    case robust(flipped: Double)
    /// Zhao et al. 2023, *SLiC-HF* (arXiv:2305.10425), with DPO's margins.
    case hinge
    /// IPO (Azar et al. 2023, *A General Theoretical Paradigm to Understand Learning from Human Preferences*,
    /// arXiv:2310.12036), whose margins are bounded also where labels never disagree.
    case identity

    /// The loss of each pair.
    ///
    /// - Parameters:
    ///   - chosen: c, sums over tokens in nats.
    ///   - rejected: r.
    ///   - weight: β.
    ///   - lengths: the tokens of both answers, by which ``identity`` divides; nil where c and r are means already.
    /// - Shapes: `chosen`, `rejected` and result `[B]`.
    /// - Precondition: β is above 0; ε lies in 0 ..< ½.
    public func values(
        chosen: Tensor, rejected: Tensor, weight: Float, lengths: (chosen: [Int], rejected: [Int])? = nil
    ) -> Tensor {
        requirePairs(chosen, rejected, weight)
        let margins = (chosen - rejected) * weight
        switch self {
        case .sigmoid: return -margins.logSigmoid()
        case .smoothed(let flipped):
            let flipped = Self.checked(flipped)
            return -(margins.logSigmoid() * (1 - flipped) + (-margins).logSigmoid() * flipped)
        case .robust(let flipped):
            let flipped = Self.checked(flipped)
            return ((-margins).logSigmoid() * flipped - margins.logSigmoid() * (1 - flipped)) / (1 - 2 * flipped)
        case .hinge: return (-margins + 1).relu()
        case .identity:
            let difference =
                if let lengths { Self.mean(chosen, lengths.chosen) - Self.mean(rejected, lengths.rejected) } else {
                    chosen - rejected
                }
            return (difference - 1 / (2 * weight)).squared()
        }
    }

    /// The sigmoid loss expected where the first answer of a pair is chosen with a known probability p: `-p log σ(β Δ) -
    /// (1 - p) log σ(-β Δ)`, least where `β Δ` is the logit of p.
    ///
    /// - Shapes: `first` and `second` `[B]`, log-ratios as above; `probabilities` B; result `[B]`.
    public static func expected(first: Tensor, second: Tensor, probabilities: [Double], weight: Float) -> Tensor {
        requirePairs(first, second, weight)
        require(
            probabilities.count == first.count && probabilities.allSatisfy { (0...1).contains($0) },
            "\(first.count) pairs need as many probabilities")
        let margins = (first - second) * weight
        let p = Tensor(probabilities.map(Float.init))
        return -(margins.logSigmoid() * p + (-margins).logSigmoid() * (-p + 1))
    }

    private static func checked(_ flipped: Double) -> Float {
        require((0..<0.5).contains(flipped), "labels may be flipped with a probability of 0 ..< 0.5, got \(flipped)")
        return Float(flipped)
    }

    private static func mean(_ sums: Tensor, _ lengths: [Int]) -> Tensor {
        require(
            lengths.count == sums.count && lengths.allSatisfy { $0 > 0 },
            "\(sums.count) answers need as many lengths of 1 or more")
        return sums / Tensor(lengths.map(Float.init))
    }
}

/// The loss of Kahneman–Tversky optimization, which learns from single answers that are wanted or not: `w (1 - σ(β (c -
/// z)))` of a wanted one, `w (1 - σ(β (z - c)))` of another, with `c = log π(y) - log π_ref(y)` (Ethayarajh et al. 2024,
/// *KTO: Model Alignment as Prospect Theoretic Optimization*, arXiv:2402.01306).
public struct KahnemanTverskyLoss: Sendable, Hashable {
    /// β.
    public var weight: Float
    /// The weight w of answers that are wanted.
    public var desirable: Float = 1
    /// The weight w of the others.
    public var undesirable: Float = 1

    /// A loss with both kinds weighted alike.
    public init(weight: Float) { self.weight = weight }

    /// z, the divergence that answers are compared with, 0 or more: the mean of c over answers paired with other
    /// prompts. No gradient flows through it.
    ///
    /// - Shapes: `mismatched` `[B]`.
    public static func reference(mismatched: Tensor) -> Float { max(0, mismatched.detached().mean().item) }

    /// The loss of each answer.
    ///
    /// - Parameters:
    ///   - ratios: c.
    ///   - isDesirable: whether the answer is wanted.
    ///   - reference: z.
    /// - Shapes: `ratios` `[B]`, `isDesirable` B; result `[B]`.
    public func values(ratios: Tensor, isDesirable: [Bool], reference: Float) -> Tensor {
        requirePairs(ratios, ratios, weight)
        require(
            isDesirable.count == ratios.count, "\(ratios.count) answers need as many labels, got \(isDesirable.count)")
        let signs = Tensor(isDesirable.map { $0 ? Float(1) : -1 })
        let weights = Tensor(isDesirable.map { $0 ? desirable : undesirable })
        // 1 - σ(x) = σ(-x).
        return ((ratios - reference) * signs * -weight).sigmoid() * weights
    }
}

private func requirePairs(_ chosen: Tensor, _ rejected: Tensor, _ weight: Float) {
    require(
        chosen.shape.count == 1 && chosen.shape == rejected.shape && weight > 0,
        "a preference loss needs vectors of equal length and a weight above 0, got \(chosen.shape), "
            + "\(rejected.shape) and \(weight)")
}
