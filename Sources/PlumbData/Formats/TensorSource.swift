internal import PlumbBasics
public import PlumbTensor

/// Something that holds named tensors: a GGUF file, a safetensors file, or a folder of them.
public protocol TensorSource: Sendable {
    /// Every tensor's name, in the order of the file.
    var names: [String] { get }

    /// Whether there is a tensor of that name.
    func contains(_ name: String) -> Bool

    /// The tensor called `name`.
    ///
    /// - Throws: `FileError` when there is none of that name, or when its element type cannot be read.
    func tensor(_ name: String) throws -> StoredTensor
}

extension TensorSource {
    /// A sentence for a name that is not there, with the nearest ones that are.
    func missing(_ name: String, in place: String) -> FileError {
        let near = closestMatches(to: name, in: names)
        guard near.isEmpty else {
            return FileError("\(place) holds no tensor \(name); the nearest names are \(near.joined(separator: ", "))")
        }
        let all = names.count <= 5 && !names.isEmpty ? ": " + names.joined(separator: ", ") : ""
        return FileError("\(place) holds no tensor \(name) (it holds \(names.count)\(all))")
    }
}
