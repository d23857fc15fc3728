public import Foundation
internal import PlumbData
public import PlumbNN
internal import PlumbRecords
public import PlumbTensor

/// A small model that one safetensors file holds whole: tensors by their parameters' names, and in the file's metadata
/// what the tensors' shapes do not say.
///
/// `plumb run` keeps what it trained so; ``load(_:)`` reads it:
/// ```swift
/// let policy = try MazePolicy.load("runs/20261129-101500-policy-steering-3f2a")
/// ```
public protocol SavableModel: ParameterTree {
    /// What the tensors' shapes do not say, as the number of heads; empty for most models.
    var traits: [String: String] { get }

    /// The model that the file holds.
    ///
    /// - Throws: ``ModelError`` where the file's tensors do not fit together.
    init(_ file: ModelFile) throws
}

extension SavableModel {
    /// Nothing: the tensors' shapes say everything.
    public var traits: [String: String] { [:] }

    /// Writes the model as one safetensors file, replaced whole or not at all.
    ///
    /// - Throws: an error of the file system.
    public func save(to url: URL) throws {
        let metadata = traits.merging(["format": "pt", ModelFile.kindKey: ModelFile.kind(of: Self.self)]) { $1 }
        var writer = SafetensorsWriter(metadata: metadata)
        for (name, tensor) in parameters + state { writer.add(name, tensor) }
        try writer.write(to: url)
    }

    /// Reads a model that ``save(to:)`` or a run wrote.
    ///
    /// - Parameter place: a safetensors file; or a run that kept one model of this kind: its folder, `latest`, or the
    ///   beginning of its id.
    /// - Throws: ``ModelError``, `FileError` or `RunStoreError` saying what was found and what would be read.
    public static func load(_ place: String) throws -> Self {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: place, isDirectory: &isFolder), !isFolder.boolValue {
            return try load(file: URL(fileURLWithPath: place))
        }
        let run = try RunStore.standard.find(place).url
        let files = try KeptModel.all(in: run.appendingPathComponent(RunStore.artifactsName)).filter {
            !$0.isFolder
                && (try? SafetensorsFile(contentsOf: $0.url).metadata[ModelFile.kindKey]) == ModelFile.kind(of: self)
        }
        guard let only = files.first, files.count == 1 else {
            let names = files.prefix(8).map(\.url.path).joined(separator: ", ")
            throw ModelError(
                files.isEmpty
                    ? "\(run.path) keeps no \(ModelFile.kind(of: self))"
                    : "\(run.path) keeps \(files.count) models of this kind: load one of \(names)"
                        + (files.count > 8 ? ", …" : ""))
        }
        return try load(file: only.url)
    }

    private static func load(file url: URL) throws -> Self {
        let file = try ModelFile(url)
        guard file.kind == ModelFile.kind(of: self) else {
            throw ModelError(
                "\(url.path) holds \(file.kind.map { "a \($0)" } ?? "tensors of no named model"), not a "
                    + ModelFile.kind(of: self))
        }
        let model = try Self(file)
        let known = Set((model.parameters + model.state).map(\.name))
        if let extra = file.names.first(where: { !known.contains($0) }) {
            throw ModelError("\(url.path) holds a tensor \(extra), which a \(ModelFile.kind(of: self)) has not")
        }
        return model
    }
}

extension SavableModel {
    /// What training leaves in the model without moving it, with its names.
    fileprivate var state: [(name: String, tensor: Tensor)] {
        var (copy, state) = (self, [(name: String, tensor: Tensor)]())
        copy.forEach(.state) { path, tensor in state.append((path.description, tensor)) }
        return state
    }
}

/// The safetensors file of a ``SavableModel``, read by the names of its parameters.
public struct ModelFile {
    static let kindKey = "plumbline.model"
    static func kind(of type: Any.Type) -> String { "\(type)" }

    private let file: SafetensorsFile

    /// Opens and checks the file at `url`.
    ///
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(_ url: URL) throws { file = try SafetensorsFile(contentsOf: url) }

    /// The type of model that the file names; nil where it names none.
    public var kind: String? { file.metadata[Self.kindKey] }
    /// The names of the tensors.
    public var names: [String] { file.names }

    /// The tensor of that name in float32, whose shape must be `shape` where a size is not nil.
    ///
    /// - Throws: ``ModelError`` for another shape; `FileError` where there is no such tensor.
    public func tensor(_ name: String, _ shape: [Int?]) throws -> Tensor {
        let stored = try file.tensor(name)
        let fits = stored.shape.count == shape.count && zip(stored.shape, shape).allSatisfy { $1 == nil || $0 == $1 }
        guard fits, !stored.shape.contains(0) else {
            let requested = shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
            throw ModelError("\(file.url.path): \(name) has shape \(stored.shape), where [\(requested)] belongs")
        }
        return stored.dequantized()
    }

    /// The linear layer of that name, with a bias where the file has one.
    ///
    /// - Throws: ``ModelError`` where its sizes are others than those given.
    public func linear(_ name: String, inputs: Int? = nil, outputs: Int? = nil) throws -> Linear {
        let weight = try tensor(name + ".weight", [outputs, inputs])
        let bias = file.contains(name + ".bias") ? try tensor(name + ".bias", [weight.shape[0]]) : nil
        return Linear(weight: Weight(weight), bias: bias)
    }

    /// What the metadata say about the model under `name`.
    ///
    /// - Throws: ``ModelError`` where it is missing or cannot be read.
    public func trait<Value: LosslessStringConvertible>(_ name: String, as type: Value.Type) throws -> Value {
        guard let text = file.metadata[name], let value = Value(text) else {
            throw ModelError(
                "\(file.url.path) should say what \(name) is in its metadata, and says \(file.metadata[name] ?? "nothing")"
            )
        }
        return value
    }

    /// Whether the file has a tensor of that name.
    public func contains(_ name: String) -> Bool { file.contains(name) }
}
