public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// A model's weights in one folder: `model.safetensors`, or shards listed by `model.safetensors.index.json`.
public struct SafetensorsCheckpoint: TensorSource {
    /// Where the files are.
    public let folder: URL
    /// Every tensor's name, in the order of the files.
    public let names: [String]
    /// The files, each once.
    public let files: [SafetensorsFile]

    private let shards: [String: Int]

    /// The name of the list of shards.
    static let indexName = "model.safetensors.index.json"

    /// Opens the checkpoint in `folder` and checks every shard's header, and that the shards hold what the list says.
    ///
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(folder: URL) throws {
        self.folder = folder
        let index = folder.appendingPathComponent(SafetensorsCheckpoint.indexName)
        let isSharded = FileManager.default.fileExists(atPath: index.path)
        let placement = isSharded ? try SafetensorsCheckpoint.placement(index) : [:]
        let fileNames = isSharded ? Set(placement.values).sorted() : [try SafetensorsCheckpoint.onlyFile(in: folder)]
        files = try fileNames.map { try SafetensorsFile(contentsOf: folder.appendingPathComponent($0)) }
        var shards: [String: Int] = [:]
        var names: [String] = []
        for (number, file) in files.enumerated() {
            for name in file.names {
                if let other = shards.updateValue(number, forKey: name) {
                    throw FileError("tensor \(name) is in both \(files[other].url.path) and \(file.url.path)")
                }
                names.append(name)
            }
        }
        for (name, fileName) in placement.sorted(by: { $0.key < $1.key }) where shards[name] == nil {
            throw FileError("\(index.path) lists tensor \(name) in \(fileName), which does not hold it")
        }
        self.names = names
        self.shards = shards
    }

    /// Whether there is a tensor of that name.
    public func contains(_ name: String) -> Bool { shards[name] != nil }

    /// The tensor called `name`.
    ///
    /// - Throws: `FileError` when there is none of that name, or when its element type cannot be read.
    public func tensor(_ name: String) throws -> StoredTensor {
        guard let shard = shards[name] else { throw missing(name, in: folder.path) }
        return try files[shard].tensor(name)
    }

    private static func onlyFile(in folder: URL) throws -> String {
        let plain = "model.safetensors"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        if names.contains(plain) { return plain }
        let candidates = names.filter { $0.hasSuffix(".safetensors") }.sorted()
        guard let only = candidates.first, candidates.count == 1 else {
            let found = candidates.isEmpty ? "no .safetensors file" : candidates.joined(separator: ", ")
            throw FileError("\(folder.path) should hold \(plain) or \(indexName); found \(found)")
        }
        return only
    }

    private struct Index: Decodable {
        let weightMap: [String: String]
        enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }

    /// Tensor name to file name. File names must stay inside the folder.
    private static func placement(_ url: URL) throws -> [String: String] {
        let index: Index
        let data: Data
        do { data = try WholeFile.read(url, limit: SafetensorsHeader.maximumLength) } catch {
            throw FileError("cannot read \(url.path): \(error)")
        }
        try GitLFS.refusePointer(data, at: url)
        do {
            index = try JSONDecoder().decode(Index.self, from: data)
        } catch {
            throw FileError("\(url.path) should hold a JSON object with a weight_map of tensor to file name")
        }
        for name in index.weightMap.values {
            guard name.hasSuffix(".safetensors"), !name.contains("/"), !name.contains("\\"), !name.contains("\0") else {
                throw FileError("\(url.path) names the file \(name), which is not a .safetensors file beside it")
            }
        }
        return index.weightMap
    }
}
