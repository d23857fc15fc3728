internal import PlumbBasics

/// The pairing of rows with columns, each used once, whose scores add up to the most: the assignment problem, by shortest
/// augmenting paths (Kuhn 1955, "The Hungarian method for the assignment problem"; Jonker, Volgenant 1987).
public struct Assignment: Sendable, Equatable {
    /// The column of each row; nil for rows left over where columns are fewer.
    public let columns: [Int?]
    /// The sum of the pairs' scores.
    public let total: Double

    /// The best pairing.
    ///
    /// - Parameter scores: rows of one length.
    /// - Precondition: scores are finite.
    /// - Complexity: O(n² m) with n the smaller and m the larger of the two extents.
    public init(scores: [[Double]]) {
        let width = scores.first?.count ?? 0
        require(
            scores.allSatisfy { $0.count == width && $0.allSatisfy(\.isFinite) },
            "an assignment needs rows of one length, of finite scores")
        let isWide = scores.count <= width
        let costs =
            isWide
            ? scores.map { $0.map { -$0 } } : (0..<width).map { column in scores.map { -$0[column] } }
        let pairs = Self.cheapest(costs)
        var columns = [Int?](repeating: nil, count: scores.count)
        for (row, column) in pairs.enumerated() {
            if isWide { columns[row] = column } else { columns[column] = row }
        }
        self.columns = columns
        total = columns.enumerated().reduce(0) { sum, pair in
            pair.element.map { sum + scores[pair.offset][$0] } ?? sum
        }
    }

    /// The column of each row at the least cost; no more rows than columns.
    private static func cheapest(_ costs: [[Double]]) -> [Int] {
        let (rows, columns) = (costs.count, costs.first?.count ?? 0)
        var rowPrices = [Double](repeating: 0, count: rows)
        var columnPrices = [Double](repeating: 0, count: columns)
        var owner = [Int?](repeating: nil, count: columns)
        for row in 0..<rows {
            var nearest = [Double](repeating: .infinity, count: columns)
            var before = [Int?](repeating: nil, count: columns)
            var isDone = [Bool](repeating: false, count: columns)
            var (current, last): (Int, Int?) = (row, nil)
            var end: Int?
            while end == nil {
                var (step, next) = (Double.infinity, 0)
                for column in 0..<columns where !isDone[column] {
                    let reduced = costs[current][column] - rowPrices[current] - columnPrices[column]
                    if reduced < nearest[column] { (nearest[column], before[column]) = (reduced, last) }
                    if nearest[column] < step { (step, next) = (nearest[column], column) }
                }
                rowPrices[row] += step
                for column in 0..<columns {
                    if isDone[column] {
                        if let held = owner[column] { rowPrices[held] += step }
                        columnPrices[column] -= step
                    } else {
                        nearest[column] -= step
                    }
                }
                isDone[next] = true
                if let held = owner[next] { (current, last) = (held, next) } else { end = next }
            }
            while let column = end {
                owner[column] = before[column].flatMap { owner[$0] } ?? row
                end = before[column]
            }
        }
        var result = [Int](repeating: 0, count: rows)
        for (column, row) in owner.enumerated() { if let row { result[row] = column } }
        return result
    }
}
