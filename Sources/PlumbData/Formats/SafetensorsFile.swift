public import Foundation
public import PlumbTensor

/// One safetensors file, memory-mapped.
///
/// The header is checked when the file is opened: its length, every offset, sizes against shapes, gaps, overlaps and
/// repeated names. A tensor whose element type is not F32, F16 or BF16 is refused only when it is asked for; whole numbers
/// are read by ``integers(_:)``.
public struct SafetensorsFile: TensorSource {
    /// Where the file is.
    public let url: URL
    /// Every tensor's name, in the order of the file.
    public let names: [String]
    /// The free text the file carries about itself.
    public let metadata: [String: String]

    private let bytes: MappedBytes
    private let dataStart: Int
    private let entries: [String: SafetensorsHeader.Entry]

    /// Opens and checks the file at `url`.
    ///
    /// - Complexity: O(header); weights are not read.
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(contentsOf url: URL) throws {
        try self.init(MappedBytes(contentsOf: url), url: url)
    }

    init(_ bytes: MappedBytes, url: URL) throws {
        try GitLFS.refusePointer(bytes, at: url)
        do {
            let header = try bytes.withUnsafeBytes { try SafetensorsHeader($0) }
            self.url = url
            self.bytes = bytes
            dataStart = header.dataStart
            metadata = header.metadata
            names = header.entries.map(\.name)
            entries = Dictionary(header.entries.map { ($0.name, $0) }) { first, _ in first }
        } catch let error as FileError {
            throw FileError("\(url.path): \(error.description)")
        }
    }

    /// Whether there is a tensor of that name.
    public func contains(_ name: String) -> Bool { entries[name] != nil }

    /// The tensor called `name`.
    ///
    /// - Throws: `FileError` when there is none of that name, or when its element type cannot be read.
    public func tensor(_ name: String) throws -> StoredTensor {
        guard let entry = entries[name] else { throw missing(name, in: url.path) }
        let types: [String: ElementType] = ["F32": .f32, "F16": .f16, "BF16": .bf16]
        guard let type = types[entry.type] else {
            throw FileError("\(url.path): tensor \(name) has the dtype \(entry.type); readable are F32, F16 and BF16")
        }
        let start = dataStart + entry.range.lowerBound
        return try StoredTensor(
            name: name, shape: entry.shape, elementType: type, bytes: bytes[start..<start + entry.range.count])
    }

    /// The whole numbers of the tensor called `name`, in the order of the file, whose dtype is I64.
    ///
    /// - Throws: `FileError` when there is none of that name, or when it holds something else.
    public func integers(_ name: String) throws -> [Int64] {
        guard let entry = entries[name] else { throw missing(name, in: url.path) }
        guard entry.type == "I64" else {
            throw FileError("\(url.path): tensor \(name) has the dtype \(entry.type), not I64")
        }
        let start = dataStart + entry.range.lowerBound
        return bytes[start..<start + entry.range.count].withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map { index in
                Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: Int64.self))
            }
        }
    }

    /// What the file says about a tensor, readable or not: the shape outermost first and the element type's name.
    ///
    /// - Throws: `FileError` when there is none of that name.
    public func summary(of name: String) throws -> (shape: [Int], typeName: String) {
        guard let entry = entries[name] else { throw missing(name, in: url.path) }
        return (entry.shape, entry.type)
    }
}
