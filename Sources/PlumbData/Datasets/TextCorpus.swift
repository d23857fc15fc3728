public import Foundation
internal import PlumbTensor

/// A text to learn from: one file's, or several one after another.
public struct TextCorpus: Sendable, Equatable {
    /// The whole text.
    public let text: String

    /// A text at hand.
    public init(_ text: String) { self.text = text }

    /// The text of UTF-8 files in the order given, with nothing between them.
    ///
    /// - Throws: `FileError` naming a file that cannot be read, is empty or is not UTF-8, and where.
    public init(contentsOf files: [URL]) throws {
        var whole = ""
        for file in files {
            let bytes = try MappedBytes(contentsOf: file)
            guard bytes.count > 0 else { throw FileError("\(file.path) is empty: it holds no text") }
            let text = bytes.withUnsafeBytes { String(validating: $0.bindMemory(to: UInt8.self), as: UTF8.self) }
            guard let text else {
                let place = bytes.withUnsafeBytes(TextCorpus.firstInvalidByte)
                throw FileError("\(file.path) is not UTF-8 text: see byte \(place); convert it, or name another file")
            }
            if whole.isEmpty { whole = text } else { whole += text }
        }
        text = whole
    }

    private static func firstInvalidByte(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): position += UTF8.width(scalar)
            case .emptyInput, .error: return position
            }
        }
    }
}
