import Foundation

/// Numbers as people read them: plain digits, two or three of them significant. Records, JSON, CSV files and the text
/// shown when a mark is pointed at keep every digit (``exact(_:)``).
public enum NumberText {
    /// Numbers nearer to zero than this, beside what they are compared with, are shown as `0.0`.
    static let negligible = 1e-4

    /// About `digits` significant digits: `6.12`, `0.34`, `1235`, `12,346`, `0.0021`; whole numbers keep theirs.
    ///
    /// A number below 1 is never rounded up to it: `0.99992` is `0.9999`. Below 10⁻⁵ and from 10¹⁵ on a power of ten is
    /// written: `9.6×10⁻¹⁵`.
    /// - Parameters:
    ///   - value: any number; those that are none are `nan`, `inf` and `-inf`.
    ///   - digits: how many significant digits.
    ///   - scale: the size of what the number is compared with; anything below a ten thousandth of it is `0.0`.
    public static func value(_ value: Double, digits: Int = 3, scale: Double? = nil) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        if value == 0 { return "0" }
        let size = abs(value)
        if let scale, scale.isFinite, size < abs(scale) * negligible { return "0.0" }
        if size >= 1e15 || size < 1e-5 { return scientific(value, digits: min(2, digits)) }
        if value == value.rounded() { return grouped(String(Int(value))) }
        let exponent = Int(log10(size).rounded(.down))
        // Below a thousandth, one digit less: 0.00031.
        let shown = exponent < -3 ? min(2, digits) : digits
        var decimals = max(0, shown - 1 - exponent)
        var text = fixed(value, decimals: decimals)
        while size < 1, text.hasSuffix("1." + String(repeating: "0", count: decimals)), decimals < 6 {
            decimals += 1
            text = fixed(value, decimals: decimals)
        }
        return grouped(trimmed(text))
    }

    /// A number with its unit, if it has one.
    public static func value(_ value: Double, unit: String, scale: Double? = nil) -> String {
        NumberText.value(value, scale: scale) + (unit.isEmpty ? "" : " \(unit)")
    }

    /// A fixed number of decimals; numbers too large for them are written with a power of ten.
    public static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return NumberText.value(value) }
        guard abs(value) < 1e15 else { return scientific(value, digits: decimals + 1) }
        let text = String(format: "%.\(min(17, max(0, decimals)))f", value)
        let isZero = text.allSatisfy { "-0.".contains($0) }
        return isZero && text.hasPrefix("-") ? String(text.dropFirst()) : text
    }

    /// `1.2×10⁻⁵`.
    static func scientific(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value != 0 else { return NumberText.value(value) }
        let parts = String(format: "%.\(min(16, max(0, digits - 1)))e", value).split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return String(value) }
        return "\(parts[0])×10\(superscript(exponent))"
    }

    /// `⁻⁵`.
    static func superscript(_ number: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        return String(String(number).map { character in character.wholeNumberValue.map { digits[$0] } ?? "⁻" })
    }

    /// Every digit: the shortest text that reads back as the same number.
    public static func exact(_ value: Double) -> String {
        value.isFinite && value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }

    /// An interval: `[0.12, 0.15]`.
    static func range(_ lower: Double, _ upper: Double) -> String { "[\(value(lower)), \(value(upper))]" }

    /// How many decimals show the differences among `values`: three significant digits of their spread, at most `limit`.
    static func decimals(for values: some Sequence<Double>, limit: Int = 4) -> Int {
        let finite = values.filter(\.isFinite)
        guard let least = finite.min(), let greatest = finite.max() else { return 0 }
        if finite.allSatisfy({ $0 == $0.rounded() && abs($0) < 1e6 }) { return 0 }
        // Halves: the difference of two large numbers may have no place.
        let spread = max(greatest / 2 - least / 2, abs(greatest) * 1e-6, .leastNormalMagnitude)
        return min(limit, max(0, 2 - Int(log10(spread * (spread < 1e300 ? 2 : 1)).rounded(.down))))
    }

    /// `0.31 s`, `12.4 s`, `3 min 05 s`, `2 h 10 min`.
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) ms" }
        if seconds < 9.95 { return fixed(seconds, decimals: 2) + " s" }
        if seconds < 59.95 { return fixed(seconds, decimals: 1) + " s" }
        let whole = Int(seconds.rounded())
        if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
        return "\(whole / 3600) h \(twoDigits(whole / 60 % 60)) min"
    }

    /// `271 MB`: powers of 1000, three significant digits.
    public static func bytes(_ count: some BinaryInteger) -> String {
        var size = Double(count)
        for unit in ["bytes", "kB", "MB", "GB"] {
            if size < 999.5 {
                let decimals = unit == "bytes" || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2
                return fixed(size, decimals: decimals) + " " + unit
            }
            size /= 1000
        }
        return fixed(size, decimals: 2) + " TB"
    }

    /// With the minus sign that print uses.
    static func typographic(_ text: String) -> String { text.replacingOccurrences(of: "-", with: "\u{2212}") }

    /// From five digits on, commas between thousands: `1234`, `12,346`.
    private static func grouped(_ text: String) -> String {
        let sign = text.hasPrefix("-") ? "-" : ""
        let whole = text.dropFirst(sign.count).prefix { $0 != "." }
        guard whole.count > 4 else { return text }
        var output = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { output.append(",") }
            output.append(digit)
        }
        return sign + output + text.dropFirst(sign.count + whole.count)
    }

    /// Without zeros at the end of its decimals.
    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        let end = text.lastIndex { $0 != "0" } ?? text.startIndex
        return String(text[...(text[end] == "." && end > text.startIndex ? text.index(before: end) : end)])
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
