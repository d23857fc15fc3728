/// A place in a model's forward pass where an activation can be read or replaced.
///
/// Its spelling is TransformerLens's: `blocks.3.hook_resid_pre`, `blocks.3.attn.hook_z`, `ln_final.hook_normalized`.
/// A hook point is a value: written in code (`.block(3, .mlpOut)`), printed, typed at the command line, stored in a
/// record, used as a dictionary key.
public struct HookPoint: Hashable, Sendable, Codable, LosslessStringConvertible {
    /// The block, or nil for a place outside the blocks.
    public let block: Int?
    /// What is computed there.
    public let site: Site

    private init(block: Int?, site: Site) {
        self.block = block
        self.site = site
    }

    /// A place inside block `index`, counted from 0.
    public static func block(_ index: Int, _ site: Site) -> HookPoint { HookPoint(block: index, site: site) }

    /// A place outside the blocks.
    public static func outside(_ site: Site) -> HookPoint { HookPoint(block: nil, site: site) }

    /// The token embedding, `[T, D]`.
    public static let embed = outside(.embed)
    /// The learned position embedding, `[T, D]`; absent from models with rotary positions.
    public static let positionEmbed = outside(.positionEmbed)
    /// The scale of the last normalization, `[T, 1]`.
    public static let finalScale = outside(.finalScale)
    /// The residual stream after the last normalization, `[T, D]`.
    public static let finalNormalized = outside(.finalNormalized)
    /// The logits, `[T, V]`.
    public static let logits = outside(.logits)

    public var description: String { block.map { "blocks.\($0).\(site.rawValue)" } ?? site.rawValue }

    /// Reads a hook name. Sites may be short: `blocks.3.z` is `blocks.3.attn.hook_z`; outside the blocks, names that are not
    /// known here are those of other models, and contain `hook_`.
    public init?(_ description: String) {
        guard description.hasPrefix("blocks.") else {
            guard let site = Site(named: description), !Site.insideBlock.contains(site) else { return nil }
            self = .outside(site)
            return
        }
        let rest = description.dropFirst("blocks.".count)
        guard let dot = rest.firstIndex(of: "."), let block = Int(rest[..<dot]), block >= 0,
            let site = Site(named: String(rest[rest.index(after: dot)...])), !site.isOutsideBlocks
        else { return nil }
        self = .block(block, site)
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let point = HookPoint(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(text) is not a hook point"))
        }
        self = point
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// What a hook point shows, whichever block it is in. Open: another model or a client can add its own.
///
/// The raw value is the rest of TransformerLens's hook name, `attn.hook_z`; ``shortName`` is what tables and the
/// command line use, `z`.
///
/// Shapes are of one prompt of `T` tokens; runs of several prompts have `B` in front. `H` is query heads, `G` key-value
/// heads, `K` head width.
public struct Site: RawRepresentable, Hashable, Sendable, Codable {
    /// The name, without the block: `attn.hook_z`.
    public let rawValue: String
    /// A site of any name; nothing checks that a model has it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The residual stream that enters the block, `[T, D]`.
    public static let residPre = Site(rawValue: "hook_resid_pre")
    /// The residual stream between attention and MLP, `[T, D]`.
    public static let residMid = Site(rawValue: "hook_resid_mid")
    /// The residual stream that leaves the block, `[T, D]`.
    public static let residPost = Site(rawValue: "hook_resid_post")
    /// What attention adds to the residual stream, `[T, D]`.
    public static let attnOut = Site(rawValue: "hook_attn_out")
    /// What the MLP adds to the residual stream, `[T, D]`.
    public static let mlpOut = Site(rawValue: "hook_mlp_out")

    /// What the normalization before attention divides by, `[T, 1]`.
    public static let ln1Scale = Site(rawValue: "ln1.hook_scale")
    /// What attention reads: the residual stream after normalization, `[T, D]`.
    public static let ln1Normalized = Site(rawValue: "ln1.hook_normalized")
    /// What the normalization before the MLP divides by, `[T, 1]`.
    public static let ln2Scale = Site(rawValue: "ln2.hook_scale")
    /// What the MLP reads: the residual stream after normalization, `[T, D]`.
    public static let ln2Normalized = Site(rawValue: "ln2.hook_normalized")

    /// What the normalization after attention divides by, `[T, 1]`; of models that normalize what attention writes.
    public static let ln1PostScale = Site(rawValue: "ln1_post.hook_scale")
    /// What attention writes, after normalization and before its gain, `[T, D]`.
    public static let ln1PostNormalized = Site(rawValue: "ln1_post.hook_normalized")
    /// What the normalization after the MLP divides by, `[T, 1]`; of models that normalize what the MLP writes.
    public static let ln2PostScale = Site(rawValue: "ln2_post.hook_scale")
    /// What the MLP writes, after normalization and before its gain, `[T, D]`.
    public static let ln2PostNormalized = Site(rawValue: "ln2_post.hook_normalized")
    /// The stream after the block's last normalization, `[T, D]`; of encoders that normalize the stream itself.
    public static let normalizedResidPost = Site(rawValue: "hook_normalized_resid_post")

    /// Queries `[T, H, K]`, before any normalization or rotation.
    public static let q = Site(rawValue: "attn.hook_q")
    /// Keys `[T, G, K]`, before any normalization or rotation.
    public static let k = Site(rawValue: "attn.hook_k")
    /// Values `[T, G, K]`.
    public static let v = Site(rawValue: "attn.hook_v")
    /// What the normalization of queries divides by, `[T, H, 1]`, or `[T, 1, 1]` where a row is normalized whole.
    public static let queryNormScale = Site(rawValue: "attn.q_norm.hook_scale")
    /// Queries after normalization and before its gain, `[T, H, K]`, or `[T, 1, H · K]` where a row is normalized whole.
    public static let queryNormNormalized = Site(rawValue: "attn.q_norm.hook_normalized")
    /// What the normalization of keys divides by, `[T, G, 1]`, or `[T, 1, 1]` where a row is normalized whole.
    public static let keyNormScale = Site(rawValue: "attn.k_norm.hook_scale")
    /// Keys after normalization and before its gain, `[T, G, K]`, or `[T, 1, G · K]` where a row is normalized whole.
    public static let keyNormNormalized = Site(rawValue: "attn.k_norm.hook_normalized")
    /// Queries after rotation `[T, H, K]`; absent without rotary positions.
    public static let rotQ = Site(rawValue: "attn.hook_rot_q")
    /// Keys after rotation `[T, G, K]`; absent without rotary positions.
    public static let rotK = Site(rawValue: "attn.hook_rot_k")
    /// Attention scores before the softmax `[H, T, T]` (query, key); -∞ where a query must not look.
    public static let attnScores = Site(rawValue: "attn.hook_attn_scores")
    /// Attention probabilities `[H, T, T]` (query, key).
    public static let pattern = Site(rawValue: "attn.hook_pattern")
    /// What each head read, `[T, H, K]`.
    public static let z = Site(rawValue: "attn.hook_z")
    /// What each head adds to the residual stream, `[T, H, D]`; the output bias is not part of it.
    public static let result = Site(rawValue: "attn.hook_result")

    /// The MLP before its nonlinearity, `[T, F]`; the gate of a gated MLP.
    public static let mlpPre = Site(rawValue: "mlp.hook_pre")
    /// The linear half of a gated MLP, `[T, F]`.
    public static let mlpPreLinear = Site(rawValue: "mlp.hook_pre_linear")
    /// Softmax linear units before their normalization, `[T, F]`; of models that have them.
    public static let mlpMid = Site(rawValue: "mlp.hook_mid")
    /// What the normalization of softmax linear units divides by, `[T, 1]`.
    public static let mlpNormScale = Site(rawValue: "mlp.ln.hook_scale")
    /// Softmax linear units after normalization and before its gain, `[T, F]`.
    public static let mlpNormNormalized = Site(rawValue: "mlp.ln.hook_normalized")
    /// The MLP's neurons after the nonlinearity, and after their normalization where there is one, `[T, F]`.
    public static let mlpPost = Site(rawValue: "mlp.hook_post")

    /// The token embedding, `[T, D]`; outside the blocks.
    public static let embed = Site(rawValue: "hook_embed")
    /// The learned position embedding, `[T, D]`; outside the blocks, and absent from models with rotary positions.
    public static let positionEmbed = Site(rawValue: "hook_pos_embed")
    /// What the last normalization divides by, `[T, 1]`; outside the blocks.
    public static let finalScale = Site(rawValue: "ln_final.hook_scale")
    /// The residual stream after the last normalization, `[T, D]`; outside the blocks.
    public static let finalNormalized = Site(rawValue: "ln_final.hook_normalized")
    /// The logits, `[T, V]`; outside the blocks.
    public static let logits = Site(rawValue: "logits")

    /// The sites inside a block, in the order in which a forward pass meets them.
    public static let insideBlock: [Site] = [
        residPre, ln1Scale, ln1Normalized, q, k, v, queryNormScale, queryNormNormalized, keyNormScale,
        keyNormNormalized, rotQ, rotK, attnScores, pattern, z, result, ln1PostScale, ln1PostNormalized, attnOut,
        residMid, ln2Scale, ln2Normalized, mlpPre, mlpPreLinear, mlpMid, mlpNormScale, mlpNormNormalized, mlpPost,
        ln2PostScale, ln2PostNormalized, mlpOut, residPost,
    ]
    static let outsideBlocks: [Site] = [
        embed, positionEmbed, tokenTypeEmbed, fullEmbed, finalScale, finalNormalized, logits,
    ]

    /// The name without `hook_` and, where it stays unambiguous, without the component: `resid_pre`, `z`, `ln1.scale`.
    public var shortName: String {
        let plain = rawValue.replacing("hook_", with: "")
        for component in ["attn.", "mlp."] where plain.hasPrefix(component) && Site.insideBlock.contains(self) {
            return String(plain.dropFirst(component.count))
        }
        return plain
    }

    /// Reads a full or short name; names of other sites must contain `hook_`.
    public init?(named name: String) {
        if name == "unembed.hook_out" {
            self = .logits
        } else if let known = (Site.insideBlock + Site.outsideBlocks).first(where: {
            $0.rawValue == name || $0.shortName == name
        }) {
            self = known
        } else if name.contains("hook_") {
            self.init(rawValue: name)
        } else {
            return nil
        }
    }

    var isOutsideBlocks: Bool { Site.outsideBlocks.contains(self) }

    /// Whether the activation has an axis of heads, so that one head of it can be patched.
    public var hasHeads: Bool {
        [
            .q, .k, .v, .rotQ, .rotK, .attnScores, .pattern, .z, .result, .queryNormScale, .queryNormNormalized,
            .keyNormScale, .keyNormNormalized,
        ].contains(self)
    }

    /// Whether rows are kept as `[rows, H, keys]` inside a pass and shown as `[H, queries, keys]`.
    var isAttentionMap: Bool { self == .attnScores || self == .pattern }
}
