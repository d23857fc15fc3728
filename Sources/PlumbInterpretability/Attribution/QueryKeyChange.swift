internal import Foundation
internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// What moving a query or a key does through the attention pattern, the softmax computed anew and only what follows it
/// taken to first order (Kramár, Lieberum, Shah, Nanda 2024, arXiv:2403.00745, section 3.1).
///
/// With `d = dz · vᵀ`, the gradient at the pattern, the effect on one row is `Σ (pattern′ - pattern) · d`.
struct QueryKeyChange {
    /// The sites it answers for.
    static let sites: Set<Site> = [.q, .k, .rotQ, .rotK]
    /// The sites of a block that it needs in both runs, where the model has them.
    static let needs: [Site] = [.q, .k, .v, .rotQ, .rotK, .z]

    private let attention: ScaledDotProductAttention
    private let positions: Int
    private let heads: Int
    private let group: Int
    /// `[head][query][key]`: scores of the base run, with the source's queries, with the source's keys.
    private let scores: [Double]
    private let scoresOfQueries: [Double]
    private let scoresOfKeys: [Double]
    /// The gradient at the pattern, likewise.
    private let slopes: [Double]

    /// - Parameters:
    ///   - gradient: at `z`, `[T, H, K]`; nil where none flows.
    ///   - attention: how the block attends.
    init(
        block: Int, base: ActivationCache, source: ActivationCache, gradient: Tensor?,
        attention: ScaledDotProductAttention
    ) {
        func rows(_ cache: ActivationCache, _ sites: Site...) -> Tensor {
            for site in sites { if let found = cache[.block(block, site)] { return found } }
            unmet("block \(block): \(sites.map(\.shortName)) were not recorded")
        }
        let (q, k, v) = (rows(base, .rotQ, .q), rows(base, .rotK, .k), rows(base, .v))
        (positions, heads) = (q.shape[0], q.shape[1])
        group = heads / attention.keyValueHeads
        self.attention = attention
        // The default is taken in double, as the rest is.
        let usual = 1 / Double(q.shape[2]).squareRoot()
        let scale = attention.scale == Float(usual) ? usual : Double(attention.scale)
        func scores(_ q: Tensor, _ k: Tensor) -> [Double] {
            let products = Self.products(q, k, scale)
            guard let cap = attention.softCap.map(Double.init) else { return products }
            return products.map { cap * tanh($0 / cap) }
        }
        self.scores = scores(q, k)
        scoresOfQueries = scores(rows(source, .rotQ, .q), k)
        scoresOfKeys = scores(q, rows(source, .rotK, .k))
        slopes = Self.products(gradient ?? .zeros(q.shape), v, 1)
    }

    /// `scale · a bᵀ` for each query head, keys up to the query's own position.
    ///
    /// - Shapes: `a` `[T, H, K]`, `b` `[T, G, K]`; result `[H][T][T]`.
    private static func products(_ a: Tensor, _ b: Tensor, _ scale: Double) -> [Double] {
        let (count, heads, width, groups) = (a.shape[0], a.shape[1], a.shape[2], b.shape[1])
        var result = [Double](repeating: 0, count: heads * count * count)
        let (a, b) = (a.elements, b.elements)
        for head in 0..<heads {
            let shared = head / (heads / groups)
            for query in 0..<count {
                for key in 0...query {
                    let (x, y) = ((query * heads + head) * width, (key * groups + shared) * width)
                    var sum = 0.0
                    for feature in 0..<width { sum += Double(a[x + feature]) * Double(b[y + feature]) }
                    result[(head * count + query) * count + key] = sum * scale
                }
            }
        }
        return result
    }

    /// - Parameter head: a query head of queries, a key-value head of keys; nil for all.
    func effect(of site: Site, position: Int?, head: Int?) -> Double {
        let places = position.map { $0..<$0 + 1 } ?? 0..<positions
        guard site == .k || site == .rotK else {
            let heads = head.map { $0..<$0 + 1 } ?? 0..<heads
            return heads.reduce(0) { sum, head in
                places.reduce(sum) { $0 + wholeRow(head, $1, scoresOfQueries) }
            }
        }
        let served = head.map { $0 * group..<($0 + 1) * group } ?? 0..<heads
        guard let key = position else {
            return served.reduce(0) { sum, head in
                (0..<positions).reduce(sum) { $0 + wholeRow(head, $1, scoresOfKeys) }
            }
        }
        return served.reduce(0) { sum, head in
            (key..<positions).reduce(sum) { $0 + oneScore(head, $1, key) }
        }
    }

    /// The effect of other scores in a whole row of the pattern.
    private func wholeRow(_ head: Int, _ query: Int, _ changed: [Double]) -> Double {
        let range = visible(head, query)
        return meanSlope(changed, range) - meanSlope(scores, range)
    }

    /// The effect of another score at one key of one row.
    private func oneScore(_ head: Int, _ query: Int, _ key: Int) -> Double {
        let range = visible(head, query)
        let place = (head * positions + query) * positions + key
        guard range.contains(place) else { return 0 }
        var changed = Array(scores[range])
        changed[place - range.lowerBound] = scoresOfKeys[place]
        return meanSlope(changed[...], slopes[range]) - meanSlope(scores, range)
    }

    /// The entries of a row of the pattern that its query sees.
    private func visible(_ head: Int, _ query: Int) -> Range<Int> {
        let row = (head * positions + query) * positions
        let keys = attention.visibleKeys(position: query, of: positions)
        return row + keys.lowerBound..<row + keys.upperBound
    }

    private func meanSlope(_ scores: [Double], _ range: Range<Int>) -> Double {
        meanSlope(scores[range], slopes[range])
    }

    /// `Σ softmax(scores) · slopes`
    private func meanSlope(_ scores: ArraySlice<Double>, _ slopes: ArraySlice<Double>) -> Double {
        let highest = scores.max() ?? 0
        var (total, sum) = (0.0, 0.0)
        for (score, slope) in zip(scores, slopes) {
            let weight = exp(score - highest)
            total += weight
            sum += weight * slope
        }
        return sum / total
    }
}
