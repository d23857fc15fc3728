internal import PlumbBasics
public import PlumbTensor

/// The smallest change in L2 from answers alone (Chen, Jordan, Wainwright 2019, arXiv:1904.02144): steps along the decision
/// boundary, whose direction is estimated from the answers at random points nearby.
///
/// Each sample is attacked on its own, and its estimate is scaled by its own length.
public struct HopSkipJump: Attack {
    /// For tables.
    public let name = "HopSkipJump"
    /// The changes that the attack may make.
    public var set: PerturbationSet
    /// Steps along the boundary.
    public var steps: Int
    /// Points at which the first step asks; step t asks at `√t` times as many.
    public var firstQueries: Int

    /// Twenty steps unless others are given.
    public init(bounds: ClosedRange<Float> = 0...1, steps: Int = 20, firstQueries: Int = 100) {
        require(steps >= 0 && firstQueries > 0, "HopSkipJump needs steps and queries, got \(steps) and \(firstQueries)")
        set = PerturbationSet(.l2, radius: .infinity, bounds: bounds)
        (self.steps, self.firstQueries) = (steps, firstQueries)
    }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        Tensor.concatenated((0..<task.count).map { row in attack(task[[row]], &queries) })
    }

    /// Random images tried as a start.
    private static let starts = 100

    private func attack(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        let (x, d) = (task.images, Double(task.images.count))
        var random = task.keys("hop")[0].generator()
        guard let first = firstBroken(task, &random, &queries) else { return x }
        let theta = 1 / (d * d.squareRoot())
        var point = boundary(task, first, theta, &queries)
        for step in 0..<steps {
            let distance = PerturbationNorm.l2.distances(point, from: x)[0]
            let range = Double(set.bounds.upperBound - set.bounds.lowerBound)
            let delta = step == 0 ? 0.1 * range : d.squareRoot() * theta * distance
            let count = Int(Double(firstQueries) * Double(step + 1).squareRoot())
            let direction = estimate(task, point, delta, count, &random, &queries)
            var length = distance / Double(step + 1).squareRoot()
            for _ in 0..<40 {
                let moved = (point + direction * Float(length)).clamped(to: set.bounds)
                if isBroken(task, moved, &queries)[0] {
                    point = boundary(task, moved, theta, &queries)
                    break
                }
                length /= 2
            }
        }
        return point
    }

    /// Whether each of several versions of one sample is broken.
    private func isBroken(_ task: AttackTask, _ points: Tensor, _ queries: inout ModelQueries) -> [Bool] {
        queries.logits(points).argmaxOfRows().map { found in
            task.targets.map { found == $0[0] } ?? (found != task.labels[0])
        }
    }

    private func firstBroken(
        _ task: AttackTask, _ random: inout RandomKey.Generator, _ queries: inout ModelQueries
    ) -> Tensor? {
        let (low, high) = (Double(set.bounds.lowerBound), Double(set.bounds.upperBound))
        let drawn = (0..<Self.starts * task.images.count).map { _ in Float(low + (high - low) * random.uniform()) }
        let images = Tensor(drawn, shape: [Self.starts] + task.images.shape.dropFirst())
        return isBroken(task, images, &queries).firstIndex(of: true).map { images[$0..<$0 + 1] }
    }

    /// The broken point nearest the sample on the way to a broken one, to within a part θ of the way.
    private func boundary(
        _ task: AttackTask, _ broken: Tensor, _ theta: Double, _ queries: inout ModelQueries
    ) -> Tensor {
        func blend(_ part: Double) -> Tensor {
            (task.images * Float(1 - part) + broken * Float(part)).clamped(to: set.bounds)
        }
        var (low, high) = (0.0, 1.0)
        while high - low > theta {
            let middle = (low + high) / 2
            if isBroken(task, blend(middle), &queries)[0] { high = middle } else { low = middle }
        }
        return high == 1 ? broken : blend(high)
    }

    /// The direction in which the sample becomes broken, of length 1: the mean of random directions, each weighted by the
    /// answer there less the mean answer.
    private func estimate(
        _ task: AttackTask, _ point: Tensor, _ delta: Double, _ count: Int, _ random: inout RandomKey.Generator,
        _ queries: inout ModelQueries
    ) -> Tensor {
        let width = point.count
        var drawn: [Float] = []
        drawn.reserveCapacity(count * width)
        for _ in 0..<count {
            drawn += PerturbationSet.scaled(PerturbationSet.normals(width, &random), to: delta, keeping: width)
        }
        let base = point.gathered([Int](repeating: 0, count: count))
        let probes = (base + Tensor(drawn, shape: base.shape)).clamped(to: set.bounds)
        let answers = isBroken(task, probes, &queries).map { $0 ? 1.0 : -1 }
        let mean = answers.reduce(0, +) / Double(count)
        // Where all answers agree, they have no mean to be compared with.
        let center = abs(mean) == 1 ? 0 : mean
        var sum = [Double](repeating: 0, count: width)
        (probes - base).forEachRow { row, change, _, _ in
            for index in change.indices { sum[index] += (answers[row] - center) * Double(change[index]) }
        }
        return Tensor(PerturbationSet.scaled(sum, to: 1, keeping: width), shape: point.shape)
    }
}
