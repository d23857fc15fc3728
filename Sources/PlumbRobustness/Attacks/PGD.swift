internal import PlumbBasics
public import PlumbTensor

/// The fast gradient sign method: one step as long as the set allows, along the sign of the cross-entropy's gradient
/// (Goodfellow, Shlens, Szegedy 2014, arXiv:1412.6572); for L2 along the gradient, for L1 along its greatest entries.
public struct FGSM: Attack {
    /// For tables.
    public let name = "FGSM"
    /// The changes that the attack may make.
    public var set: PerturbationSet

    /// One step to the edge of the set.
    public init(_ set: PerturbationSet) { self.set = set }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        let found = queries.ascent(.crossEntropy, task.images, labels: task.labels, targets: task.targets)
        let moved = set.stepped(task.images, along: found.gradient, by: [set.radius])
        return set.project(moved, around: task.images)
    }
}

/// Projected gradient ascent from random starts (Madry, Makelov, Schmidt, Tsipras, Vladu 2017, arXiv:1706.06083).
///
/// L∞ steps go along the gradient's sign, L2 steps along the gradient, L1 steps along the signs of its greatest entries.
/// The defaults are foolbox's: 40 steps of a thirtieth of the radius for L∞, 50 of a fortieth for the others.
public struct PGD: Attack {
    /// For tables.
    public var name: String { restarts > 1 ? "PGD-\(steps)×\(restarts)" : "PGD-\(steps)" }
    /// The changes that the attack may make.
    public var set: PerturbationSet
    /// Steps from each start.
    public var steps: Int
    /// Starts, each for what is not broken yet.
    public var restarts: Int
    /// The length of a step, as a part of the radius.
    public var relativeStep: Double
    /// Whether starts are drawn from the set; otherwise each is the sample itself.
    public var startsAtRandom = true
    /// What is raised.
    public var loss: AttackLoss

    /// The fewest classes that the attack needs.
    public var leastClasses: Int { loss.leastClasses(targeted: false) }

    /// Ascent with foolbox's step sizes unless others are given.
    public init(
        _ set: PerturbationSet, steps: Int? = nil, restarts: Int = 1, relativeStep: Double? = nil,
        loss: AttackLoss = .crossEntropy
    ) {
        self.set = set
        self.steps = steps ?? (set.norm == .linf ? 40 : 50)
        (self.restarts, self.loss) = (restarts, loss)
        self.relativeStep = relativeStep ?? (set.norm == .linf ? 1.0 / 30 : 0.025)
        require(self.steps > 0 && restarts > 0, "PGD needs steps and restarts, got \(self.steps) and \(restarts)")
    }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        var search = AttackSearch(task)
        for restart in 0..<restarts where !search.open.isEmpty {
            let part = task[search.open]
            let start =
                startsAtRandom
                ? set.randomPoints(around: part.images, keys: part.keys("start", restart)) : part.images
            search.begin(at: start)
            for step in 0...steps where !search.active.isEmpty {
                if step == steps {
                    search.judge(queries.logits(search.points), loss)
                    break
                }
                let found = queries.ascent(
                    loss, search.points, labels: search.task.labels, targets: search.task.targets)
                let kept = search.judge(found.logits, losses: found.losses)
                guard !kept.isEmpty else { break }
                let gradient = kept.count == found.losses.count ? found.gradient : found.gradient.gathered(kept)
                let moved = set.stepped(search.points, along: gradient, by: [set.radius * relativeStep])
                search.points = set.project(moved, around: search.task.images)
            }
        }
        return search.result
    }
}

extension PerturbationSet {
    /// Points moved along gradients: by the sign for L∞, along the unit vector for L2, and for L1 shared equally among
    /// the entries that are at least the `sparsity` greatest in size, as far as the bounds leave them room to move.
    ///
    /// - Parameter lengths: one for all samples, or one a sample.
    func stepped(_ x: Tensor, along gradient: Tensor, by lengths: [Double], sparsity: [Int]? = nil) -> Tensor {
        x.mapRows(gradient) { row, out, x, g, _ in
            let length = lengths.count == 1 ? lengths[0] : lengths[row]
            switch norm {
            case .linf:
                for index in x.indices { out[index] = x[index] + Float(length) * RowMath.sign(g[index]) }
            case .l2:
                let size = RowMath.length(g)
                let scale = size > 0 && size.isFinite ? Float(length / size) : 0
                for index in x.indices { out[index] = x[index] + scale * (scale == 0 ? 0 : g[index]) }
            case .l1: sparseStep(x, g, length, sparsity?[row] ?? max(1, x.count / 20), out)
            }
        }
    }

    private func sparseStep(_ x: Row, _ g: Row, _ length: Double, _ count: Int, _ out: MutableRow) {
        let movable = x.indices.filter { index in
            g[index] > 0 ? x[index] < bounds.upperBound : g[index] < 0 && x[index] > bounds.lowerBound
        }
        let chosen = movable.sorted { (abs(g[$0]), $1) > (abs(g[$1]), $0) }.prefix(count)
        for index in x.indices { out[index] = x[index] }
        let step = Float(length / Double(max(1, chosen.count)))
        for index in chosen { out[index] += step * RowMath.sign(g[index]) }
    }
}
