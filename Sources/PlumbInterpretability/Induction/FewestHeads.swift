/// The fewest heads without which a model no longer does something, chosen by one measurement and tested by another, and
/// as many other heads of the same layers.
public struct FewestHeads: Sendable, Codable, Equatable {
    /// The heads chosen.
    public let heads: [AttentionHead]
    /// What is left without them where they are tested, as a fraction of the intact model.
    public let left: Double
    /// What is left without each set of as many other heads of the same layers; empty where a layer has too few others.
    public let leftWithoutOthers: [Double]

    /// A choice that was tested.
    public init(heads: [AttentionHead], left: Double, leftWithoutOthers: [Double]) {
        (self.heads, self.left, self.leftWithoutOthers) = (heads, left, leftWithoutOthers)
    }

    /// What is left without the most harmful set of other heads; NaN where there is none.
    public var leastWithoutOthers: Double { leftWithoutOthers.min() ?? .nan }

    /// For each size from one head to all, the set whose removal leaves least.
    ///
    /// Every set of a size is tried where there are at most `limit`; else the best set of the size before is extended.
    ///
    /// - Parameter left: what is left without a set.
    public static func mostHarmful(
        of candidates: [AttentionHead], limit: Int = 256, left: ([AttentionHead]) -> Double
    ) -> [[AttentionHead]] {
        var best: [[AttentionHead]] = []
        for size in 0..<candidates.count {
            let sets =
                sets(of: candidates, size: size + 1, limit: limit)
                ?? candidates.filter { !(best.last ?? []).contains($0) }.map { (best.last ?? []) + [$0] }
            let values = sets.map(left)
            guard let least = sets.indices.min(by: { values[$0] < values[$1] }) else { break }
            best.append(sets[least])
        }
        return best
    }

    /// Every set of `size` of the heads, in their order; `nil` where there are more than `limit`.
    static func sets(of heads: [AttentionHead], size: Int, limit: Int) -> [[AttentionHead]]? {
        var sets: [[AttentionHead]] = [[]]
        for (index, head) in heads.enumerated() {
            let longer = sets.filter { $0.count < size }.map { $0 + [head] }
            // A set that the remaining heads cannot fill is dropped.
            sets = (sets + longer).filter { $0.count + heads.count - 1 - index >= size }
            if sets.count > 4 * limit { return nil }
        }
        return sets.count > limit ? nil : sets
    }
}
