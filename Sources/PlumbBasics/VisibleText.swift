/// A text from a file or a stranger, made safe for a terminal or a message: nothing in it can move the cursor, turn the
/// writing direction or hide, and it is not longer than a reader can use.
///
/// Control characters and invisible ones are shown by their numbers, as in `⟨U+001B⟩`; line breaks and tabs count as
/// control characters.
///
/// - Parameters:
///   - text: any text.
///   - limit: the most Unicode scalars of `text` that are shown; `…` stands for the rest.
/// - Complexity: O(`limit`), whatever the length of `text`.
public func visible(_ text: String, limit: Int = 200) -> String {
    var shown = ""
    var count = 0
    for scalar in text.unicodeScalars {
        guard count < limit else { return shown + "…" }
        shown.append(visible: scalar)
        count += 1
    }
    return shown
}

extension String {
    /// Appends a scalar, by its number where it is a control character or invisible.
    public mutating func append(visible scalar: Unicode.Scalar) {
        guard scalar.isHidden else { return unicodeScalars.append(scalar) }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        self += "⟨U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)⟩"
    }
}

extension Unicode.Scalar {
    /// Whether a terminal or a page would act on this scalar, or show nothing for it.
    ///
    /// The joiners and variation selectors that written languages and emoji need are not hidden.
    public var isHidden: Bool {
        if value < 0x80 { return value < 0x20 || value == 0x7F }
        switch value {
        case 0x200C, 0x200D, 0xFE00...0xFE0F: return false
        case 0xFFF9...0xFFFB: return true
        default: break
        }
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        default: return properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint
        }
    }
}
