internal import PlumbBasics
internal import PlumbTensor

/// How a supervised probe is fitted.
public enum ProbeMethod: Sendable, Hashable, Codable {
    /// Logistic regression with a penalty on the weights of standardized features.
    case logistic(penalty: Double)
    /// The difference of means.
    case meanDifference
    /// The difference of means, whitened by the covariance within classes, shrunken.
    case whitenedMeanDifference(shrinkage: Double)
    /// Logistic regression on the k features whose means differ most.
    case sparse(features: Int, penalty: Double)

    /// For people.
    public var title: String {
        switch self {
        case .logistic: "logistic"
        case .meanDifference: "mean difference"
        case .whitenedMeanDifference: "whitened mean difference"
        case .sparse(let count, _): count == 1 ? "one feature" : "\(count) features"
        }
    }

    /// The probe of these examples.
    ///
    /// - Throws: ``ProbeError`` where a class is missing, or a covariance has no inverse.
    public func fit(_ examples: ProbeExamples) throws -> LinearProbe {
        switch self {
        case .logistic(let penalty): try LinearProbe(logistic: examples, penalty: penalty)
        case .meanDifference: try LinearProbe(meanDifference: examples)
        case .whitenedMeanDifference(let shrinkage):
            try LinearProbe(whitenedMeanDifference: examples, shrinkage: shrinkage)
        case .sparse(let count, let penalty):
            try LinearProbe(sparse: examples, features: count, penalty: penalty)
        }
    }

    /// A probe of features drawn at random: of the k features of a sparse probe as many others may take the place, of a
    /// dense one a random direction of the standardized features. Only sign and threshold are fitted, or k weights.
    func random(_ examples: ProbeExamples, key: RandomKey) throws -> LinearProbe {
        var random = key.generator()
        if case .sparse(let count, let penalty) = self {
            let features = Array((0..<examples.width).shuffled(using: &random).prefix(count)).sorted()
            return try LinearProbe(logistic: examples, features: features, penalty: penalty)
        }
        let scales = Standardization(of: examples.activations).scales
        let direction = scales.map { random.normal() / $0 }
        let along = LinearProbe(direction: direction, offset: 0)
        let scores = along.scores(examples.activations)
        let fitted = try LinearProbe(
            meanDifference: ProbeExamples(
                DoubleMatrix(scores, rows: scores.count, columns: 1), labels: examples.labels, groups: examples.groups))
        return LinearProbe(direction: direction.map { fitted.direction[0] * $0 }, offset: fitted.offset)
    }
}
