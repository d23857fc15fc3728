/// A number that an experiment measures: its name, declared once, is the key of its values, of its metric and of the
/// claims about it.
public struct Quantity: Sendable, Hashable {
    /// In snake case, for example `attack_success_rate`: scripts look metrics up by this name.
    public let name: String
    /// For example `nats`, `logits`, `of the logit difference`; empty for a plain ratio or count.
    public let unit: String
    /// What its values are of, in the singular: `seed`, `pair`, `task`.
    public let sample: String
    /// Whether its metric is one of the two to four numbers to show first.
    public let isHeadline: Bool

    /// A quantity with one value a seed, or a pair, or whatever `sample` names.
    public init(_ name: String, unit: String = "", per sample: String = "seed", isHeadline: Bool = false) {
        (self.name, self.unit, self.sample, self.isHeadline) = (name, unit, sample, isHeadline)
    }

    /// Whether both name the same values; where they are shown does not matter.
    public static func == (one: Quantity, other: Quantity) -> Bool {
        (one.name, one.unit, one.sample) == (other.name, other.unit, other.sample)
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(unit)
        hasher.combine(sample)
    }
}

/// How the values of a quantity become the one number that is compared with a threshold.
public enum SeedRule: Sendable, Hashable {
    /// The mean.
    case mean
    /// The value farthest from what the bound asks for: every value must meet it.
    case worst
    /// Every value must meet the bound but for so many; the number compared is the worst of the others.
    case each(allowing: Int)
    /// There is one value, of the whole run.
    case value
}

/// A threshold.
public enum Bound: Sendable, Hashable {
    /// This number or more.
    case atLeast(Double)
    /// This number or less.
    case atMost(Double)
    /// More than this number.
    case above(Double)
    /// Less than this number.
    case below(Double)
    /// At most `distance` from `center`, in either direction.
    case within(Double, of: Double)
    /// From the first number to the second, both included.
    case between(Double, Double)

    /// Whether `value` meets it; NaN meets none.
    public func admits(_ value: Double) -> Bool {
        switch self {
        case .atLeast(let limit): value >= limit
        case .atMost(let limit): value <= limit
        case .above(let limit): value > limit
        case .below(let limit): value < limit
        case .within(let distance, let center): abs(value - center) <= distance
        case .between(let low, let high): value >= low && value <= high
        }
    }

    /// How far `value` is on the wrong side: rises as the value gets worse.
    func badness(_ value: Double) -> Double {
        switch self {
        case .atLeast, .above: -value
        case .atMost, .below: value
        case .within(_, let center): abs(value - center)
        case .between(let low, let high): max(low - value, value - high)
        }
    }

    /// In words, for example "at least 0.99".
    func text(_ unit: String) -> String {
        func number(_ value: Double) -> String {
            let exact = Int(exactly: value).map(String.init) ?? "\(value)"
            let plain = exact.count > 12 ? Phrase.number(value) : exact
            return unit.isEmpty ? plain : "\(plain) \(unit)"
        }
        return switch self {
        case .atLeast(let limit): "at least \(number(limit))"
        case .atMost(let limit): "at most \(number(limit))"
        case .above(let limit): "above \(number(limit))"
        case .below(let limit): "below \(number(limit))"
        case .within(0, let center): "exactly \(number(center))"
        case .within(let distance, let center) where center == 0: "at most \(number(distance)) in either direction"
        case .within(let distance, let center): "within \(number(distance)) of \(number(center))"
        case .between(let low, let high): "from \(number(low)) to \(number(high))"
        }
    }
}
