/// Numbers inside sentences: two to three significant digits, no exponents.
public enum Phrase {
    /// A share as a whole percentage, with a decimal below 1 % and above 99 %: "63 %", "99.6 %"; "unknown" for NaN.
    public static func percent(_ share: Double) -> String {
        guard share.isFinite else { return "unknown" }
        let value = 100 * share
        let isEdge = (value > 0 && value < 1) || (value > 99 && value < 100)
        return (isEdge ? decimal(value, 1) : decimal(value, 0)) + " %"
    }

    /// A number with three significant digits, at most four decimals: "1.25", "0.0312", "14,200"; "unknown" for NaN.
    public static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "unknown" : value < 0 ? "minus infinity" : "infinity" }
        let size = abs(value)
        let decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4
        return decimal(value, decimals)
    }

    /// Words with commas and a final "and".
    public static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }

    /// Rounded to `decimals`, without trailing zeros, thousands grouped by commas.
    private static func decimal(_ value: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1.0) { result, _ in result * 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let digits = String(Int(scaled))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        var fraction = String(padded.suffix(decimals))
        while fraction.hasSuffix("0") { fraction.removeLast() }
        var whole = ""
        for (index, digit) in padded.dropLast(decimals).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { whole = "," + whole }
            whole = String(digit) + whole
        }
        let text = fraction.isEmpty ? whole : "\(whole).\(fraction)"
        return value < 0 && scaled > 0 ? "-" + text : text
    }
}
