import Foundation
import PlumbRecords
import PlumbReport

/// Standard output as commands write to it.
enum Output {
    /// Prints a value as one JSON object, keys sorted.
    static func json(_ value: JSONValue) {
        FileHandle.standardOutput.write(value.data())
    }

    /// Writes text at once, without a line break.
    static func stream(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    /// A progress line on standard error, which draws only on a terminal.
    static func progress() -> TerminalProgress {
        let isTerminal = isatty(STDERR_FILENO) == 1
        return TerminalProgress(style: .current(descriptor: STDERR_FILENO), isTerminal: isTerminal) { text in
            FileHandle.standardError.write(Data(text.utf8))
        }
    }

    /// A number as JSON; numbers that JSON cannot write become text, as in records.
    static func number(_ value: Float) -> JSONValue { JSONValue(Double(value)) }
}

extension JSONValue {
    /// The value in one line, as people write it.
    var plainText: String {
        if let string { return string }
        return text(.compact)
    }
}
