import Foundation

/// Numbers as people read them. All functions write ASCII; `typographic` turns hyphens into minus signs for pages.
public enum NumberText {
    /// About `digits` significant digits: `6.1196`, `0.34`, `1234.6`, `0.0021`, `1.2e-07`; whole numbers below a million as such.
    public static func value(_ value: Double, digits: Int = 5) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        if value == 0 { return "0" }
        let size = abs(value)
        if value == value.rounded(), size < 1e6 { return String(Int(value)) }
        let exponent = Int(log10(size).rounded(.down))
        if exponent < -4 || exponent >= max(6, digits) { return scientific(value, digits: digits) }
        let text = fixed(value, decimals: max(0, digits - 1 - exponent))
        guard text.contains(".") else { return text }
        let end = text.lastIndex { $0 != "0" } ?? text.startIndex
        return String(text[...(text[end] == "." ? text.index(before: end) : end)])
    }

    /// A fixed number of decimals; numbers too large for them are written with an exponent.
    public static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return NumberText.value(value) }
        guard abs(value) < 1e15 else { return scientific(value, digits: decimals + 1) }
        let text = String(format: "%.\(max(0, decimals))f", value)
        let isZero = text.allSatisfy { "-0.".contains($0) }
        return isZero && text.hasPrefix("-") ? String(text.dropFirst()) : text
    }

    static func scientific(_ value: Double, digits: Int) -> String {
        String(format: "%.\(max(0, digits - 1))e", value)
    }

    /// How many decimals show the differences among `values`: three significant digits of their spread, at most `limit`.
    static func decimals(for values: some Sequence<Double>, limit: Int = 4) -> Int {
        let finite = values.filter(\.isFinite)
        guard let least = finite.min(), let greatest = finite.max() else { return 0 }
        if finite.allSatisfy({ $0 == $0.rounded() && abs($0) < 1e6 }) { return 0 }
        let spread = max(greatest - least, abs(greatest) * 1e-6, .leastNormalMagnitude)
        return min(limit, max(0, 2 - Int(log10(spread).rounded(.down))))
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

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
