// When do two minds agree on an abstraction? When it mediates between parts of the world and can be read off each part.
// If L mediates (error m) and L' can be read off either part (error r), L tells L': H(L' | L) ≤ m + 2r. Wentworth, Lorell
// 2023, *Natural Latents: The Math*.

internal import Foundation

/// A coin of unknown bias, 1/4 or 3/4, flipped n times in each of two halves.
public struct CoinLatents: Sendable {
    /// Information between the halves, in nats.
    public let shared: Double
    /// H(bias | a half): what is missing to read the bias off a half.
    public let biasRedundancy: Double
    /// I(half; half | majority of the first half).
    public let majorityMediation: Double
    /// H(majority of the first half | second half).
    public let majorityRedundancy: Double
    /// H(majority of the first half | bias), which is at most twice its redundancy error, since the bias mediates exactly.
    public let majorityGivenBias: Double
    /// H(first flip | second half): one flip is no abstraction.
    public let flipRedundancy: Double

    /// Exact values for n flips in each half, by enumeration of the numbers of heads.
    ///
    /// - Throws: ``FoundationsError`` for less than one flip or more than 60.
    public init(flips n: Int) throws {
        guard (1...60).contains(n) else { throw FoundationsError("\(n) flips: take 1 to 60") }
        func binomial(_ flips: Int, _ bias: Double) -> [Double] {
            var row = [1.0]
            for _ in 0..<flips {
                row = (0...row.count).map { heads in
                    (heads > 0 ? row[heads - 1] * bias : 0) + (heads < row.count ? row[heads] * (1 - bias) : 0)
                }
            }
            return row
        }
        // Variables: bias, heads of the first half, heads of the second, whether heads are the majority of the first half.
        var joint: [Double] = []
        // Variables: the first flip, heads of the second half.
        var flip = [Double](repeating: 0, count: 2 * (n + 1))
        for bias in [0.25, 0.75] {
            let row = binomial(n, bias)
            for first in 0...n {
                for second in 0...n {
                    let probability = row[first] * row[second] / 2
                    joint += 2 * first > n ? [0, probability] : [probability, 0]
                }
            }
            for second in 0...n {
                flip[second] += (1 - bias) * row[second] / 2
                flip[n + 1 + second] += bias * row[second] / 2
            }
        }
        let all = try JointDistribution(sizes: [2, n + 1, n + 1, 2], probabilities: joint)
        shared = try all.information([1], [2])
        biasRedundancy = all.entropy(of: [0], given: [1])
        majorityMediation = try all.information([1], [2], given: [3])
        majorityRedundancy = all.entropy(of: [3], given: [2])
        majorityGivenBias = all.entropy(of: [3], given: [0])
        flipRedundancy = try JointDistribution(sizes: [2, n + 1], probabilities: flip).entropy(of: [0], given: [1])
    }
}
