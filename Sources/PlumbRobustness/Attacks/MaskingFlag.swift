/// A sign that a network hides its gradients rather than resists attacks (Athalye, Carlini, Wagner 2018, arXiv:1802.00420;
/// Carlini et al. 2019, arXiv:1902.06705; Pintor et al. 2021, arXiv:2106.09947).
public enum MaskingFlag: Sendable, Equatable, Hashable {
    /// Logits of one input differ between passes, by so much of their length: attack their mean over many passes.
    case varyingLogits(Double)
    /// The outputs are probabilities: attacks need the logits before the softmax.
    case probabilities
    /// The cross-entropy's gradient is zero at this share of the inputs: take a loss that does not depend on scale.
    case zeroGradients(share: Double)
    /// Answers alone break more samples than gradients do.
    case blackBoxIsStronger(blackBox: Double, whiteBox: Double)
    /// One step breaks more samples than many.
    case singleStepIsStronger(singleStep: Double, iterative: Double)
    /// Samples resist an attack that may change them to anything.
    case resistsUnlimitedChanges(accuracy: Double)
    /// The network has fewer classes than the standard battery needs.
    case tooFewClasses(Int)

    /// The flags that there are, for tables.
    public enum Kind: String, Sendable, CaseIterable {
        /// Logits of one input differ between passes.
        case varyingLogits = "logits vary"
        /// The outputs are probabilities.
        case probabilities = "gives probabilities"
        /// The cross-entropy has no gradient.
        case zeroGradients = "zero gradients"
        /// Answers alone break more than gradients do.
        case blackBoxIsStronger = "black box stronger"
        /// One step breaks more than many.
        case singleStepIsStronger = "single step stronger"
        /// Samples resist changes to anything.
        case resistsUnlimitedChanges = "resists any change"
        /// Fewer classes than the standard battery needs.
        case tooFewClasses = "too few classes"
    }

    /// Which flag it is.
    public var kind: Kind {
        switch self {
        case .varyingLogits: .varyingLogits
        case .probabilities: .probabilities
        case .zeroGradients: .zeroGradients
        case .blackBoxIsStronger: .blackBoxIsStronger
        case .singleStepIsStronger: .singleStepIsStronger
        case .resistsUnlimitedChanges: .resistsUnlimitedChanges
        case .tooFewClasses: .tooFewClasses
        }
    }
}

extension MaskingFlag: CustomStringConvertible {
    public var description: String {
        switch self {
        case .varyingLogits(let size):
            "the logits of one input vary by \(size) of their length between passes: attack their mean over many passes"
        case .probabilities: "the outputs are probabilities: attack the logits before the softmax"
        case .zeroGradients(let share):
            "the cross-entropy's gradient is zero at \(share) of the inputs: take a loss that does not depend on scale"
        case .blackBoxIsStronger(let blackBox, let whiteBox):
            "a black-box attack leaves an accuracy of \(blackBox), and gradients \(whiteBox): gradients mislead here"
        case .singleStepIsStronger(let single, let iterative):
            "a single step leaves an accuracy of \(single), and many steps \(iterative): the steps are lost on the way"
        case .resistsUnlimitedChanges(let accuracy):
            "an attack that may change samples to anything leaves an accuracy of \(accuracy): it does not find what there is"
        case .tooFewClasses(let count):
            "the network has \(count) classes, and targeted APGD needs four: evaluate it by other attacks"
        }
    }
}
