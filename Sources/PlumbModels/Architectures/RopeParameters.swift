internal import PlumbData
internal import PlumbNN
internal import PlumbTensor

/// How rotary positions are described in `config.json`, in older keys and newer ones, and in GGUF.
struct RopeParameters: Codable, Sendable, Equatable {
    var rope_type: String?
    var type: String?
    var rope_theta: Double?
    var partial_rotary_factor: Double?
    var factor: Double?
    var low_freq_factor: Double?
    var high_freq_factor: Double?
    var original_max_position_embeddings: Double?
    var attention_factor: Double?
    var beta_fast: Double?
    var beta_slow: Double?
    var mscale: Double?
    var mscale_all_dim: Double?
    var truncate: Bool?
    var short_factor: [Double]?
    var long_factor: [Double]?

    /// What is called `default` changes nothing.
    private var kind: String { rope_type ?? type ?? "default" }

    /// The rotary embedding that a configuration describes.
    ///
    /// - Parameters:
    ///   - theta: the base, in the older key of its own.
    ///   - scaling: `rope_scaling`, of releases of `transformers` before 5.
    ///   - parameters: `rope_parameters`, of those since 5.
    ///   - part: the part of a head's features that turn, in the older key; nil for a family in which all do.
    /// - Throws: ``ModelError`` for what is not supported, and for keys that contradict each other.
    static func rotary(
        theta: Double?, scaling: RopeParameters?, parameters: RopeParameters?, part: Double? = nil, headWidth: Int,
        context: Int, originalContext: Double? = nil, usualTheta: Double = 10_000
    ) throws -> RotaryEmbedding {
        let given = [scaling, parameters].compactMap { $0 }
        let bases = Set(given.compactMap(\.rope_theta) + [theta].compactMap { $0 })
        guard bases.count < 2 else {
            throw ModelError(
                "the model's configuration gives the base of rotary positions as "
                    + bases.sorted().map { "\($0)" }.joined(separator: " and as ") + ": one of them must go")
        }
        let kinds = Set(given.map(\.kind))
        guard kinds.count < 2 else {
            throw ModelError(
                "the model's configuration gives \"\(scaling?.kind ?? "")\" in rope_scaling and "
                    + "\"\(parameters?.kind ?? "")\" in rope_parameters: one of them must go")
        }
        let share = given.compactMap(\.partial_rotary_factor).first ?? part ?? 1
        guard part != nil || share == 1 else {
            throw ModelError("partial_rotary_factor \(share) is not supported for this architecture: 1 is")
        }
        let width = share > 0 && share <= 1 ? Int(Double(headWidth) * share) : 0
        guard width > 0, width % 2 == 0 else {
            throw ModelError(
                "a part \(share) of \(headWidth) features a head is no even number of features, which rotary positions "
                    + "need")
        }
        return try RotaryEmbedding(
            width: width, positions: context, base: bases.first ?? usualTheta,
            scaling: (parameters ?? scaling)?.stretching(context: context, originalContext) ?? .none
        ).validated()
    }

    /// - Parameter outer: the original context, given beside the parameters, which then wins.
    private func stretching(context: Int, _ outer: Double?) throws -> RotaryEmbedding.Scaling {
        func given<T>(_ value: T?, _ key: String) throws -> T {
            guard let value else { throw ModelError("rope scaling \"\(kind)\" does not give \(key)") }
            return value
        }
        let original = outer ?? original_max_position_embeddings ?? Double(context)
        // Phi-3's first files have other names for it.
        switch kind == "su" || kind == "yarn" && short_factor != nil ? "longrope" : kind {
        case "default": return .none
        case "linear": return .linear(factor: try given(factor, "factor"))
        case "dynamic": return .dynamic(factor: try given(factor, "factor"))
        case "llama3":
            return .llama3(
                factor: try given(factor, "factor"), lowFrequency: try given(low_freq_factor, "low_freq_factor"),
                highFrequency: try given(high_freq_factor, "high_freq_factor"), originalContext: original)
        case "yarn":
            let factor = factor ?? Double(context) / original
            var amplitude = attention_factor
            if amplitude == nil, let mscale, let mscale_all_dim, mscale != 0, mscale_all_dim != 0 {
                amplitude =
                    RotaryEmbedding.YaRN.amplitude(factor, scale: mscale)
                    / RotaryEmbedding.YaRN.amplitude(factor, scale: mscale_all_dim)
            }
            return .yarn(
                .init(
                    factor: factor, fastRotations: beta_fast ?? 32, slowRotations: beta_slow ?? 1,
                    originalContext: original, truncates: truncate ?? true, amplitude: amplitude))
        case "longrope":
            guard let whole = Int(exactly: original) else {
                throw ModelError("original_max_position_embeddings is \(original); it must be whole")
            }
            return .longRoPE(
                .init(
                    short: try given(short_factor, "short_factor"), long: try given(long_factor, "long_factor"),
                    originalContext: whole, amplitude: attention_factor))
        default:
            throw ModelError(
                "rope scaling \"\(kind)\" is not supported: default, linear, dynamic, llama3, yarn and longrope are")
        }
    }

    /// The rotary embedding that a GGUF file describes, as llama.cpp reads it: a factor without a type is linear, and
    /// multiplies the frequencies' own factors.
    static func rotary(
        of file: GGUFFile, _ weights: WeightReader, _ sizes: TransformerConfiguration, usualBase: Double = 10_000
    ) throws -> RotaryEmbedding {
        let kind = try file.architecture
        let width = try file.integer("\(kind).rope.dimension_count", default: sizes.headWidth)
        guard width > 0, width <= sizes.headWidth, width % 2 == 0 else {
            throw ModelError("\(kind).rope.dimension_count is \(width); it must be even and at most \(sizes.headWidth)")
        }
        let base = try file.number("\(kind).rope.freq_base", default: usualBase)
        return try RotaryEmbedding(
            width: width, positions: sizes.context, base: base,
            scaling: scaling(of: file, kind, weights, sizes, width: width)
        ).validated()
    }

    private static func scaling(
        of file: GGUFFile, _ kind: String, _ weights: WeightReader, _ sizes: TransformerConfiguration, width: Int
    ) throws -> RotaryEmbedding.Scaling {
        let attention = try file.number("\(kind).rope.scaling.attn_factor", default: 0)
        let original = try file.number("\(kind).rope.scaling.original_context_length", default: Double(sizes.context))
        if weights.contains("rope_factors_long.weight") {
            func factors(_ name: String) throws -> [Double] {
                try weights.vector("rope_factors_\(name).weight", width / 2).elements.map(Double.init)
            }
            return .longRoPE(
                .init(
                    short: try factors("short"), long: try factors("long"),
                    originalContext: Int(exactly: original) ?? 0,
                    amplitude: attention == 0 ? nil : attention))
        }
        let type = try file.string("\(kind).rope.scaling.type", default: "linear")
        guard ["linear", "none", "yarn"].contains(type) else {
            throw ModelError("rope scaling \"\(type)\" is not supported: none, linear and yarn are")
        }
        let older = try file.number("\(kind).rope.scale_linear", default: 0)
        let stored = type == "none" ? 0 : try file.number("\(kind).rope.scaling.factor", default: older)
        let factor = stored == 0 ? 1 : stored
        if type == "yarn" {
            return .yarn(
                .init(
                    factor: factor,
                    fastRotations: try file.number("\(kind).rope.scaling.yarn_beta_fast", default: 32),
                    slowRotations: try file.number("\(kind).rope.scaling.yarn_beta_slow", default: 1),
                    originalContext: original, amplitude: attention == 0 ? nil : attention))
        }
        guard weights.contains("rope_freqs.weight") else { return factor == 1 ? .none : .linear(factor: factor) }
        let factors = try weights.vector("rope_freqs.weight", width / 2).elements
        return .factors(factor == 1 ? factors : factors.map { Float(Double($0) * factor) })
    }
}

extension RopeParameters {
    /// How `config.json` describes a rotary embedding.
    ///
    /// - Throws: ``ModelError`` for one that it cannot describe.
    init(_ rotary: RotaryEmbedding?, headWidth: Int, allowsPart: Bool = false) throws {
        guard let rotary else { throw ModelError("a model of this architecture needs rotary positions to be saved") }
        guard allowsPart || rotary.width == headWidth else {
            throw ModelError(
                "only \(rotary.width) of \(headWidth) features of a head turn, which config.json cannot say")
        }
        self.init(
            rope_type: "default", rope_theta: rotary.base,
            partial_rotary_factor: allowsPart ? Double(rotary.width) / Double(headWidth) : nil)
        switch rotary.scaling {
        case .none: break
        case .linear(let factor): (rope_type, self.factor) = ("linear", factor)
        case .llama3(let factor, let low, let high, let context):
            (rope_type, self.factor) = ("llama3", factor)
            (low_freq_factor, high_freq_factor, original_max_position_embeddings) = (low, high, context)
        case .dynamic(let factor): (rope_type, self.factor) = ("dynamic", factor)
        case .yarn(let yarn):
            (rope_type, factor, attention_factor) = ("yarn", yarn.factor, yarn.amplitude)
            (beta_fast, beta_slow, truncate) = (yarn.fastRotations, yarn.slowRotations, yarn.truncates)
            original_max_position_embeddings = yarn.originalContext
        case .longRoPE(let numbers):
            (rope_type, short_factor, long_factor) = ("longrope", numbers.short, numbers.long)
            original_max_position_embeddings = Double(numbers.originalContext)
            attention_factor = numbers.amplitude
        case .factors:
            throw ModelError("each rotary frequency has a factor of its own, which config.json cannot say")
        }
    }
}

/// `rope_parameters`, for all layers alike or for each kind of layer.
struct LayerRopeParameters: Codable, Sendable, Equatable {
    /// Those of layers that see all tokens before, and of the others where nothing else is said.
    var full: RopeParameters
    /// Those of layers with a window.
    var sliding: RopeParameters?

    private enum Key: String, CodingKey { case full_attention, sliding_attention }

    init(full: RopeParameters, sliding: RopeParameters? = nil) { (self.full, self.sliding) = (full, sliding) }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        sliding = try container.decodeIfPresent(RopeParameters.self, forKey: .sliding_attention)
        full =
            try container.decodeIfPresent(RopeParameters.self, forKey: .full_attention)
            ?? sliding ?? RopeParameters(from: decoder)
    }

    func encode(to encoder: any Encoder) throws {
        guard let sliding else { return try full.encode(to: encoder) }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(full, forKey: .full_attention)
        try container.encode(sliding, forKey: .sliding_attention)
    }
}

extension RotaryEmbedding {
    /// The same without stretching.
    var unscaled: RotaryEmbedding {
        RotaryEmbedding(width: width, positions: positions, base: base, pairing: pairing)
    }
}
