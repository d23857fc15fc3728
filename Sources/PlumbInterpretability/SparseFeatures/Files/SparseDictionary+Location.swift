public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbTensor

extension SparseDictionary {
    /// Reads a dictionary wherever its files say what it is: a folder of SAELens, a file of Gemma Scope or a folder with its
    /// `params.npz`, one layer of a folder of circuit-tracer, or a run's folder that has one such folder among its artifacts.
    ///
    /// - Parameters:
    ///   - url: the file or folder.
    ///   - point: where a file of Gemma Scope takes its activations from; of others it must be what they say.
    ///   - layer: which transcoder of a folder of circuit-tracer.
    /// - Throws: `FileError` naming the file and what is wrong with it, or what must be said beside it.
    public init(contentsOf url: URL, point: HookPoint? = nil, layer: Int? = nil) throws {
        func has(_ name: String, in folder: URL) -> Bool {
            FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw FileError("cannot read \(url.path): there is no such file or folder")
        }
        if isFolder.boolValue, has("cfg.json", in: url) {
            self = try SparseDictionary(saeLens: url)
        } else if isFolder.boolValue, has("config.yaml", in: url) {
            let all = try TranscoderFolder(contentsOf: url).transcoders
            guard let layer, all.indices.contains(layer) else {
                throw FileError(
                    "\(url.path) has \(all.count) transcoders, one a layer: give --layer, from 0 to \(all.count - 1)")
            }
            self = all[layer]
        } else if !isFolder.boolValue || has("params.npz", in: url) {
            let file = isFolder.boolValue ? url.appendingPathComponent("params.npz") : url
            guard ["npz", "safetensors"].contains(file.pathExtension) else {
                throw FileError(
                    "\(file.path) is no dictionary: one is a folder with cfg.json, or a file that ends in .npz or "
                        + ".safetensors")
            }
            guard file.lastPathComponent != "sae_weights.safetensors" else {
                throw FileError("\(file.path) is part of a folder of SAELens: name the folder, which has cfg.json")
            }
            guard let point else {
                throw FileError(
                    "\(file.path) does not say which activations it is of: give --point, such as "
                        + "blocks.12.hook_resid_post")
            }
            self = try SparseDictionary(gemmaScope: file, input: point)
        } else {
            let found = try url.onlyFolder(with: ["cfg.json", "config.yaml"], of: "dictionary")
            self = try SparseDictionary(contentsOf: found, point: point, layer: layer)
        }
        if let point, point != input {
            throw FileError("\(url.path) is of \(input), not of \(point)")
        }
    }
}

extension URL {
    /// The one folder in a folder, such as a run's, that has a file of one of some names.
    ///
    /// - Throws: `FileError` where there is none, or more than one.
    func onlyFolder(with names: [String], of kind: String) throws -> URL {
        func folders(_ url: URL, depth: Int) -> [URL] {
            let inside = (try? FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)) ?? []
            if inside.contains(where: { names.contains($0.lastPathComponent) }) { return [url] }
            guard depth > 0 else { return [] }
            return inside.filter { url in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
            }.flatMap { folders($0, depth: depth - 1) }
        }
        guard FileManager.default.fileExists(atPath: path) else {
            throw FileError("cannot read \(path): there is no such file or folder")
        }
        let found = folders(self, depth: 3).sorted { $0.path < $1.path }
        guard let first = found.first else {
            throw FileError("\(path) holds no \(kind): no folder in it has \(names.joined(separator: " or "))")
        }
        guard found.count == 1 else {
            let paths = found.prefix(4).map(\.path).joined(separator: ", ")
            throw FileError("\(path) holds \(found.count) folders of that kind: name one of \(paths)")
        }
        return first
    }
}
