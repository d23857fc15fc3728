public import Foundation

extension JSONValue {
    /// How JSON text is laid out. Keys are sorted by their bytes in both, so equal values give equal text.
    public enum Layout: Sendable {
        /// No white space: one line, fit for an event log.
        case compact
        /// Two spaces of indent; arrays without nested arrays or objects stay on one line, so that matrices read as matrices.
        case pretty
    }

    /// The value as JSON text.
    public func text(_ layout: Layout = .pretty) -> String {
        var output = ""
        write(to: &output, layout: layout, indent: 0)
        return output
    }

    /// The value as JSON text in UTF-8; the pretty layout ends in a line break.
    public func data(_ layout: Layout = .pretty) -> Data {
        Data((layout == .pretty ? text(layout) + "\n" : text(layout)).utf8)
    }

    private var isFlat: Bool {
        switch self {
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: true
        }
    }

    private func write(to output: inout String, layout: Layout, indent: Int) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .unsigned(let value): output += String(value)
        case .number(let value): Self.write(value, to: &output)
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements):
            let oneLine = layout == .pretty && elements.allSatisfy(\.isFlat)
            Self.writeList(elements, "[", "]", oneLine: oneLine, layout, indent, to: &output) {
                element, output in
                element.write(to: &output, layout: layout, indent: indent + 1)
            }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            Self.writeList(sorted, "{", "}", oneLine: false, layout, indent, to: &output) {
                member, output in
                Self.write(member.key, to: &output)
                output += layout == .pretty ? ": " : ":"
                member.value.write(to: &output, layout: layout, indent: indent + 1)
            }
        }
    }

    private static func writeList<Element>(
        _ elements: [Element], _ open: String, _ close: String, oneLine: Bool, _ layout: Layout,
        _ indent: Int,
        to output: inout String, element write: (Element, inout String) -> Void
    ) {
        output += open
        for (index, element) in elements.enumerated() {
            if index > 0 { output += oneLine ? ", " : "," }
            if layout == .pretty && !oneLine {
                output += "\n" + String(repeating: "  ", count: indent + 1)
            }
            write(element, &output)
        }
        if layout == .pretty && !oneLine && !elements.isEmpty {
            output += "\n" + String(repeating: "  ", count: indent)
        }
        output += close
    }

    /// The shortest digits that give the same `Double` back; whole numbers carry no fraction, so that text read and
    /// written again is the same text.
    private static func write(_ value: Double, to output: inout String) {
        if !value.isFinite {
            write(NonFinite.spelling(of: value), to: &output)
        } else if value == 0 {
            output += value.sign == .minus ? "-0.0" : "0"
        } else if let whole = Int64(exactly: value) {
            output += String(whole)
        } else if let whole = UInt64(exactly: value) {
            output += String(whole)
        } else {
            output += String(describing: value)
        }
    }

    private static func write(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            // Control characters must be escaped; the line separators are legal but break consumers that are JavaScript.
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
