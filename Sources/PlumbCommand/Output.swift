import Foundation
import PlumbBasics
import PlumbRecords
import PlumbReport
import PlumbTensor

/// Standard output as commands write to it.
enum Output {
    /// Prints a value as one JSON object, keys sorted.
    static func json(_ value: JSONValue) throws { try write(value.data()) }

    /// Writes text at once, without a line break.
    static func stream(_ text: String) throws { try write(Data(text.utf8)) }

    /// Writes what a model says, at once: on a terminal nothing in it acts, elsewhere it stays as it is.
    static func show(_ text: String) throws {
        try stream(isatty(STDOUT_FILENO) == 1 ? VisibleText.prose(text) : text)
    }

    /// Writes bytes at once.
    ///
    /// - Throws: `FileError` where standard output takes no more, as a file on a full disk does.
    static func write(_ data: Data) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: data)
        } catch {
            throw FileError("cannot write to standard output: \(systemReason(of: error))")
        }
    }

    /// Hands on what `print` has kept back, which otherwise is lost without a word where it cannot be written.
    static func flush() throws {
        guard fflush(nil) == 0 else {
            throw FileError("cannot write to standard output: \(systemReason(errno))")
        }
    }

    /// Makes sure that the first three descriptors are taken: where one was closed by who started the command, the next file
    /// opened would get its number, and what is printed would go into that file.
    ///
    /// The null device stands for it, opened the wrong way, so that using it fails as using a closed one does.
    static func keepStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// A progress line on standard error, which draws only on a terminal.
    static func progress() -> TerminalProgress {
        let isTerminal = isatty(STDERR_FILENO) == 1
        return TerminalProgress(style: .current(descriptor: STDERR_FILENO), isTerminal: isTerminal) { text in
            complain(text)
        }
    }

    /// Writes to standard error at once. Where that cannot be written, nobody is left to be told.
    static func complain(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

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
