internal import PlumbBasics

/// How much of each feature's activity the token that it is read at explains: the baseline of a table that knows each
/// token's mean activation, learned on some rows and tested on others.
public struct TokenLookup: Sendable {
    /// 1 less the squared error of the table as a share of the variance, of each feature; nil for features that were active
    /// in too few of the test rows.
    public let explained: [Double?]

    /// - Parameters:
    ///   - tokens: the token of each row.
    ///   - split: rows before it make the table, the rest test it.
    ///   - least: test rows in which a feature must be active to be judged.
    public init(_ activations: SparseActivations, tokens: [Int], split: Int, least: Int) {
        require(
            activations.rows == tokens.count && split > 0 && split < tokens.count,
            "a lookup of \(activations.rows) rows needs as many tokens, and rows on both sides of \(split)")
        let features = activations.features
        var counts: [Int: Int] = [:]
        for token in tokens[..<split] { counts[token, default: 0] += 1 }
        var sums: [Int: Double] = [:]
        var totals = [Double](repeating: 0, count: features)
        for entry in activations.offsets[0]..<activations.offsets[split] {
            totals[Int(activations.indices[entry])] += Double(activations.values[entry])
        }
        for row in 0..<split {
            for entry in activations.entries(of: row) {
                sums[tokens[row] * features + Int(activations.indices[entry]), default: 0] += Double(
                    activations.values[entry])
            }
        }
        let means = totals.map { $0 / Double(split) }
        var tested: [Int: Int] = [:]
        for token in tokens[split...] { tested[token, default: 0] += 1 }
        let unseen = tested.reduce(0) { counts[$1.key] == nil ? $0 + $1.value : $0 }
        // Of the table on the test rows: Σ a², Σ a, Σ a m and Σ m².
        var (squares, values, products) = (totals.map { _ in 0.0 }, totals.map { _ in 0.0 }, totals.map { _ in 0.0 })
        var predicted = means.map { $0 * $0 * Double(unseen) }
        var active = [Int](repeating: 0, count: features)
        for row in split..<tokens.count {
            let count = counts[tokens[row]]
            for entry in activations.entries(of: row) {
                let (feature, value) = (Int(activations.indices[entry]), Double(activations.values[entry]))
                let mean = count.map { (sums[tokens[row] * features + feature] ?? 0) / Double($0) } ?? means[feature]
                squares[feature] += value * value
                values[feature] += value
                products[feature] += value * mean
                active[feature] += 1
            }
        }
        // In one order, since sums depend on it.
        for place in sums.keys.sorted() {
            guard let sum = sums[place], let count = counts[place / features], let rows = tested[place / features]
            else {
                continue
            }
            let mean = sum / Double(count)
            predicted[place % features] += mean * mean * Double(rows)
        }
        let rows = Double(tokens.count - split)
        explained = (0..<features).map { feature in
            let variance = squares[feature] - values[feature] * values[feature] / rows
            guard active[feature] >= least, variance > 0 else { return nil }
            return 1 - (squares[feature] - 2 * products[feature] + predicted[feature]) / variance
        }
    }

    /// The judged features' shares.
    public var judged: [Double] { explained.compactMap { $0 } }

    /// The share of the judged features of which the table explains less than `limit`; nil where none is judged.
    public func unexplained(below limit: Double) -> Double? {
        judged.isEmpty ? nil : Double(judged.count { $0 < limit }) / Double(judged.count)
    }
}
