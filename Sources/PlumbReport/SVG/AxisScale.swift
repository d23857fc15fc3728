import Foundation
import PlumbRecords

/// From values to places along an axis, with its ticks.
struct AxisScale {
    let lower: Double
    let upper: Double
    let isLogarithmic: Bool
    /// Where `lower` and `upper` are drawn.
    let start: Double
    let end: Double

    /// A scale that holds all of `values`, with round numbers at its ends.
    /// - Parameters:
    ///   - zero: whether zero must be on it.
    ///   - isTight: whether it ends where the values end.
    init(
        _ values: some Sequence<Double>, scale: Axis.Scale, includesZero zero: Bool = false, isTight: Bool = false,
        from start: Double, to end: Double
    ) {
        let positive = values.filter { $0.isFinite && Proportion.bounded($0) > 0 }
        // A logarithm needs positive values; without any the axis falls back to counting.
        isLogarithmic = scale == .logarithmic && !positive.isEmpty
        self.start = start
        self.end = end
        var (least, greatest) = Proportion.bounds(isLogarithmic ? positive : Array(values)) ?? (0, 1)
        if isLogarithmic {
            if greatest < least * (1 + 1e-9) { (least, greatest) = (least / 2, greatest * 2) }
            lower = isTight ? least : Self.rounded(least, .down)
            upper = isTight ? greatest : Self.rounded(greatest, .up)
            return
        }
        if zero { (least, greatest) = (min(0, least), max(0, greatest)) }
        if least == greatest {
            let margin = max(abs(least) * 0.1, 0.5)
            (least, greatest) = (least - margin, greatest + margin)
        }
        let step = Self.step(least, greatest, count: 5)
        let ends = ((least / step + 1e-9).rounded(.down) * step, (greatest / step - 1e-9).rounded(.up) * step)
        let isRound = !isTight && ends.0 <= least && ends.1 >= greatest && ends.0.isFinite && ends.1.isFinite
        (lower, upper) = isRound ? ends : (least, greatest)
    }

    /// A linear scale between two ends.
    private init(_ lower: Double, _ upper: Double, _ isLogarithmic: Bool, _ start: Double, _ end: Double) {
        (self.lower, self.upper, self.isLogarithmic, self.start, self.end) = (lower, upper, isLogarithmic, start, end)
    }

    /// The same values in another place.
    func moved(from start: Double, to end: Double) -> AxisScale { AxisScale(lower, upper, isLogarithmic, start, end) }

    /// Where `value` is drawn; values off the scale are moved to its nearer end, those without place give `nil`.
    func place(_ value: Double) -> Double? {
        guard !value.isNaN, !isLogarithmic || value > 0 else { return nil }
        let fraction =
            isLogarithmic
            ? Proportion.of(log(min(upper, max(lower, value))), from: log(lower), to: log(upper))
            : Proportion.of(value, from: lower, to: upper)
        return fraction.map { start + (end - start) * $0 }
    }

    /// Round values along the axis.
    var ticks: [Double] {
        if isLogarithmic {
            let powers = decades
            guard powers.count > 2 else { return multiples([1, 2, 5]) }
            let stride = max(1, (powers.count + 4) / 6)
            return Swift.stride(from: 0, to: powers.count, by: stride).map { pow(10, Double(powers[$0])) }
        }
        return Self.ticks(lower, upper, count: 6)
    }

    /// Places between the ticks of a logarithmic axis; none where they would run together.
    var minorTicks: [Double] {
        guard isLogarithmic, decades.count <= 5 else { return [] }
        let major = ticks
        return multiples(Array(1...9)).filter { !major.contains($0) }
    }

    /// The exponents of the powers of ten on a logarithmic axis.
    private var decades: [Int] {
        let first = Int((log10(lower) - 1e-9).rounded(.up))
        let last = Int((log10(upper) + 1e-9).rounded(.down))
        return first <= last ? Array(first...last) : []
    }

    private func multiples(_ factors: [Int]) -> [Double] {
        let first = Int((log10(lower) - 1e-9).rounded(.down))
        let last = Int((log10(upper) + 1e-9).rounded(.up))
        var found: [Double] = []
        for power in first...max(first, last) {
            for factor in factors {
                let value = Double(factor) * pow(10, Double(power))
                if value >= lower * (1 - 1e-9), value <= upper * (1 + 1e-9) { found.append(value) }
            }
        }
        return found
    }

    /// The nearest of 1, 2, 5, 10, 20, … on one side of `value`.
    private static func rounded(_ value: Double, _ rule: FloatingPointRoundingRule) -> Double {
        let power = pow(10, log10(value).rounded(.down))
        let lead = value / power
        let leads: [Double] = [1, 2, 5, 10]
        let found = rule == .up ? leads.first { $0 >= lead - 1e-9 } : leads.last { $0 <= lead + 1e-9 }
        return power * (found ?? 1)
    }

    /// A tick in words, with as many decimals as the steps need.
    func label(_ value: Double) -> String {
        if isLogarithmic { return Self.powerLabel(value) }
        return Self.label(value, among: ticks)
    }

    /// `0.01`, `1000`, and beyond those a power of ten: `10⁻⁵`, `2·10⁶`.
    private static func powerLabel(_ value: Double) -> String {
        let exponent = Int((log10(value) + 1e-9).rounded(.down))
        if (-3...4).contains(exponent) { return NumberText.value(value, digits: 2) }
        let lead = (value / pow(10, Double(exponent))).rounded()
        return (lead == 1 ? "" : NumberText.fixed(lead, decimals: 0) + "·") + "10" + NumberText.superscript(exponent)
    }

    /// About `count` round values within the bounds.
    static func ticks(_ lower: Double, _ upper: Double, count: Int) -> [Double] {
        let step = step(lower, upper, count: count)
        let first = (lower / step - 1e-9).rounded(.up)
        let last = (upper / step + 1e-9).rounded(.down)
        guard step > 0, last >= first, last - first < 100 else { return [lower, upper] }
        return (0...Int(last - first)).map { (first + Double($0)) * step }
    }

    static func label(_ value: Double, among ticks: [Double]) -> String {
        let step = ticks.count > 1 ? abs(ticks[1] / 2 - ticks[0] / 2) * 2 : max(abs(value), 1)
        let greatest = ticks.map(abs).max() ?? 0
        if greatest >= 1e7 || (greatest > 0 && greatest < 1e-3) {
            return NumberText.typographic(value == 0 ? "0" : NumberText.scientific(value, digits: 2))
        }
        let decimals = step > 0 ? max(0, -Int((log10(max(step, 1e-12)) + 1e-9).rounded(.down))) : 0
        let text =
            decimals == 0 ? NumberText.value(value.rounded()) : NumberText.fixed(value, decimals: min(6, decimals))
        return NumberText.typographic(text)
    }

    private static func step(_ lower: Double, _ upper: Double, count: Int) -> Double {
        let rough = (upper / 2 - lower / 2) / Double(count) * 2
        guard rough > 0, rough.isFinite else { return 1 }
        let power = pow(10, log10(rough).rounded(.down))
        guard power > 0 else { return 1 }
        let lead = rough / power
        return power * (lead <= 1.01 ? 1 : lead <= 2.01 ? 2 : lead <= 5.01 ? 5 : 10)
    }
}

extension Axis {
    /// The scale to draw with: a share, which lies between 0 and 1 and may be 0, is never drawn on a logarithmic axis.
    var drawnScale: Scale { Self.isShare(label, unit) ? .linear : scale }

    /// Whether what a label names is a share of a whole.
    static func isShare(_ label: String, _ unit: String = "") -> Bool {
        if unit == "%" { return true }
        let words = label.lowercased().split { !$0.isLetter }
        let shares: Set<Substring> = [
            "accuracy", "share", "shares", "fraction", "part", "percent", "probability", "agreement", "harmful",
            "cosine",
            "correlation", "recovery", "score", "auroc",
        ]
        // "1 - cosine" is a distance.
        return words.contains { shares.contains($0) } && !label.hasPrefix("1 ")
    }
}
