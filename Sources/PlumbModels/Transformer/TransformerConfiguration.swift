internal import PlumbNN

/// The sizes of a decoder-only transformer.
public struct TransformerConfiguration: Sendable, Equatable, Codable {
    /// The family of the model.
    public var architecture: Architecture
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
    /// `F`, neurons per MLP; 0 in an attention-only model.
    public var mlpWidth: Int
    /// `V`, tokens in the vocabulary.
    public var vocabulary: Int
    /// The largest number of positions.
    public var context: Int

    /// Sizes of a model; what is not given follows from the others as is usual for the architecture: heads that share
    /// the width and nothing else, and MLPs of four times the width, or 8/3 of it (in multiples of 8) where they are
    /// gated.
    public init(
        architecture: Architecture, layers: Int, width: Int, heads: Int, keyValueHeads: Int? = nil,
        headWidth: Int? = nil,
        mlpWidth: Int? = nil, vocabulary: Int, context: Int
    ) {
        self.architecture = architecture
        self.layers = layers
        self.width = width
        self.heads = heads
        self.keyValueHeads = keyValueHeads ?? heads
        self.headWidth = headWidth ?? width / max(1, heads)
        self.mlpWidth = mlpWidth ?? Self.usualMLPWidth(architecture, width: width)
        self.vocabulary = vocabulary
        self.context = context
    }

    private static func usualMLPWidth(_ architecture: Architecture, width: Int) -> Int {
        let kind = architecture.family.kind
        guard architecture != .attentionOnly else { return 0 }
        let four = width.multipliedReportingOverflow(by: 4).partialValue
        return kind.isGated ? (width.multipliedReportingOverflow(by: 8).partialValue / 3 + 7) / 8 * 8 : four
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
            if name == "MLP width", value == 0, architecture == .attentionOnly { continue }
            throw ModelError("the model's configuration gives \(value) for \(name); it must lie in 1...\(limit)")
        }
        guard architecture != .attentionOnly || mlpWidth == 0 else {
            throw ModelError("an attention-only model has no MLP, but its configuration gives it \(mlpWidth) neurons")
        }
        let kind = architecture.family.kind
        guard kind.sharesKeys || heads == keyValueHeads else {
            throw ModelError(
                "the heads of \(architecture.rawValue) do not share keys: key-value heads must be \(heads) too")
        }
        guard heads % keyValueHeads == 0 else {
            throw ModelError("\(heads) query heads cannot share \(keyValueHeads) key-value heads evenly")
        }
        guard kind.hasFreeHeadWidth || architecture == .attentionOnly || heads * headWidth == width else {
            throw ModelError("a width of \(width) cannot be shared by \(heads) heads evenly")
        }
        switch kind.rotation {
        case .all where headWidth % 2 != 0:
            throw ModelError("a head width of \(headWidth) is odd; rotary positions turn features in pairs")
        case .some where headWidth < 2:
            throw ModelError("a head width of \(headWidth) is too small; rotary positions turn features in pairs")
        case .all, .some, .none: break
        }
        return self
    }
}

extension TransformerConfiguration {
    /// An empty cache of keys and values.
    func keyValueCache(capacity: Int) -> KeyValueCache {
        KeyValueCache(blocks: layers, keyValueHeads: keyValueHeads, headWidth: headWidth, capacity: capacity)
    }
}

/// Something is wrong with a model or a request to it: what was found, and what would be accepted.
public struct ModelError: Error, CustomStringConvertible, Equatable {
    /// One sentence: what was found, what would be accepted, what to do.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}
