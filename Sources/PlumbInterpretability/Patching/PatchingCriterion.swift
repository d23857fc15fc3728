public import PlumbModels

/// The metrics by which a patched run can be judged, by the names that settings have.
public enum PatchingCriterion: String, Codable, Sendable, CaseIterable {
    /// The logit of the answer less that of the wrong answer.
    case logitDifference = "logit-difference"
    /// The probability of the answer, 0...1.
    case probability
    /// The natural logarithm of the probability of the answer.
    case logProbability = "log-probability"
    /// The Kullback-Leibler divergence from the unpatched source run, in nats.
    case kl
    /// The mean cross-entropy of the patched prompt's own tokens, in nats.
    case loss

    /// What tables call it.
    public var title: String {
        switch self {
        case .logitDifference: "logit difference"
        case .probability: "probability of the answer"
        case .logProbability: "log-probability of the answer"
        case .kl: "KL divergence from the unpatched source"
        case .loss: "loss"
        }
    }

    /// What metrics call it, after `clean_` or `corrupted_`.
    public var identifier: String {
        switch self {
        case .logitDifference: "logit_difference"
        case .probability: "answer_probability"
        case .logProbability: "answer_log_probability"
        case .kl: "kl_divergence"
        case .loss: "loss"
        }
    }

    /// A pair of prompts with this metric.
    public func pair(_ pair: TokenizedPair, _ direction: PatchDirection) -> PatchPair {
        let metric =
            switch self {
            case .logitDifference: PatchMetric.logitDifference(answer: pair.answer, wrong: pair.wrong)
            case .probability: PatchMetric.probability(of: pair.answer)
            case .logProbability: PatchMetric.logProbability(of: pair.answer)
            case .kl: PatchMetric.klDivergence
            case .loss: PatchMetric.loss(tokens: direction == .denoising ? pair.corrupted : pair.clean)
            }
        return PatchPair(clean: pair.clean, corrupted: pair.corrupted, metric: metric)
    }
}
