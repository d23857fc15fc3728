/// Why a template cannot be read or rendered, in a sentence.
public struct JinjaError: Error, CustomStringConvertible, Sendable, Hashable {
    /// The line of the template, from 1; nil where the template as a whole is meant.
    public let line: Int?
    /// What is wrong, on one line of at most about 900 bytes and without control characters, whatever the template said.
    public let problem: String

    /// The line and what is wrong there.
    public var description: String { (line.map { "line \($0): " } ?? "") + problem }

    init(_ problem: String, line: Int? = nil) {
        self.line = line
        self.problem = Self.printable(problem)
    }

    /// A template writes parts of its messages itself, so what a terminal would obey is written as an escape.
    private static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if result.utf8.count > 850 { return result + "…" }
            switch scalar.properties.generalCategory {
            case .control where scalar == "\n" || scalar == "\t" || scalar == "\r": result += " "
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// A mistake whose line is known by whoever renders.
struct Problem: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}
