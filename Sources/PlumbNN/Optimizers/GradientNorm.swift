public import PlumbTensor

extension ParameterTree {
    /// The Euclidean norm of all parameters together, accumulated in double.
    public var globalNorm: Double {
        var sum = 0.0
        readParameters { _, tensor in sum += tensor.dot(tensor) }
        return sum.squareRoot()
    }

    /// Scales all parameters by one factor so that their norm is at most `limit` (Pascanu, Mikolov, Bengio 2012,
    /// arXiv:1211.5063), and returns the norm they had.
    @discardableResult
    public mutating func clip(toNorm limit: Double) -> Double {
        let norm = globalNorm
        guard norm > limit else { return norm }
        let factor = Float(limit / (norm + 1e-6))
        forEachParameter { _, tensor in tensor = tensor * factor }
        return norm
    }

    /// Moves every parameter towards that of `other`: `θ ← decay · θ + (1 - decay) · other`, an exponential average of
    /// the weights (Polyak, Juditsky 1992).
    public mutating func average(with other: Self, decay: Double) {
        let others = other.parameters
        var index = 0
        forEachParameter { _, tensor in
            tensor = tensor * Float(decay)
            tensor.add(others[index].tensor, scale: Float(1 - decay))
            index += 1
        }
    }
}
