internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Random search with logits alone: squares of the image are changed by the full radius, and changes that lower the margin
/// are kept (Andriushchenko, Croce, Flammarion, Hein 2019, arXiv:1912.00049).
///
/// The squares shrink by the paper's schedule, scaled to the number of queries. Images are `[B, H, W, C]`; for vectors
/// `[B, d]` a square is a run of entries. For L2, mass moves between two squares, as in the paper.
public struct SquareAttack: Attack {
    /// For tables.
    public let name = "Square"
    /// The changes that the attack may make.
    public var set: PerturbationSet
    /// Queries for each sample.
    public var queries: Int
    /// The part of the image that the first square covers.
    public var fraction: Double

    /// The settings of the standard battery unless others are given.
    ///
    /// - Precondition: the norm is L∞ or L2.
    public init(_ set: PerturbationSet, queries: Int = 5000, fraction: Double = 0.8) {
        require(set.norm != .l1, "the square attack is for L∞ and L2, got \(set.norm.rawValue)")
        require(
            queries > 1 && fraction > 0 && fraction <= 1,
            "the square attack needs two queries or more and a fraction above 0, got \(queries) and \(fraction)")
        (self.set, self.queries, self.fraction) = (set, queries, fraction)
    }

    /// Rows, columns and numbers of a pixel.
    struct Picture {
        let height: Int, width: Int, channels: Int
        init(_ shape: [Int]) {
            let isImage = shape.count == 4
            height = isImage ? shape[1] : 1
            width = isImage ? shape[2] : shape.dropFirst().reduce(1, *)
            channels = isImage ? shape[3] : 1
        }

        /// The sides of a square that covers a part of the picture, at least a pixel and less than all of it.
        func sides(_ part: Double) -> (rows: Int, columns: Int) {
            let pixels = part * Double(height * width)
            guard height > 1 else { return (1, min(max(1, width - 1), max(1, Int(pixels.rounded())))) }
            let side = max(1, min(Int(pixels.squareRoot().rounded()), min(height, width) - 1))
            return (side, side)
        }

        /// Calls `body` with the place of every number of a rectangle, and the channel that it belongs to.
        func forEach(
            _ top: Int, _ left: Int, _ rows: Int, _ columns: Int, _ body: (_ place: Int, _ channel: Int) -> Void
        ) {
            for row in top..<top + rows {
                for column in left..<left + columns {
                    for channel in 0..<channels { body((row * width + column) * channels + channel, channel) }
                }
            }
        }
    }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        let picture = Picture(task.images.shape)
        var search = AttackSearch(task)
        var randoms = task.keys("square").map { $0.generator() }
        search.begin(at: start(task.images, picture, &randoms))
        var best = [Float](repeating: -.infinity, count: task.count)
        var (kept, current) = (search.points, search.points)
        for query in 0..<self.queries {
            if query > 0 { current = proposals(kept, search.task.images, query, picture, &randoms) }
            let logits = queries.logits(current)
            let losses = AttackLoss.margin.values(logits, labels: search.task.labels, targets: search.task.targets)
                .losses
            let better = losses.indices.filter { losses[$0] > best[$0] || query == 0 }
            for row in better { best[row] = losses[row] }
            kept.set(better, to: current.gathered(better))
            search.points = current
            let staying = search.judge(logits, losses: losses)
            guard !staying.isEmpty else { break }
            guard staying.count < best.count else { continue }
            kept = kept.gathered(staying)
            (best, randoms) = (staying.map { best[$0] }, staying.map { randoms[$0] })
        }
        return search.result
    }

    /// The part of the image that a square covers at a query.
    private func part(_ query: Int) -> Double {
        let place = query * 10_000 / queries
        let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000].count { place > $0 }
        return fraction / Double(1 << halvings)
    }

    private func start(_ images: Tensor, _ picture: Picture, _ randoms: inout [RandomKey.Generator]) -> Tensor {
        let radius = Float(set.radius)
        let moved = images.mapRows { row, out, x, _, _ in
            _ = out.update(from: x)
            guard set.norm == .linf else {
                SquareBumps.begin(out, picture, set.radius, &randoms[row])
                return
            }
            for column in 0..<picture.width {
                let signs = (0..<picture.channels).map { _ in randoms[row].next() >> 63 == 0 ? radius : -radius }
                picture.forEach(0, column, picture.height, 1) { out[$0] += signs[$1] }
            }
        }
        return set.project(moved, around: images)
    }

    private func proposals(
        _ points: Tensor, _ images: Tensor, _ query: Int, _ picture: Picture, _ randoms: inout [RandomKey.Generator]
    ) -> Tensor {
        let (rows, columns) = picture.sides(part(query))
        let change = Float(2 * set.radius)
        let moved = points.mapRows(images) { row, out, x, original, _ in
            _ = out.update(from: x)
            let top = randoms[row].index(below: picture.height - rows + 1)
            let left = randoms[row].index(below: picture.width - columns + 1)
            guard set.norm == .linf else {
                let other = (
                    randoms[row].index(below: picture.height - rows + 1),
                    randoms[row].index(below: picture.width - columns + 1)
                )
                SquareBumps.move(
                    out, original, picture, from: other, to: (top, left), rows, columns, set.radius, &randoms[row])
                return
            }
            let signs = (0..<picture.channels).map { _ in randoms[row].next() >> 63 == 0 ? change : -change }
            picture.forEach(top, left, rows, columns) { out[$0] += signs[$1] }
        }
        return set.project(moved, around: images)
    }
}

/// The L2 square attack's changes: bumps that fall off from the middle, whose squares sum to what the radius leaves.
enum SquareBumps {
    /// A pattern of `rows × columns`: two bumps of opposite sign side by side, of length 1.
    static func pattern(_ rows: Int, _ columns: Int, isTurned: Bool) -> [Double] {
        let (high, wide) = isTurned ? (columns, rows) : (rows, columns)
        let half = bump(max(1, high / 2), wide)
        let rest = bump(high - max(1, high / 2), wide)
        var upright = half + rest.map { -$0 }
        if isTurned {
            upright = (0..<rows * columns).map { place in upright[(place % columns) * wide + place / columns] }
        }
        let length = PerturbationSet.length(upright)
        return upright.map { length > 0 ? $0 / length : 0 }
    }

    /// Squares around the middle, each adding `1 / (k + 1)²`: highest in the middle, of length 1.
    private static func bump(_ rows: Int, _ columns: Int) -> [Double] {
        var values = [Double](repeating: 0, count: rows * columns)
        let (middle, center) = (rows / 2, columns / 2)
        for k in 0...max(middle, center) {
            let weight = 1 / Double((k + 1) * (k + 1))
            for row in max(0, middle - k)..<min(rows, middle + k + 1) {
                for column in max(0, center - k)..<min(columns, center + k + 1) {
                    values[row * columns + column] += weight
                }
            }
        }
        let length = PerturbationSet.length(values)
        return values.map { length > 0 ? $0 / length : 0 }
    }

    /// A picture covered with patterns of a fifth of its side, of random signs, scaled to the radius.
    static func begin(
        _ x: MutableRow, _ picture: SquareAttack.Picture, _ radius: Double, _ random: inout RandomKey.Generator
    ) {
        let rows = max(1, picture.height / 5), columns = max(1, picture.width / 5)
        var change = [Double](repeating: 0, count: x.count)
        for top in stride(from: 0, through: picture.height - rows, by: rows) {
            for left in stride(from: 0, through: picture.width - columns, by: columns) {
                let shape = pattern(rows, columns, isTurned: random.next() >> 63 == 0)
                let signs = (0..<picture.channels).map { _ in random.next() >> 63 == 0 ? 1.0 : -1 }
                picture.forEach(top, left, rows, columns) { place, channel in
                    let (row, column) = (
                        place / picture.channels / picture.width, place / picture.channels % picture.width
                    )
                    change[place] += signs[channel] * shape[(row - top) * columns + column - left]
                }
            }
        }
        let length = PerturbationSet.length(change)
        for index in x.indices where length > 0 { x[index] += Float(change[index] / length * radius) }
    }

    /// Takes the change out of one rectangle and, with what the radius leaves, puts a pattern into another.
    static func move(
        _ x: MutableRow, _ original: Row, _ picture: SquareAttack.Picture, from: (Int, Int), to: (Int, Int),
        _ rows: Int, _ columns: Int, _ radius: Double, _ random: inout RandomKey.Generator
    ) {
        var change = x.indices.map { Double(x[$0]) - Double(original[$0]) }
        let before = change.reduce(0) { $0 + $1 * $1 }
        var (mass, old) = (
            [Double](repeating: 0, count: picture.channels), [Double](repeating: 0, count: picture.channels)
        )
        var taken = Set<Int>()
        for place in [from, to] {
            picture.forEach(place.0, place.1, rows, columns) { index, channel in
                if taken.insert(index).inserted { mass[channel] += change[index] * change[index] }
            }
        }
        picture.forEach(to.0, to.1, rows, columns) { old[$1] += change[$0] * change[$0] }
        let left = max(0, radius * radius - before) / Double(picture.channels)
        let shape = pattern(rows, columns, isTurned: random.next() >> 63 == 0)
        let signs = (0..<picture.channels).map { _ in random.next() >> 63 == 0 ? 1.0 : -1 }
        var bumps = [Int: Double]()
        var lengths = [Double](repeating: 0, count: picture.channels)
        picture.forEach(to.0, to.1, rows, columns) { index, channel in
            let (row, column) = (index / picture.channels / picture.width, index / picture.channels % picture.width)
            let kept = old[channel] > 0 ? change[index] / old[channel].squareRoot() : 0
            let bump = signs[channel] * shape[(row - to.0) * columns + column - to.1] + kept
            bumps[index] = bump
            lengths[channel] += bump * bump
        }
        picture.forEach(from.0, from.1, rows, columns) { index, _ in change[index] = 0 }
        picture.forEach(to.0, to.1, rows, columns) { index, channel in
            let scale = lengths[channel] > 0 ? ((mass[channel] + left) / lengths[channel]).squareRoot() : 0
            change[index] = (bumps[index] ?? 0) * scale
        }
        for index in x.indices { x[index] = original[index] + Float(change[index]) }
    }
}
