internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbModels
internal import PlumbTensor

/// The tensors of a file by name, with sentences for what is wrong with them.
struct NamedTensors {
    let path: String
    let names: [String]
    private let read: (String) throws -> Tensor

    /// Opens a file in the format safetensors.
    init(safetensors url: URL) throws {
        let file = try SafetensorsFile(contentsOf: url)
        (path, names) = (url.path, file.names)
        read = { try file.tensor($0).dequantized() }
    }

    /// Opens an archive of NumPy's arrays.
    init(npz url: URL) throws {
        let file = try NPZFile(contentsOf: url)
        (path, names) = (url.path, file.names)
        read = { try file.array($0).tensor() }
    }

    func contains(_ name: String) -> Bool { names.contains(name) }

    /// The tensor called `name`, of any shape.
    func tensor(_ name: String) throws -> Tensor {
        guard contains(name) else {
            let known = names.isEmpty ? "no tensor" : visible(names.prefix(12).joined(separator: ", "), limit: 200)
            throw error("it has no tensor \(name); it has \(known)")
        }
        return try read(name)
    }

    /// The tensor called `name`, whose shape must be `shape`.
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        let found = try tensor(name)
        guard found.shape == shape else {
            let isExchanged = shape.count == 2 && found.shape == shape.reversed()
            throw error(
                "\(name) is \(found.shape), not \(shape)\(isExchanged ? ": its axes are exchanged; transpose it" : "")")
        }
        return found
    }

    func error(_ problem: String) -> FileError { FileError("\(path): \(problem)") }

    /// What `body` makes of the tensors; a dictionary that refuses them names the file.
    func dictionary(_ body: () throws -> SparseDictionary) throws -> SparseDictionary {
        do { return try body() } catch let problem as ModelError { throw error(problem.description) }
    }
}
