internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// What circuits restore of the difference between clean and corrupted prompts, over several pairs.
public struct CircuitScore: Sendable {
    /// The mean metric of the whole model on the clean prompts.
    public let clean: Double
    /// The mean metric of the whole model on the corrupted prompts.
    public let corrupted: Double
    /// The mean metric of each circuit.
    public let values: [Double]

    /// - Throws: `ModelError` where no pair was run, or the model gives both prompts the same metric.
    public init(_ results: [CircuitSweepResult]) throws {
        guard let count = results.first?.values.count else {
            throw ModelError("circuits are evaluated on one pair of prompts or more, got none")
        }
        clean = Statistics.mean(results.map(\.clean))
        corrupted = Statistics.mean(results.map(\.corrupted))
        values = (0..<count).map { index in Statistics.mean(results.map { $0.values[index] }) }
        guard clean != corrupted, (clean - corrupted).isFinite else {
            throw ModelError(
                "the model gives clean and corrupted prompts the same metric, \(clean) on average: there is nothing for a "
                    + "circuit to restore")
        }
    }

    /// The faithfulness of each circuit: the mean of what it restores over the mean difference between the prompts.
    public var restored: [Double] { values.map { ($0 - corrupted) / (clean - corrupted) } }
}

/// A circuit judged in several ways, all by exact patching.
public struct CircuitQuality: Sendable {
    /// The number of edges of the circuit that connect something.
    public let edges: Int
    /// What the circuit alone restores: 1 for the whole model.
    public let sufficiency: Double
    /// What is lost when the circuit's edges, and they alone, carry the corrupted run: 1 where nothing is left.
    public let comprehensiveness: Double
    /// Of edges of the circuit drawn at random, the part without which it restores at least ``minimalityBound`` less.
    public let minimality: Double
    /// What circuits of as many edges drawn at random restore.
    public let random: [Double]

    /// The least loss of faithfulness for which an edge counts as needed.
    public static let minimalityBound = 0.001

    /// Judges a circuit on pairs, in one batched sweep.
    ///
    /// - Parameters:
    ///   - circuit: what is judged.
    ///   - sweep: evaluates circuits of the model.
    ///   - pairs: prompts, best those that the circuit was not found on.
    ///   - randomCount: circuits of as many edges drawn at random.
    ///   - tried: edges of the circuit that are taken away one at a time.
    ///   - progress: told the part of the work that is done; may throw to end it.
    /// - Throws: `ModelError` for pairs that cannot be patched; whatever `progress` throws.
    public init(
        _ circuit: EdgeSubset, _ sweep: CircuitSweep, pairs: [PatchPair], key: RandomKey, randomCount: Int, tried: Int,
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        let own = circuit.pruned
        var generator = key["edges"].generator()
        let places = own.places.shuffled(using: &generator).prefix(tried)
        let without = places.map { place in EdgeSubset(own.graph, places: own.places.filter { $0 != place }) }
        let drawn = (0..<randomCount).map {
            EdgeSubset.random(own.graph, count: circuit.count, key: key["random"][$0])
        }
        let found = try CircuitScore(
            sweep.run([own, own.complement] + without + drawn, on: pairs, progress: progress)
        ).restored
        edges = own.count
        (sufficiency, comprehensiveness) = (found[0], 1 - found[1])
        let losses = found[2..<2 + without.count].map { found[0] - $0 }
        minimality =
            losses.isEmpty
            ? .nan : Double(losses.count { $0 >= Self.minimalityBound }) / Double(losses.count)
        random = Array(found[(2 + without.count)...])
    }
}
