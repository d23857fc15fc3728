import Foundation
import PlumbBasics
import PlumbTensor

/// Files that a user names.
enum UserFile {
    /// The bytes of a file of at most a gigabyte.
    ///
    /// - Throws: `FileError` naming the file.
    static func data(_ path: String) throws -> Data {
        do {
            return try WholeFile.read(URL(fileURLWithPath: path), limit: 1 << 30)
        } catch {
            throw FileError("cannot read \(path): \(sentence(of: error))")
        }
    }

    /// The lines of a text file that are not empty.
    ///
    /// - Throws: `FileError` for a file that cannot be read, is not UTF-8, or has no text.
    static func lines(_ path: String) throws -> [String] {
        guard let text = String(validating: try data(path), as: UTF8.self) else {
            throw FileError("\(path) is not text in UTF-8")
        }
        let lines = text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
        guard !lines.isEmpty else { throw FileError("\(path) has no line with text") }
        return lines
    }
}
