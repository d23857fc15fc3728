/// The baseline: a unit is its mean activation at each token, whatever stands around the token.
public struct TokenMeans: Sendable, Equatable {
    /// The mean activation at each token.
    public let means: [String: Double]
    /// The mean over all tokens, which stands in for tokens that were not seen.
    public let mean: Double

    /// The means of records.
    public init(_ records: [ActivationRecord]) {
        var sums: [String: (sum: Double, count: Int)] = [:]
        var (total, count) = (0.0, 0)
        for record in records {
            for (token, value) in zip(record.tokens, record.activations) {
                let old = sums[token] ?? (0, 0)
                sums[token] = (old.sum + value, old.count + 1)
                total += value
                count += 1
            }
        }
        means = sums.mapValues { $0.sum / Double($0.count) }
        mean = count > 0 ? total / Double(count) : 0
    }

    /// The mean of each token of a text.
    public func simulate(_ tokens: [String]) -> [Double] { tokens.map { means[$0] ?? mean } }

    /// The tokens of the highest means.
    public var sentence: String {
        let best = means.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }.prefix(4)
        return "the mean of each token, highest for "
            + best.map { "“\(TokenRule.plain($0.key))”" }.joined(separator: ", ")
    }
}
