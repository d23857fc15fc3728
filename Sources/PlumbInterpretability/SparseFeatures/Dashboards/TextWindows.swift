public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbTensor
internal import PlumbTokenizers

/// A text file as windows of tokens, read part by part, so that it may be larger than memory.
///
/// Parts end where lines do, and are turned into tokens one by one; windows take up where the last one ended. Each begins
/// with the model's beginning-of-sequence token, where it has one.
public struct TextWindows {
    /// The most bytes without a line break or a space.
    private static let longest = 8 << 20
    private let path: String
    private let file: FileHandle
    private let encode: (String) -> [Int]
    private let beginning: [Int]
    private let size: Int
    private var rest = Data()
    private var tokens: [Int] = []
    private var first = 0
    private var isOver = false

    /// A text that a model reads.
    ///
    /// - Parameters:
    ///   - url: the file, in UTF-8.
    ///   - model: its tokenizer makes the tokens.
    ///   - size: tokens of a window, beside the beginning-of-sequence token.
    /// - Throws: `ModelError` for a model without a tokenizer or for windows that it cannot read; `FileError` for a file that
    ///   cannot be opened.
    public init(_ url: URL, for model: HookedTransformer, size: Int) throws {
        guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer for a text") }
        guard size > 1, size < model.configuration.context else {
            throw ModelError(
                "windows of \(size) tokens cannot be read: \(model.name) reads from 2 to "
                    + "\(model.configuration.context - 1) beside the beginning of a text")
        }
        try self.init(url, size: size, beginning: tokenizer.bos.map { [$0] } ?? []) {
            tokenizer.encode($0, addSpecialTokens: false)
        }
    }

    init(_ url: URL, size: Int, beginning: [Int], encode: @escaping (String) -> [Int]) throws {
        do { file = try FileHandle(forReadingFrom: url) } catch {
            throw FileError("cannot read \(url.path): \(systemReason(of: error))")
        }
        (path, self.size, self.beginning, self.encode) = (url.path, size, beginning, encode)
    }

    /// The next window; nil after the last. The last may be shorter, and has two tokens or more.
    ///
    /// - Throws: `FileError` for a file that cannot be read, is not UTF-8, or is no text.
    public mutating func next() throws -> [Int]? {
        while tokens.count - first < size, !isOver { try read() }
        let window = tokens[first..<min(first + size, tokens.count)]
        guard window.count > 1 else { return nil }
        first = window.endIndex
        if first > 1 << 16 {
            tokens.removeFirst(first)
            first = 0
        }
        return beginning + window
    }

    private mutating func read() throws {
        let part: Data
        do { part = try file.read(upToCount: 1 << 20) ?? Data() } catch {
            throw FileError("cannot read \(path): \(systemReason(of: error))")
        }
        rest.append(part)
        isOver = part.isEmpty
        var end = isOver ? rest.endIndex : rest.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
        if end == nil, rest.count >= Self.longest {
            end = rest.lastIndex(of: UInt8(ascii: " "))
            guard end != nil else {
                throw FileError("\(path) has no line break and no space in \(Self.longest >> 20) MB: it is no text")
            }
        }
        guard let end, end > rest.startIndex else { return }
        guard let text = String(validating: rest[..<end], as: UTF8.self) else {
            throw FileError("\(path) is not text in UTF-8")
        }
        tokens += encode(text)
        rest = Data(rest[end...])
    }
}
