public import Foundation
internal import PlumbData
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

extension RewardModel {
    /// The file beside a saved model that holds the head: `weight` `[1, D]` and `bias` `[1]`.
    public static let headFile = "reward_head.safetensors"

    /// Writes the reward as a folder: the model as `HookedTransformer.save(to:)` writes it, and ``headFile``.
    ///
    /// The reward of a text is `weight · h + bias`, with h the last hidden state at the text's last token, after the final
    /// normalization: `AutoModel` of `transformers` gives it as `last_hidden_state[0, -1]`.
    ///
    /// - Throws: `ModelError` for what `config.json` cannot say; an error of the file system.
    public func save(folder: URL) throws {
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        writer.add("weight", head.weight.tensor())
        writer.add("bias", head.bias ?? .zeros([1]))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // The weights of the model are last: a folder that holds them is whole.
        try writer.write(to: folder.appendingPathComponent(Self.headFile))
        try trunk.save(to: folder)
    }

    /// Reads what ``save(folder:)`` wrote.
    ///
    /// - Throws: `ModelError` or `FileError` naming what is missing or does not fit.
    public static func load(folder path: String) async throws -> RewardModel {
        let url = URL(fileURLWithPath: path).appendingPathComponent(headFile)
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw ModelError(
                "\(path) holds no reward model: it has no \(headFile), which a training of a reward writes beside the model"
            )
        }
        let trunk = try await HookedTransformer.load(path)
        let file = try ModelFile(url)
        let (width, weight) = (trunk.configuration.width, try file.tensor("weight", [1, trunk.configuration.width]))
        let head = Linear(weight: Weight(weight), bias: try file.tensor("bias", [1]))
        guard weight.isFinite, head.bias?.isFinite == true else {
            throw ModelError("\(url.path) holds numbers that are not finite in its \(width) weights or its bias")
        }
        return RewardModel(trunk: trunk, head: head)
    }
}
