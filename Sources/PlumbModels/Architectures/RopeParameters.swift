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
        context: Int
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
            width: width, positions: context, base: bases.first ?? 10_000,
            scaling: (parameters ?? scaling)?.stretching(context: context) ?? .none
        ).validated()
    }

    private func stretching(context: Int) throws -> RotaryEmbedding.Scaling {
        func given(_ value: Double?, _ key: String) throws -> Double {
            guard let value else { throw ModelError("rope scaling \"\(kind)\" does not give \(key)") }
            return value
        }
        switch kind {
        case "default": return .none
        case "linear": return .linear(factor: try given(factor, "factor"))
        case "llama3":
            return .llama3(
                factor: try given(factor, "factor"), lowFrequency: try given(low_freq_factor, "low_freq_factor"),
                highFrequency: try given(high_freq_factor, "high_freq_factor"),
                originalContext: original_max_position_embeddings ?? Double(context))
        default: throw ModelError("rope scaling \"\(kind)\" is not supported: default, linear and llama3 are")
        }
    }

    /// The rotary embedding that a GGUF file describes, as llama.cpp reads it: a factor without a type is linear, and
    /// multiplies the frequencies' own factors.
    static func rotary(
        of file: GGUFFile, _ weights: WeightReader, _ sizes: TransformerConfiguration
    ) throws -> RotaryEmbedding {
        let kind = try file.architecture
        let width = try file.integer("\(kind).rope.dimension_count", default: sizes.headWidth)
        guard width > 0, width <= sizes.headWidth, width % 2 == 0 else {
            throw ModelError("\(kind).rope.dimension_count is \(width); it must be even and at most \(sizes.headWidth)")
        }
        let type = try file.string("\(kind).rope.scaling.type", default: "linear")
        guard type == "linear" || type == "none" else {
            throw ModelError("rope scaling \"\(type)\" is not supported: none and linear are")
        }
        let older = try file.number("\(kind).rope.scale_linear", default: 0)
        let stored = type == "none" ? 0 : try file.number("\(kind).rope.scaling.factor", default: older)
        let factor = stored == 0 ? 1 : stored
        var scaling = factor == 1 ? RotaryEmbedding.Scaling.none : .linear(factor: factor)
        if weights.contains("rope_freqs.weight") {
            let factors = try weights.vector("rope_freqs.weight", width / 2).elements
            scaling = .factors(factor == 1 ? factors : factors.map { Float(Double($0) * factor) })
        }
        return try RotaryEmbedding(
            width: width, positions: sizes.context, base: file.number("\(kind).rope.freq_base", default: 10_000),
            scaling: scaling
        ).validated()
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
        case .factors:
            throw ModelError("each rotary frequency has a factor of its own, which config.json cannot say")
        }
    }
}
