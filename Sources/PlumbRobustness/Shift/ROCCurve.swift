internal import PlumbBasics

/// The receiver operating characteristic of a score that should be high for shifted samples.
public struct ROCCurve: Sendable {
    /// The share of in-distribution samples that count as shifted, at each threshold, rising.
    public let falseAlarms: [Double]
    /// The share of shifted samples that are found there.
    public let found: [Double]

    /// The curve through every threshold between two different scores, at most `points` of them.
    ///
    /// - Precondition: both samples have scores that are numbers.
    public init(shifted: [Double], inside: [Double], points: Int = 200) {
        require(
            !shifted.isEmpty && !inside.isEmpty && !(shifted + inside).contains(where: \.isNaN),
            "a curve needs scores of both samples")
        let (high, low) = (shifted.sorted(by: >), inside.sorted(by: >))
        var (falseAlarms, found) = ([0.0], [0.0])
        var (a, b) = (0, 0)
        while a < high.count || b < low.count {
            let level = max(a < high.count ? high[a] : -.infinity, b < low.count ? low[b] : -.infinity)
            while a < high.count, high[a] >= level { a += 1 }
            while b < low.count, low[b] >= level { b += 1 }
            falseAlarms.append(Double(b) / Double(low.count))
            found.append(Double(a) / Double(high.count))
        }
        let kept =
            falseAlarms.count <= points
            ? Array(falseAlarms.indices)
            : (0..<points).map { $0 * (falseAlarms.count - 1) / (points - 1) }
        (self.falseAlarms, self.found) = (kept.map { falseAlarms[$0] }, kept.map { found[$0] })
    }

    /// The share of shifted samples that pass where the threshold lets 95 % of in-distribution samples pass, or the
    /// next
    /// larger share that a threshold can (FPR95).
    ///
    /// - Returns: NaN where a sample has no scores, or one that is not a number.
    public static func passingAt95(shifted: [Double], inside: [Double]) -> Double {
        guard !shifted.isEmpty, !inside.isEmpty, !(shifted + inside).contains(where: \.isNaN) else { return .nan }
        let limit = inside.sorted()[(inside.count * 95 + 99) / 100 - 1]
        return Double(shifted.count { $0 <= limit }) / Double(shifted.count)
    }
}
