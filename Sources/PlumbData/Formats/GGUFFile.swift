public import Foundation
public import PlumbTensor

/// A GGUF file: a model's weights, its configuration and its tokenizer in one memory-mapped file.
///
/// Everything the header says is checked when the file is opened: counts against the file's size, offsets, alignment,
/// shapes, overlaps and repeated names. Versions 2 and 3, little-endian.
///
/// A tensor whose element type is not an `ElementType` is refused only when it is asked for; the others stay
/// readable.
public struct GGUFFile: TensorSource {
    /// Where the file is.
    public let url: URL
    /// 2 or 3.
    public let version: Int
    /// Tensors begin at multiples of this many bytes.
    public let alignment: Int
    /// The file's description of itself, by key.
    public let metadata: [String: GGUFValue]
    /// The metadata's keys in the order of the file.
    public let metadataKeys: [String]
    /// Every tensor's name, in the order of the file.
    public let names: [String]

    private let bytes: MappedBytes
    private let dataStart: Int
    private let tensors: [GGUFTensorInfo]
    private let indices: [String: Int]

    /// Opens and checks the file at `url`.
    ///
    /// - Complexity: O(metadata); weights are not read.
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(contentsOf url: URL) throws {
        try self.init(MappedBytes(contentsOf: url), url: url)
    }

    init(_ bytes: MappedBytes, url: URL) throws {
        do {
            let header = try bytes.withUnsafeBytes { try GGUFHeader($0) }
            let alignment = try GGUFFile.alignment(in: header.metadata)
            let layout = GGUFLayout(fileSize: bytes.count, headerEnd: header.end, alignment: alignment)
            dataStart = try layout.check(header.tensors)
            self.url = url
            self.bytes = bytes
            self.alignment = alignment
            version = header.version
            metadata = header.metadata
            metadataKeys = header.keys
            tensors = header.tensors
            names = header.tensors.map(\.name)
            var indices: [String: Int] = [:]
            for (index, tensor) in header.tensors.enumerated() {
                guard indices.updateValue(index, forKey: tensor.name) == nil else {
                    throw FileError("tensor \(tensor.name) appears twice")
                }
            }
            self.indices = indices
        } catch let error as FileError {
            throw FileError("\(url.path): \(error.description)")
        }
    }

    private static func alignment(in metadata: [String: GGUFValue]) throws -> Int {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard let alignment = value.integer, alignment >= 8, alignment <= 1 << 30, alignment.nonzeroBitCount == 1 else {
            let found = value.integer.map { "\($0)" } ?? "not an integer"
            throw FileError("general.alignment is \(found): it must be a power of two from 8 on")
        }
        return alignment
    }

    /// Every tensor's name, in the order of the file.
    public var tensorNames: [String] { names }

    /// Whether there is a tensor of that name.
    public func contains(_ name: String) -> Bool { indices[name] != nil }

    /// The tensor called `name`, or nil where there is none or its element type cannot be read.
    public subscript(name: String) -> StoredTensor? { try? tensor(name) }

    /// The tensor called `name`.
    ///
    /// - Throws: `FileError` when there is none of that name, or when its element type cannot be read.
    public func tensor(_ name: String) throws -> StoredTensor {
        guard let index = indices[name] else { throw missing(name, in: url.path) }
        let info = tensors[index]
        guard let type = info.elementType, let count = try info.byteCount() else {
            let known = ElementType.allCases.map(\.name).joined(separator: ", ")
            throw FileError("\(url.path): tensor \(name) has the element type \(info.typeName); readable are \(known)")
        }
        let start = dataStart + info.offset
        return try StoredTensor(
            name: name, shape: info.shape, elementType: type, bytes: bytes[start..<start + count])
    }

    /// What the file says about a tensor, readable or not: the shape outermost first and the element type's name.
    ///
    /// - Throws: `FileError` when there is none of that name.
    public func summary(of name: String) throws -> (shape: [Int], typeName: String) {
        guard let index = indices[name] else { throw missing(name, in: url.path) }
        return (tensors[index].shape, tensors[index].typeName)
    }
}
