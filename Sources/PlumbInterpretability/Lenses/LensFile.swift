internal import Foundation
internal import PlumbData
internal import PlumbModels
internal import PlumbTensor

/// A lens as a safetensors file: matrices by layer, and in the metadata which kind of lens it is and for which sizes.
enum LensFile {
    /// Writes tensors, whole or not at all.
    ///
    /// - Throws: `FileError` when the file cannot be written.
    static func write(_ tensors: [(name: String, tensor: Tensor)], kind: String, width: Int, to url: URL) throws {
        var writer = SafetensorsWriter(metadata: ["kind": kind, "width": "\(width)"])
        for (name, tensor) in tensors { writer.add(name, tensor) }
        try writer.write(to: url)
    }

    /// A file of this kind.
    ///
    /// - Throws: `FileError` for a file that is no safetensors file; `ModelError` for one of another kind.
    static func read(_ url: URL, kind: String) throws -> SafetensorsFile {
        let file = try SafetensorsFile(contentsOf: url)
        guard file.metadata["kind"] == kind else {
            let found =
                file.metadata["kind"].map { "is of the kind \"\($0)\"" } ?? "does not say what kind of lens it is"
            throw ModelError("\(url.path) is no \(kind): it \(found)")
        }
        return file
    }

    /// A tensor of a shape.
    ///
    /// - Throws: `ModelError` for another shape, and for numbers that are not finite.
    static func tensor(_ name: String, shape: [Int], in file: SafetensorsFile) throws -> Tensor {
        let found = try file.summary(of: name).shape
        guard found == shape else {
            throw ModelError("\(name) of \(file.url.path) has shape \(found) where \(shape) belongs")
        }
        let tensor = try file.tensor(name).dequantized()
        guard tensor.isFinite else { throw ModelError("\(name) of \(file.url.path) holds numbers that are not finite") }
        return tensor
    }

    /// The width of the streams that a lens reads.
    ///
    /// - Throws: `ModelError` where the first tensor is no square matrix.
    static func width(of name: String, in file: SafetensorsFile) throws -> Int {
        let shape = try file.summary(of: name).shape
        guard shape.count == 2, shape[0] == shape[1], shape[0] > 0 else {
            throw ModelError("\(name) of \(file.url.path) has shape \(shape) where a square matrix belongs")
        }
        return shape[0]
    }

    /// Refuses a model of other sizes than a lens was made for.
    ///
    /// - Throws: `ModelError` naming both.
    static func check(_ model: HookedTransformer, title: String, layers: Int, width: Int) throws {
        let sizes = model.configuration
        guard sizes.layers == layers, sizes.width == width else {
            throw ModelError(
                "the \(title) is for a model of \(layers) layers and width \(width); \(model.name) has \(sizes.layers) "
                    + "layers and width \(sizes.width)")
        }
    }
}
