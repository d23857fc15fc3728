internal import Foundation
internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// A reward of whole texts: a transformer, and a linear head that reads its last position.
///
/// After Stiennon et al. 2020, *Learning to summarize from human feedback* (arXiv:2009.01325). Comparisons fix neither its
/// zero nor its scale: ``normalized(on:)`` sets both on texts at hand.
public struct RewardModel: ParameterTree {
    /// The transformer whose features the head reads; its own unembedding is not used.
    public var trunk: HookedTransformer
    /// From D features to one number.
    public var head: Linear

    /// A reward that begins with a transformer's features and a random head.
    public init(_ trunk: HookedTransformer, key: RandomKey) {
        self.init(trunk: trunk, head: Linear(inputs: trunk.configuration.width, outputs: 1, key: key["head"]))
    }

    init(trunk: HookedTransformer, head: Linear) { (self.trunk, self.head) = (trunk, head) }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("trunk", &trunk)
        visitor("head", &head)
    }

    /// The reward of each text, read at its last token; gradients flow to the parameters where they are watched.
    ///
    /// - Shapes: result `[B]`.
    /// - Precondition: no text is empty, all fit the context and the vocabulary.
    public func rewards(batch: [[Int]]) -> Tensor {
        require(batch.allSatisfy { !$0.isEmpty }, "an empty text has no reward")
        var (last, end) = ([Int](), -1)
        for text in batch {
            end += text.count
            last.append(end)
        }
        return head(trunk.features(batch: batch).gathered(last)).reshaped([batch.count])
    }

    /// The rewards of texts too many for one pass, as plain numbers.
    ///
    /// - Parameter rows: texts in a pass.
    public func scores(_ texts: [[Int]], rows: Int = 64) -> [Double] {
        require(rows > 0, "a pass needs rows, got \(rows)")
        return stride(from: 0, to: texts.count, by: rows).flatMap { first in
            rewards(batch: Array(texts[first..<min(first + rows, texts.count)])).elements.map(Double.init)
        }
    }

    /// The same reward moved and scaled to mean 0 and standard deviation 1 over `texts`, which changes no comparison.
    public func normalized(on texts: [[Int]]) -> RewardModel {
        let scores = scores(texts)
        let (mean, deviation) = (Statistics.mean(scores), Statistics.centered(scores).deviation)
        guard deviation > 0 else { return self }
        var copy = self
        copy.head = Linear(
            weight: Weight(head.weight.tensor() * Float(1 / deviation)),
            bias: (head.bias ?? .zeros([1])) * Float(1 / deviation) - Float(mean / deviation))
        return copy
    }
}

extension RewardModel: SavableModel {
    /// The transformer's sizes, as JSON.
    public var traits: [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try? encoder.encode(trunk.configuration)
        return ["configuration": data.map { String(decoding: $0, as: UTF8.self) } ?? ""]
    }

    /// The reward that the file holds.
    ///
    /// - Throws: `ModelError` where its sizes cannot be read or its tensors do not fit them.
    public init(_ file: ModelFile) throws {
        let text = try file.trait("configuration", as: String.self)
        guard let sizes = try? JSONDecoder().decode(TransformerConfiguration.self, from: Data(text.utf8)) else {
            throw ModelError("the configuration of a reward model cannot be read: \(text)")
        }
        let isTied = !file.names.contains { $0.hasSuffix("lm_head.weight") }
        var trunk = try HookedTransformer(sizes, key: RandomKey(0), isTied: isTied)
        var failure: (any Error)?
        trunk.forEachParameter { path, tensor in
            do {
                tensor = try file.tensor("trunk.\(path)", tensor.shape)
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        self.init(trunk: trunk, head: try file.linear("head", inputs: sizes.width, outputs: 1))
    }
}
