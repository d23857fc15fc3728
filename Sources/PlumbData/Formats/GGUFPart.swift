internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// One file of a GGUF model: all of it, or one part of several.
struct GGUFPart: Sendable {
    let url: URL
    let bytes: MappedBytes
    let version: Int
    let alignment: Int
    let metadata: [String: GGUFValue]
    let metadataKeys: [String]
    let tensors: [GGUFTensorInfo]
    let dataStart: Int

    /// Checks everything that the header says.
    ///
    /// - Throws: `FileError` naming the file and what is wrong with it.
    init(_ bytes: MappedBytes, url: URL) throws {
        try GitLFS.refusePointer(bytes, at: url)
        do {
            let header = try bytes.withUnsafeBytes { try GGUFHeader($0) }
            let alignment = try Self.alignment(in: header.metadata)
            let layout = GGUFLayout(fileSize: bytes.count, headerEnd: header.end, alignment: alignment)
            dataStart = try layout.check(header.tensors)
            self.url = url
            self.bytes = bytes
            self.alignment = alignment
            version = header.version
            metadata = header.metadata
            metadataKeys = header.keys
            tensors = header.tensors
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

    // MARK: Parts of one model

    /// All the parts of the model that this file is a part of, in order.
    ///
    /// - Throws: `FileError` where the file is a part of several and another is missing or does not belong to it.
    func withOtherParts() throws -> [GGUFPart] {
        guard let count = metadata["split.count"]?.integer, count > 1 else { return [self] }
        guard let name = GGUFPartName(url.lastPathComponent), name.count == count else {
            throw FileError(
                "\(url.path) is one of \(count) parts of a model (split.count), but its name does not say which: parts are "
                    + "named like model-00001-of-00002.gguf and lie beside each other")
        }
        let folder = url.deletingLastPathComponent()
        let urls = name.all.map(folder.appendingPathComponent)
        if let missing = urls.first(where: { !FileManager.default.fileExists(atPath: $0.path) }) {
            throw FileError(
                "\(url.path) is one of \(count) parts of a model (split.count), and \(missing.lastPathComponent) is not beside "
                    + "it: fetch all of them into one folder")
        }
        return try urls.enumerated().map { index, other in
            let part = other == url ? self : try GGUFPart(try MappedBytes(contentsOf: other), url: other)
            guard part.metadata["split.count"]?.integer == count, part.metadata["split.no"]?.integer == index else {
                throw FileError(
                    "\(other.path) does not say that it is part \(index + 1) of \(count) (split.no, split.count): the parts do "
                        + "not belong together; download them again")
            }
            return part
        }
    }
}

/// The name of a part of a model: `model-00001-of-00002.gguf`.
struct GGUFPartName: Equatable {
    let stem: String
    /// Counted from 1.
    let number: Int
    let count: Int

    /// nil where the name is not that of a part.
    init?(_ name: String) {
        guard let match = name.wholeMatch(of: /(.*)-([0-9]{5})-of-([0-9]{5})\.gguf/.ignoresCase()),
            let number = Int(match.2), let count = Int(match.3), number >= 1, number <= count
        else { return nil }
        (stem, self.number, self.count) = (String(match.1), number, count)
    }

    /// The names of all parts in order.
    var all: [String] {
        func digits(_ value: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, 5 - text.count)) + text
        }
        return (1...count).map { "\(stem)-\(digits($0))-of-\(digits(count)).gguf" }
    }

    /// The first part where `names` are the parts of one model and nothing else; nil otherwise.
    static func first(ofParts names: [String]) -> String? {
        guard let first = names.min(), let name = GGUFPartName(first), name.all == names.sorted() else { return nil }
        return first
    }
}
