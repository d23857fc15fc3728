internal import Foundation
public import PlumbModels

extension FitSession {
    /// Keeps a trained language model in the run's folder, to be loaded by `HookedTransformer.load`; nothing happens
    /// where the session keeps no models.
    ///
    /// - Parameter name: names the folder; what is no letter or digit becomes a hyphen.
    /// - Throws: what `HookedTransformer.save(to:)` throws.
    public func keep(_ model: HookedTransformer, as name: String) throws {
        guard let folder = models?.appendingPathComponent(Self.fileName(name)) else { return }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try model.save(to: folder)
    }

    /// Keeps a trained model in the run's folder as one safetensors file, to be loaded by its type's `load`; nothing
    /// happens where the session keeps no models.
    ///
    /// - Parameter name: names the file; what is no letter or digit becomes a hyphen.
    /// - Throws: an error of the file system.
    public func keep(_ model: some SavableModel, as name: String) throws {
        guard let models else { return }
        try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
        try model.save(to: models.appendingPathComponent(Self.fileName(name) + ".safetensors"))
    }

    /// `initialization 3, no ReLU` as `initialization-3-no-ReLU`.
    private static func fileName(_ name: String) -> String {
        name.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".")) }.joined(separator: "-")
    }
}
