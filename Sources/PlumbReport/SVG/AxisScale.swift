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
        let usable = values.filter { $0.isFinite && (scale == .linear || $0 > 0) }
        // A logarithm needs positive values; without any the axis falls back to counting.
        isLogarithmic = scale == .logarithmic && !usable.isEmpty
        self.start = start
        self.end = end
        var least = usable.min() ?? 0
        var greatest = usable.max() ?? 1
        if isLogarithmic {
            if least == greatest { (least, greatest) = (least / 2, greatest * 2) }
            lower = isTight ? least : Self.rounded(least, .down)
            upper = isTight ? greatest : Self.rounded(greatest, .up)
            return
        }
        if zero { (least, greatest) = (min(0, least), max(0, greatest)) }
        if least == greatest {
            let margin = max(abs(least) * 0.1, 0.5)
            (least, greatest) = (least - margin, greatest + margin)
        }
        if isTight {
            (lower, upper) = (least, greatest)
            return
        }
        let step = Self.step(least, greatest, count: 5)
        lower = (least / step + 1e-9).rounded(.down) * step
        upper = (greatest / step - 1e-9).rounded(.up) * step
    }

    /// Where `value` is drawn; values off the scale are moved to its nearer end, those without place give `nil`.
    func place(_ value: Double) -> Double? {
        guard !value.isNaN, !isLogarithmic || value > 0 else { return nil }
        let clamped = min(upper, max(lower, value))
        let fraction =
            isLogarithmic ? log(clamped / lower) / log(upper / lower) : (clamped - lower) / (upper - lower)
        return start + (end - start) * fraction
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
        if (-3...4).contains(exponent) { return NumberText.value(value, digits: 1) }
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        let power = String(String(abs(exponent)).compactMap { $0.wholeNumberValue.map { digits[$0] } })
        let lead = (value / pow(10, Double(exponent))).rounded()
        return (lead == 1 ? "" : "\(Int(lead))·") + "10" + (exponent < 0 ? "⁻" : "") + power
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
        let step = ticks.count > 1 ? abs(ticks[1] - ticks[0]) : max(abs(value), 1)
        let greatest = ticks.map(abs).max() ?? 0
        if greatest >= 1e6 || (greatest > 0 && greatest < 1e-3) {
            return NumberText.typographic(value == 0 ? "0" : NumberText.scientific(value, digits: 2))
        }
        let decimals = step > 0 ? max(0, -Int((log10(step) + 1e-9).rounded(.down))) : 0
        return NumberText.typographic(NumberText.fixed(value, decimals: min(6, decimals)))
    }

    private static func step(_ lower: Double, _ upper: Double, count: Int) -> Double {
        let rough = (upper - lower) / Double(count)
        guard rough > 0, rough.isFinite else { return 1 }
        let power = pow(10, log10(rough).rounded(.down))
        let lead = rough / power
        return power * (lead <= 1.01 ? 1 : lead <= 2.01 ? 2 : lead <= 5.01 ? 5 : 10)
    }
}
