public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// A GGUF file: a model's weights, its configuration and its tokenizer in one memory-mapped file.
///
/// A model in several parts (`model-00001-of-00002.gguf` and so on) is opened by any of them; they lie in one folder.
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

    private let parts: [GGUFPart]
    private let indices: [String: (part: Int, tensor: Int)]

    /// Opens and checks the file at `url`, and the other parts of the model beside it where it is one of several.
    ///
    /// - Complexity: O(metadata); weights are not read.
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(contentsOf url: URL) throws {
        try self.init(MappedBytes(contentsOf: url), url: url)
    }

    init(_ bytes: MappedBytes, url: URL) throws {
        parts = try GGUFPart(bytes, url: url).withOtherParts()
        self.url = url
        // The first part describes the model; the others repeat little of it.
        let first = parts[0]
        (version, alignment) = (first.version, first.alignment)
        (metadata, metadataKeys) = (first.metadata, first.metadataKeys)
        names = parts.flatMap { $0.tensors.map(\.name) }
        var indices: [String: (part: Int, tensor: Int)] = [:]
        for (number, part) in parts.enumerated() {
            for (index, tensor) in part.tensors.enumerated() {
                guard indices.updateValue((number, index), forKey: tensor.name) == nil else {
                    throw FileError("\(part.url.path): tensor \(visible(tensor.name)) appears twice")
                }
            }
        }
        self.indices = indices
        if parts.count > 1, let count = metadata["split.tensors.count"]?.integer, count != names.count {
            throw FileError(
                "\(url.path) should have \(count) tensors in its \(parts.count) parts (split.tensors.count), found "
                    + "\(names.count): the parts do not belong together; download them again")
        }
    }

    /// The files that hold the model: this one, or all the parts.
    public var files: [URL] { parts.map(\.url) }

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
        let part = parts[index.part]
        let info = part.tensors[index.tensor]
        guard let type = info.elementType, let count = try info.byteCount() else {
            let known = ElementType.allCases.map(\.name).joined(separator: ", ")
            throw FileError(
                "\(part.url.path): tensor \(name) has the element type \(info.typeName); readable are \(known)")
        }
        let start = part.dataStart + info.offset
        return try StoredTensor(
            name: name, shape: info.shape, elementType: type, bytes: part.bytes[start..<start + count])
    }

    /// What the file says about a tensor, readable or not: the shape outermost first and the element type's name.
    ///
    /// - Throws: `FileError` when there is none of that name.
    public func summary(of name: String) throws -> (shape: [Int], typeName: String) {
        guard let index = indices[name] else { throw missing(name, in: url.path) }
        let tensor = parts[index.part].tensors[index.tensor]
        return (tensor.shape, tensor.typeName)
    }
}
