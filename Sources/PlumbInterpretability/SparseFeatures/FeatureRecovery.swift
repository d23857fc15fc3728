internal import PlumbBasics
public import PlumbTensor

/// How well a dictionary found the features of a ``FeatureWorld``: directions matched one to one, and activity compared.
public struct FeatureRecovery: Sendable, Equatable, Codable {
    /// The dictionary's feature for each true one, by the greatest sum of absolute cosines.
    public let match: [Int?]
    /// The mean of the matched pairs' absolute cosines, MCC.
    public let meanCosine: Double
    /// The share of the dictionary's features that are the nearest to a true feature to which no other is nearest.
    public let uniqueness: Double
    /// The mean F1 of matched features as detectors of the true ones, over those that were active at all.
    public let f1: Double
    /// The share of the dictionary's features that were not active in any row.
    public let dead: Double
    /// 1 less the squared error as a share of the variance.
    public let explainedVariance: Double
    /// The mean number of active features.
    public let active: Double
    /// γ, what reconstructions should be divided by to fit best, `Σ x̂² / Σ x̂·x`: below 1 they are shrunk (Rajamanoharan et
    /// al. 2024, arXiv:2404.16014).
    public let relativeBias: Double
    /// How much more often a parent's feature is silent where a child is active than where none is, over parents: the child's
    /// feature absorbed it (Chanin et al., "A is for Absorption", 2024, arXiv:2409.14507); nil without parents.
    public let absorption: Double?

    /// Compares a dictionary with the truth on `rows` rows that training did not see.
    public init(_ dictionary: SparseDictionary, of world: FeatureWorld, rows: Int, step: Int) {
        require(dictionary.width == world.width, "a dictionary of width \(dictionary.width) is not of this world")
        let truth = world.truth(rows, step: step)
        let inputs = world.rows(truth)
        let found = dictionary.encodeSparse(inputs)
        let outputs = dictionary.output(of: found, input: inputs)
        let cosines = Self.cosines(world.directions, dictionary.decoder)
        let assignment = Assignment(scores: cosines)
        match = assignment.columns
        meanCosine = assignment.total / Double(min(world.features, dictionary.features))
        let nearest = (0..<dictionary.features).map { feature in
            (0..<world.features).max { cosines[$0][feature] < cosines[$1][feature] } ?? 0
        }
        let counts = nearest.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        uniqueness = Double(nearest.count { counts[$0] == 1 }) / Double(dictionary.features)
        let quality = ReconstructionQuality(outputs, of: inputs)
        (explainedVariance, relativeBias) = (quality.explainedVariance, quality.relativeBias)
        let activity = Activity(truth: truth, found: found)
        active = Double(found.count) / Double(max(1, rows))
        dead = Double(activity.found.count { $0.isEmpty }) / Double(dictionary.features)
        let scores = match.enumerated().compactMap { feature, matched in
            matched.flatMap { activity.f1(feature, $0) }
        }
        f1 = scores.isEmpty ? .nan : Statistics.mean(scores)
        absorption = activity.absorption(world, match)
    }

    /// Absolute cosines of directions `[F, D]` and decoder rows `[N, D]`.
    static func cosines(_ directions: Tensor, _ decoder: Tensor) -> [[Double]] {
        var (a, b) = (directions, decoder)
        a.normalizeRows()
        b.normalizeRows()
        let products = a.matmul(transposed: b).elements
        let width = decoder.shape[0]
        return (0..<directions.shape[0]).map { row in
            products[row * width..<(row + 1) * width].map { Double(abs($0)) }
        }
    }

    /// The MCC of directions with others drawn at random: what no knowledge gives.
    public static func chance(_ world: FeatureWorld, features: Int, key: RandomKey) -> Double {
        var generator = key.generator()
        let random = Tensor(shape: [features, world.width]) { target in
            for index in target.indices { target[index] = Float(generator.normal()) }
        }
        return Assignment(scores: cosines(world.directions, random)).total / Double(min(world.features, features))
    }
}

/// How near reconstructions are to what they reconstruct.
public struct ReconstructionQuality: Sendable, Equatable {
    /// 1 less the squared error as a share of the variance about the mean of the rows.
    public let explainedVariance: Double
    /// `Σ x̂² / Σ x̂·x`.
    public let relativeBias: Double
    /// The mean cosine of reconstruction and original.
    public let meanCosine: Double

    /// - Shapes: both `[R, O]`.
    public init(_ outputs: Tensor, of targets: Tensor) {
        let error = outputs - targets
        let centered = targets - targets.mean(axis: 0)
        let variance = centered.dot(centered)
        explainedVariance = variance > 0 ? 1 - error.dot(error) / variance : .nan
        let along = outputs.dot(targets)
        relativeBias = along != 0 ? outputs.dot(outputs) / along : .nan
        let products = (outputs * targets).summed(axis: 1).elements
        let lengths = zip(
            outputs.squared().summed(axis: 1).elements, targets.squared().summed(axis: 1).elements
        ).map { (Double($0) * Double($1)).squareRoot() }
        let cosines = zip(products, lengths).filter { $0.1 > 0 }.map { Double($0.0) / $0.1 }
        meanCosine = cosines.isEmpty ? .nan : Statistics.mean(cosines)
    }
}

/// The rows in which each true feature and each of a dictionary's was active.
private struct Activity {
    let truth: [Set<Int>]
    let found: [Set<Int>]

    init(truth: SparseActivations, found: SparseActivations) {
        func rows(_ activations: SparseActivations) -> [Set<Int>] {
            var rows = [Set<Int>](repeating: [], count: activations.features)
            for row in 0..<activations.rows {
                for entry in activations.entries(of: row) { rows[Int(activations.indices[entry])].insert(row) }
            }
            return rows
        }
        (self.truth, self.found) = (rows(truth), rows(found))
    }

    /// The harmonic mean of precision and recall; nil for a feature that was never active.
    func f1(_ feature: Int, _ matched: Int) -> Double? {
        guard !truth[feature].isEmpty else { return nil }
        let both = truth[feature].intersection(found[matched]).count
        return 2 * Double(both) / Double(truth[feature].count + found[matched].count)
    }

    func absorption(_ world: FeatureWorld, _ match: [Int?]) -> Double? {
        var children: [Int: Set<Int>] = [:]
        for feature in 0..<world.features {
            if let parent = world.parent(of: feature) { children[parent, default: []].formUnion(truth[feature]) }
        }
        let differences = children.keys.sorted().compactMap { parent -> Double? in
            guard let matched = match[parent], let active = children[parent] else { return nil }
            let rows = truth[parent].intersection(active)
            let without = truth[parent].subtracting(active)
            guard !rows.isEmpty, !without.isEmpty else { return nil }
            func silent(_ rows: Set<Int>) -> Double {
                Double(rows.subtracting(found[matched]).count) / Double(rows.count)
            }
            return silent(rows) - silent(without)
        }
        return differences.isEmpty ? nil : Statistics.mean(differences)
    }
}
