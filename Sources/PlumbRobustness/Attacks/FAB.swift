internal import PlumbBasics
public import PlumbTensor

/// The fast adaptive boundary attack, which looks for the smallest change (Croce, Hein 2019, arXiv:1907.02044): steps to
/// the nearest linearized decision boundary, kept near the sample, and back toward the sample from each broken point.
///
/// With a finite radius, a sample leaves as soon as a broken point within it was found.
public struct FAB: Attack {
    /// The changes that the attack may make.
    public var set: PerturbationSet
    /// Steps of a search.
    public var steps: Int
    /// Searches; all but the first begin at random points.
    public var restarts: Int
    /// Searches for one class each, for so many classes after the right one in the order of the clean logits; `nil` for
    /// searches that take the nearest class at each step, which need a gradient for each class.
    public var targetClasses: Int?

    /// For tables.
    public var name: String { targetClasses == nil ? "FAB" : "FAB-T" }

    /// The settings of the standard battery unless others are given: 100 steps for each of nine classes.
    public init(_ set: PerturbationSet, steps: Int = 100, restarts: Int = 1, targetClasses: Int? = 9) {
        require(steps > 0 && restarts > 0, "FAB needs steps and restarts, got \(steps) and \(restarts)")
        (self.set, self.steps, self.restarts, self.targetClasses) = (set, steps, restarts, targetClasses)
    }

    private static let overshoot: Float = 1.05, mostBias = 0.1, back: Float = 0.9

    /// The closest broken point of each sample, and how far it is.
    private struct Found {
        var points: Tensor
        var distances: [Double]
    }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        var found = Found(points: task.images, distances: [Double](repeating: .infinity, count: task.count))
        var last = task.images
        for restart in 0..<restarts {
            guard let count = targetClasses ?? task.targets.map({ _ in 1 }) else {
                search(task, restart, nil, &found, &last, &queries)
                continue
            }
            let order = task.targets.map { $0.map { [$0] } } ?? task.otherClasses(count)
            for place in 0..<min(count, order[0].count) {
                search(task, restart, order.map { $0[place] }, &found, &last, &queries)
            }
        }
        let missed = found.distances.indices.filter { found.distances[$0] == .infinity }
        var result = found.points
        result.set(missed, to: last.gathered(missed))
        // What lies beyond the radius is broken all the same, and is shown as far as the set goes.
        return set.radius.isFinite ? set.project(result, around: task.images) : result
    }

    private func search(
        _ task: AttackTask, _ restart: Int, _ targets: [Int]?, _ found: inout Found, _ last: inout Tensor,
        _ queries: inout ModelQueries
    ) {
        var open = task.labels.indices.filter { found.distances[$0] > set.radius || set.radius == .infinity }
        guard !open.isEmpty else { return }
        var (part, x) = (task[open], last)
        x = restart == 0 ? part.images : randomStart(part, restart, open.map { found.distances[$0] })
        for _ in 0..<steps {
            let moved = step(part, x, targets.map { t in open.map { t[$0] } }, &queries)
            let broken = part.broken(queries.logits(moved))
            let sizes = set.norm.distances(moved, from: part.images)
            let closer = broken.indices(where: true).filter { sizes[$0] < found.distances[open[$0]] }
            for row in closer { found.distances[open[row]] = sizes[row] }
            found.points.set(closer.map { open[$0] }, to: moved.gathered(closer))
            x = moved.mapRows(part.images) { row, out, moved, x, _ in
                for index in x.indices {
                    out[index] = broken[row] ? x[index] + Self.back * (moved[index] - x[index]) : moved[index]
                }
            }
            last.set(open, to: x)
            let kept = open.indices.filter { set.radius == .infinity || found.distances[open[$0]] > set.radius }
            guard kept.count < open.count else { continue }
            guard !kept.isEmpty else { return }
            (open, part, x) = (kept.map { open[$0] }, part[kept], x.gathered(kept))
        }
    }

    private func randomStart(_ task: AttackTask, _ restart: Int, _ distances: [Double]) -> Tensor {
        let radius = set.radius.isFinite ? set.radius : set.unlimited(task.images.rowWidth) / 10
        let drawn = set.with(radius: radius / 2).randomEdges(around: task.images, keys: task.keys("start", restart))
        return drawn.mapRows(task.images) { row, out, drawn, x, _ in
            let scale = Float(min(1, distances[row] / radius))
            for index in x.indices { out[index] = x[index] + scale * (drawn[index] - x[index]) }
        }
    }

    /// One step: onto the nearest boundary from the point and from the sample, a little beyond, and a mean of both.
    private func step(
        _ task: AttackTask, _ x: Tensor, _ targets: [Int]?, _ queries: inout ModelQueries
    ) -> Tensor {
        let (gaps, gradients) = nearestBoundary(task, x, targets, &queries)
        let project = HyperplaneProjection(norm: set.norm, bounds: set.bounds)
        return x.mapRows(task.images, gradients) { row, out, x, original, g in
            var offset = 0.0
            for index in x.indices { offset += Double(g[index]) * (Double(x[index]) - Double(original[index])) }
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * x.count) { room in
                let (toward, around) = (
                    MutableRow(rebasing: room[..<x.count]), MutableRow(rebasing: room[x.count...])
                )
                // The boundary is `gap + g·δ = 0` from the point, and `gap + g·(δ − (x − original)) = 0` from the sample.
                let near = project(x, g, -gaps[row], into: toward)
                let far = project(original, g, offset - gaps[row], into: around)
                let bias = Float(near + far > 0 ? min(near / (near + far), Self.mostBias) : 0)
                for index in x.indices {
                    let moved =
                        (1 - bias) * (x[index] + Self.overshoot * toward[index])
                        + bias * (original[index] + Self.overshoot * around[index])
                    out[index] = max(set.bounds.lowerBound, min(set.bounds.upperBound, moved))
                }
            }
        }
    }

    /// `z_t − z_y` and its gradient for the targets, or for the class whose linearized boundary is nearest.
    private func nearestBoundary(
        _ task: AttackTask, _ x: Tensor, _ targets: [Int]?, _ queries: inout ModelQueries
    ) -> (gaps: [Double], gradients: Tensor) {
        let classes =
            targets.map { $0.map { [$0] } }
            ?? task.labels.map { label in (0..<task.classes).filter { $0 != label } }
        let found = queries.classGradients(x, labels: task.labels, classes: classes)
        let count = classes[0].count
        var sizes: [Double] = []
        found.gradients.forEachRow { _, g, _, _ in sizes.append(set.norm.dualLength(g)) }
        var (gaps, rows) = ([Double](), [Int]())
        found.logits.forEachRow { row, z, _, _ in
            let each = classes[row].map { Double(z[$0]) - Double(z[task.labels[row]]) }
            let nearest = (0..<count).min { one, other in
                abs(each[one]) / (sizes[row * count + one] + 1e-12)
                    < abs(each[other]) / (sizes[row * count + other] + 1e-12)
            }
            gaps.append(each[nearest ?? 0])
            rows.append(row * count + (nearest ?? 0))
        }
        return (gaps, count == 1 ? found.gradients : found.gradients.gathered(rows))
    }
}

extension PerturbationNorm {
    /// The length of a gradient in the dual norm: how much a change of size 1 can gain.
    func dualLength(_ g: Row) -> Double {
        switch self {
        case .linf: g.reduce(0) { $0 + abs(Double($1)) }
        case .l2: RowMath.length(g)
        case .l1: g.reduce(0) { max($0, abs(Double($1))) }
        }
    }
}
