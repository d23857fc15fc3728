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
