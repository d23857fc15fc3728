/// The sizes of a decoder-only transformer.
public struct TransformerConfiguration: Sendable, Equatable, Codable {
    /// `llama` or `gpt2`.
    public var architecture: String
    /// `L`, the number of blocks.
    public var layers: Int
    /// `D`, the width of the residual stream.
    public var width: Int
    /// `H`, query heads per block.
    public var heads: Int
    /// `G`, key-value heads per block; each serves `H / G` query heads.
    public var keyValueHeads: Int
    /// `K`, features per head.
    public var headWidth: Int
    /// `F`, neurons per MLP.
    public var mlpWidth: Int
    /// `V`, tokens in the vocabulary.
    public var vocabulary: Int
    /// The largest number of positions.
    public var context: Int

    public init(
        architecture: String, layers: Int, width: Int, heads: Int, keyValueHeads: Int, headWidth: Int, mlpWidth: Int,
        vocabulary: Int, context: Int
    ) {
        self.architecture = architecture
        self.layers = layers
        self.width = width
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headWidth = headWidth
        self.mlpWidth = mlpWidth
        self.vocabulary = vocabulary
        self.context = context
    }

    /// Refuses sizes that no transformer has, before anything is allocated by them.
    ///
    /// - Throws: ``ModelError`` naming the size.
    func validated() throws -> TransformerConfiguration {
        let sizes = [
            ("layers", layers, 1 << 12), ("width", width, 1 << 20), ("heads", heads, 1 << 14),
            ("key-value heads", keyValueHeads, 1 << 14), ("head width", headWidth, 1 << 14),
            ("MLP width", mlpWidth, 1 << 22), ("vocabulary", vocabulary, 1 << 26), ("context", context, 1 << 28),
        ]
        for (name, value, limit) in sizes where value < 1 || value > limit {
            throw ModelError("the model's configuration gives \(value) for \(name); it must lie in 1...\(limit)")
        }
        guard heads % keyValueHeads == 0 else {
            throw ModelError("\(heads) query heads cannot share \(keyValueHeads) key-value heads evenly")
        }
        guard architecture != "gpt2" || heads * headWidth == width else {
            throw ModelError("a width of \(width) cannot be shared by \(heads) heads evenly")
        }
        guard architecture != "llama" || headWidth % 2 == 0 else {
            throw ModelError("a head width of \(headWidth) is odd; rotary positions turn features in pairs")
        }
        return self
    }
}

/// Something is wrong with a model or a request to it: what was found, and what would be accepted.
public struct ModelError: Error, CustomStringConvertible, Equatable {
    public let description: String
    public init(_ description: String) { self.description = description }
}
