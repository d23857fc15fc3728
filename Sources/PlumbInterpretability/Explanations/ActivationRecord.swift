internal import PlumbBasics
public import PlumbTensor

/// The activations of one unit on a text, one a token: what an explanation is made from, and what it is scored on.
///
/// A unit is whatever gives a number for each token: a neuron, a direction of the residual stream, a latent of a sparse
/// autoencoder, or a rule.
public struct ActivationRecord: Sendable, Equatable {
    /// The tokens as text, with the space that a word begins with.
    public let tokens: [String]
    /// The unit's activation at each token.
    public let activations: [Double]

    /// A text with its activations.
    ///
    /// - Precondition: there is a finite activation for each token.
    public init(tokens: [String], activations: [Double]) {
        require(
            tokens.count == activations.count,
            "an activation record needs an activation for each token, got \(activations.count) for \(tokens.count)")
        require(activations.allSatisfy(\.isFinite), "an activation record holds an activation that is not a number")
        (self.tokens, self.activations) = (tokens, activations)
    }

    /// The largest activation; minus infinity for a text without tokens.
    public var peak: Double { activations.reduce(-.infinity, max) }

    /// The highest level that activations are rounded to.
    public static let highestLevel = 10

    /// The activations as whole numbers from 0 to 10, as prompts show them: `⌊10 max(a, 0) / most⌋` (Bills et al.
    /// 2023).
    ///
    /// - Parameter most: the unit's largest activation on all texts at hand; all levels are 0 where it is not above 0.
    public func levels(most: Double) -> [Int] {
        guard most > 0 else { return tokens.map { _ in 0 } }
        let highest = Self.highestLevel
        return activations.map { min(highest, Int((Double(highest) * min(max($0, 0) / most, 1)).rounded(.down))) }
    }
}

extension Array where Element == ActivationRecord {
    /// The largest activation of all records.
    public var most: Double { reduce(-.infinity) { Swift.max($0, $1.peak) } }

    /// The records of the largest activations, the largest first.
    public func top(_ count: Int) -> [ActivationRecord] { byPeak.prefix(count).map { self[$0] } }

    /// Records drawn without replacement.
    public func drawn(_ count: Int, key: RandomKey) -> [ActivationRecord] {
        var generator = key.generator()
        return Array(shuffled(using: &generator).prefix(count))
    }

    /// Records drawn from each of `bins` equal parts of all records in falling order of their largest activations, the
    /// part of the largest first.
    public func quantiles(_ bins: Int, each count: Int, key: RandomKey) -> [[ActivationRecord]] {
        require(bins > 0, "quantiles need a number of bins above 0, got \(bins)")
        let order = byPeak
        return (0..<bins).map { bin in
            order[bin * order.count / bins..<(bin + 1) * order.count / bins].map { self[$0] }
                .drawn(count, key: key[bin])
        }
    }

    /// The same texts with the activations of all tokens of all texts exchanged at random: the control in which no
    /// explanation can be right.
    public func exchangingActivations(key: RandomKey) -> [ActivationRecord] {
        var generator = key.generator()
        let all = flatMap(\.activations).shuffled(using: &generator)
        var first = 0
        return map { record in
            defer { first += record.tokens.count }
            return ActivationRecord(
                tokens: record.tokens, activations: [Double](all[first..<first + record.tokens.count]))
        }
    }

    private var byPeak: [Int] {
        let peaks = map(\.peak)
        return indices.sorted { peaks[$0] == peaks[$1] ? $0 < $1 : peaks[$0] > peaks[$1] }
    }
}
