internal import PlumbNN

// Numbers of a configuration that are no sizes. One that no model can have would turn every logit into no number, or
// into a wrong one, and the weights would be blamed for it.

extension RotaryEmbedding {
    /// The embedding itself, where its numbers are ones that a model can have.
    ///
    /// - Throws: ``ModelError`` naming the number.
    func validated() throws -> RotaryEmbedding {
        func check(_ name: String, _ value: Double, above least: Double = 0) throws {
            guard value > least, Float(value).isFinite else {
                throw ModelError(
                    "the model's configuration gives \(value) for \(name); it must be a number above \(least)")
            }
        }
        try check("the base of rotary positions", base)
        switch scaling {
        case .none: break
        case .dynamic(let factor): try check("the factor of rope scaling", factor)
        case .yarn(let yarn):
            try check("the factor of rope scaling", yarn.factor)
            try check("beta_slow of rope scaling", yarn.slowRotations)
            try check("beta_fast of rope scaling", yarn.fastRotations)
            try check("original_max_position_embeddings of rope scaling", yarn.originalContext)
            try check("attention_factor of rope scaling", yarn.amplitude)
            try check("the base of rotary positions", base, above: 1)
        case .longRoPE(let numbers):
            guard numbers.short.count == width / 2, numbers.long.count == width / 2 else {
                throw ModelError(
                    "short_factor and long_factor of rope scaling have \(numbers.short.count) and "
                        + "\(numbers.long.count) numbers; \(width / 2) pairs of features turn")
            }
            for factor in numbers.short + numbers.long { try check("a factor of rope scaling", factor) }
            guard numbers.originalContext > 1, numbers.originalContext <= 1 << 28 else {
                throw ModelError(
                    "the model's configuration gives \(numbers.originalContext) for original_max_position_embeddings; it "
                        + "must lie in 2...\(1 << 28)")
            }
            if let amplitude = numbers.amplitude { try check("attention_factor of rope scaling", amplitude) }
        case .linear(let factor): try check("the factor of rope scaling", factor)
        case .llama3(let factor, let low, let high, let context):
            try check("the factor of rope scaling", factor)
            try check("low_freq_factor of rope scaling", low)
            try check("high_freq_factor of rope scaling", high, above: low)
            try check("original_max_position_embeddings of rope scaling", context)
        case .factors(let factors):
            for factor in factors { try check("a factor of rope_freqs.weight", Double(factor)) }
        }
        return self
    }
}

extension Activation {
    private static let hidden: [String: Activation] = [
        "gelu": .gelu, "gelu_new": .geluTanh, "gelu_fast": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "relu": .relu,
        "silu": .silu,
    ]

    /// The function that `hidden_act` names, or another key.
    ///
    /// - Throws: ``ModelError`` listing the names.
    init(hidden name: String, key: String = "hidden_act") throws {
        guard let activation = Activation.hidden[name] else {
            throw ModelError(
                "\(key) \"\(name)\" is not supported: \(Activation.hidden.keys.sorted().joined(separator: ", ")) are"
            )
        }
        self = activation
    }

    /// The name in `config.json`; nil for one that has none.
    var hiddenName: String? {
        self == .geluTanh ? "gelu_pytorch_tanh" : Activation.hidden.first { $0.value == self }?.key
    }
}

extension Float {
    /// A number above 0 of the model's configuration; nil where it gives none.
    ///
    /// - Throws: ``ModelError`` naming the number.
    static func positive(_ value: Double?, _ name: String) throws -> Float? {
        guard let value else { return nil }
        guard value > 0, Float(value).isFinite, Float(value) > 0 else {
            throw ModelError("the model's configuration gives \(value) for \(name); it must be a number above 0")
        }
        return Float(value)
    }
}

/// A value of `config.json` that may be null, which is another thing than missing.
struct Nullable<Value: Codable & Sendable>: Codable, Sendable {
    var value: Value?
    var isGiven = true

    /// The value, or `fallback` where the file does not have the key.
    func given(or fallback: Value?) -> Value? { isGiven ? value : fallback }
}

extension KeyedDecodingContainer {
    func decode<Value>(_ type: Nullable<Value>.Type, forKey key: Key) throws -> Nullable<Value> {
        Nullable(value: try decodeIfPresent(Value.self, forKey: key), isGiven: contains(key))
    }
}

extension KeyedEncodingContainer {
    mutating func encode<Value>(_ value: Nullable<Value>, forKey key: Key) throws {
        if let known = value.value {
            try encode(known, forKey: key)
        } else if value.isGiven {
            try encodeNil(forKey: key)
        }
    }
}

extension ScaledDotProductAttention.Mask {
    /// The last `width` keys.
    ///
    /// - Throws: ``ModelError`` where there are none.
    static func validated(window width: Int) throws -> ScaledDotProductAttention.Mask {
        guard width > 0 else { throw ModelError("sliding_window is \(width); a window must see at least one token") }
        return .window(width)
    }

    /// What each layer sees, by the names that `layer_types` has.
    ///
    /// - Throws: ``ModelError`` for other names, or another number of them.
    static func layers(_ types: [String], _ count: Int, window: Int?) throws -> [ScaledDotProductAttention.Mask] {
        guard types.count == count, types.allSatisfy({ ["full_attention", "sliding_attention"].contains($0) }) else {
            throw ModelError(
                "layer_types must name full_attention or sliding_attention for each of \(count) layers, got \(types)")
        }
        return try types.map { type in
            guard type == "sliding_attention" else { return .causal }
            guard let window else { throw ModelError("layer_types has windows, but the model gives no sliding_window") }
            return try .validated(window: window)
        }
    }

    /// The name in `layer_types`.
    var typeName: String { self == .causal ? "full_attention" : "sliding_attention" }

    /// The keys of the window; nil for other masks.
    var windowWidth: Int? { if case .window(let width) = self { width } else { nil } }
}

extension Normalization {
    /// The epsilon itself, where a norm can have it.
    ///
    /// - Throws: ``ModelError`` where it is negative or no number.
    static func validated(epsilon: Float) throws -> Float {
        guard epsilon >= 0, epsilon.isFinite else {
            throw ModelError(
                "the model's configuration gives \(epsilon) for the norms' epsilon; it must be a number of 0 or more")
        }
        return epsilon
    }
}
