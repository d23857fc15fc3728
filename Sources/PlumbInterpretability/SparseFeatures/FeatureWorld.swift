internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Activations whose features are known: sums of few of many directions, each with its strength. What a dictionary finds
/// can be compared with the truth (Sharkey, Braun, Millidge 2022; the synthetic suite of SAELens).
public struct FeatureWorld: Sendable {
    /// How features come about.
    public enum Structure: Sendable, Equatable {
        /// Each by itself.
        case independent
        /// Features of one group of so many are active together more often than chance: their normal scores have this
        /// correlation, 0..<1.
        case correlated(group: Int, Double)
        /// The first features are parents, each with so many children among the last: a child is active only where its
        /// parent is, and at most one child of a parent at once; where they are not linked, as often, but whether or not the
        /// parent is.
        case hierarchical(parents: Int, children: Int, isLinked: Bool = true)
    }

    /// The direction of each feature, of length 1: `[F, D]`.
    public let directions: Tensor
    /// How often each feature is active; of a child, how often where its parent is.
    public let probabilities: [Double]
    /// How features come about.
    public let structure: Structure
    /// Strengths are 1 plus normal numbers times this, and at least 0.05.
    public let spread: Double
    private let key: RandomKey

    /// A world.
    ///
    /// - Parameters:
    ///   - features: F.
    ///   - width: D.
    ///   - isOrthogonal: whether directions are made orthogonal, which needs D of F or more.
    ///   - active: the mean number of active features of a row.
    ///   - zipf: probabilities are in proportion to rank to the power of minus this, none above ½; 0 for equal ones.
    ///   - childProbability: of each child where its parent is active.
    public init(
        features: Int, width: Int, isOrthogonal: Bool = false, active: Double, zipf: Double = 0.5,
        structure: Structure = .independent, childProbability: Double = 0.2, spread: Double = 0.2, key: RandomKey
    ) {
        require(features > 0 && width > 0, "a world needs features and a width")
        require(!isOrthogonal || features <= width, "\(features) directions of width \(width) cannot be orthogonal")
        var generator = key["directions"].generator()
        var rows = Tensor(shape: [features, width]) { target in
            for index in target.indices { target[index] = Float(generator.normal()) }
        }
        if isOrthogonal { rows.orthogonalizeRows() } else { rows.normalizeRows() }
        let weights = (1...features).map { pow(Double($0), -zipf) }
        let total = weights.reduce(0, +)
        var probabilities = weights.map { min(0.5, active * $0 / total) }
        if case .hierarchical(let parents, let children, let isLinked) = structure {
            require(
                parents * (1 + children) <= features && childProbability * Double(children) <= 1,
                "\(parents) parents with \(children) children each do not fit \(features) features, or probabilities")
            for child in 0..<parents * children {
                probabilities[features - parents * children + child] =
                    childProbability * (isLinked ? 1 : probabilities[child / children])
            }
        }
        (directions, self.probabilities) = (rows, probabilities)
        (self.structure, self.spread, self.key) = (structure, spread, key["rows"])
    }

    /// F.
    public var features: Int { directions.shape[0] }
    /// D.
    public var width: Int { directions.shape[1] }

    /// The parent of a child, or nil.
    public func parent(of feature: Int) -> Int? {
        guard case .hierarchical(let parents, let children, _) = structure else { return nil }
        let first = features - parents * children
        return feature < first ? nil : (feature - first) / children
    }

    /// The features that are active in rows of one step, a function of the step alone.
    public func truth(_ rows: Int, step: Int) -> SparseActivations {
        var generator = key[step].generator()
        var (offsets, indices, values): ([Int], [Int32], [Float]) = ([0], [], [])
        var isActive = [Bool](repeating: false, count: features)
        for _ in 0..<rows {
            draw(&isActive, &generator)
            for feature in 0..<features where isActive[feature] {
                indices.append(Int32(feature))
                values.append(Float(max(0.05, 1 + spread * generator.normal())))
            }
            offsets.append(indices.count)
        }
        return SparseActivations(features: features, offsets: offsets, indices: indices, values: values)
    }

    /// The rows that these features add up to.
    ///
    /// - Shapes: result `[R, D]`.
    public func rows(_ truth: SparseActivations) -> Tensor { truth.applied(to: directions) }

    private func draw(_ isActive: inout [Bool], _ generator: inout RandomKey.Generator) {
        switch structure {
        case .independent:
            for feature in 0..<features { isActive[feature] = generator.uniform() < probabilities[feature] }
        case .correlated(let group, let correlation):
            var shared = 0.0
            for feature in 0..<features {
                if feature % max(1, group) == 0 { shared = generator.normal() }
                let score = correlation.squareRoot() * shared + (1 - correlation).squareRoot() * generator.normal()
                isActive[feature] = 0.5 * erfc(-score / 2.0.squareRoot()) < probabilities[feature]
            }
        case .hierarchical(let parents, let children, let isLinked):
            let first = features - parents * children
            for feature in 0..<first { isActive[feature] = generator.uniform() < probabilities[feature] }
            for parent in 0..<parents {
                var left = generator.uniform()
                for child in first + parent * children..<first + (parent + 1) * children {
                    isActive[child] = (isActive[parent] || !isLinked) && left >= 0 && left < probabilities[child]
                    left -= probabilities[child]
                }
            }
        }
    }

    /// Rows whose columns are each permuted by themselves: every coordinate keeps its values, and features vanish.
    public static func shuffled(_ rows: Tensor, key: RandomKey) -> Tensor {
        let (count, width) = (rows.shape[0], rows.shape[1])
        let elements = rows.elements
        var generator = key.generator()
        var order = Array(0..<count)
        return Tensor(shape: rows.shape) { target in
            for column in 0..<width {
                order.shuffle(using: &generator)
                for row in 0..<count { target[row * width + column] = elements[order[row] * width + column] }
            }
        }
    }
}

extension Tensor {
    /// Gram and Schmidt's orthogonal rows of length 1, twice for precision.
    mutating func orthogonalizeRows() {
        let (rows, width) = (shape[0], shape[1])
        withUnsafeMutableElements { x in
            for row in 0..<rows {
                for _ in 0..<2 {
                    for other in 0..<row {
                        var along = 0.0
                        for i in 0..<width { along += Double(x[row * width + i]) * Double(x[other * width + i]) }
                        for i in 0..<width { x[row * width + i] -= Float(along) * x[other * width + i] }
                    }
                    var square = 0.0
                    for i in 0..<width { square += Double(x[row * width + i]) * Double(x[row * width + i]) }
                    let scale = square > 0 ? Float(1 / square.squareRoot()) : 0
                    for i in 0..<width { x[row * width + i] *= scale }
                }
            }
        }
    }
}
