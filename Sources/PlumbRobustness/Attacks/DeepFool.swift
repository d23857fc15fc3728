internal import PlumbBasics
public import PlumbTensor

/// The nearest linearized decision boundary, step after step, until the answer changes (Moosavi-Dezfooli, Fawzi, Frossard
/// 2015, arXiv:1511.04599): small changes, though not the smallest.
public struct DeepFool: Attack {
    /// For tables.
    public let name = "DeepFool"
    /// The changes that the attack may make.
    public var set: PerturbationSet
    /// The most steps.
    public var steps: Int
    /// How much farther than the boundary the change goes, as a part of it.
    public var overshoot: Double
    /// Classes that are looked at: those with the greatest logits.
    public var candidates: Int

    /// The settings of the paper unless others are given.
    ///
    /// - Precondition: the norm is L2 or L∞.
    public init(
        _ norm: PerturbationNorm = .l2, bounds: ClosedRange<Float> = 0...1, steps: Int = 50, overshoot: Double = 0.02,
        candidates: Int = 10
    ) {
        require(norm != .l1, "DeepFool is for L2 and L∞")
        set = PerturbationSet(norm, radius: .infinity, bounds: bounds)
        (self.steps, self.overshoot, self.candidates) = (steps, overshoot, candidates)
    }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        var result = task.images
        var (part, open) = (task, Array(0..<task.count))
        var (x, total) = (task.images, Tensor.zeros(task.images.shape))
        let order = task.targets.map { $0.map { [$0] } } ?? task.otherClasses(max(1, candidates - 1))
        for _ in 0..<steps {
            let found = queries.classGradients(x, labels: part.labels, classes: open.map { order[$0] })
            let kept = part.broken(found.logits).indices(where: false)
            guard !kept.isEmpty else { break }
            let change = nearest(found, part.labels, open.map { order[$0] }, x.shape)
            if kept.count < open.count {
                (open, part) = (kept.map { open[$0] }, part[kept])
                total = total.gathered(kept) + change.gathered(kept)
            } else {
                total = total + change
            }
            x = set.project(part.images + total * Float(1 + overshoot), around: part.images)
            result.set(open, to: x)
        }
        return result
    }

    /// The change to the nearest boundary, a little more than linearization asks for.
    private func nearest(
        _ found: (logits: Tensor, gradients: Tensor), _ labels: [Int], _ classes: [[Int]], _ shape: [Int]
    ) -> Tensor {
        let count = classes[0].count
        var sizes: [Double] = []
        found.gradients.forEachRow { _, g, _, _ in sizes.append(set.norm.dualLength(g)) }
        var (rows, steps) = ([Int](), [Double]())
        found.logits.forEachRow { row, z, _, _ in
            let distances = classes[row].enumerated().map { place, other in
                abs(Double(z[other]) - Double(z[labels[row]])) / max(sizes[row * count + place], 1e-12)
            }
            let nearest = distances.indices.min { distances[$0] < distances[$1] } ?? 0
            rows.append(row * count + nearest)
            steps.append(distances[nearest] + 1e-4)
        }
        return found.gradients.gathered(rows).mapRows { row, out, g, _, _ in
            let size = max(sizes[rows[row]], 1e-12)
            for index in g.indices {
                out[index] =
                    set.norm == .l2 ? Float(steps[row] / size) * g[index] : Float(steps[row]) * RowMath.sign(g[index])
            }
        }
    }
}
