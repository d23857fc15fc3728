internal import PlumbBasics
public import PlumbTensor

/// Projected gradient ascent with momentum that chooses its own step sizes (Croce, Hein 2020, arXiv:2003.01690; for L1
/// with sparse steps, 2021, arXiv:2103.01208).
///
/// Steps begin at twice the radius. At checkpoints the step of a sample is halved, and the ascent goes on from its best
/// point, where its loss rose in too few of the steps since the last one, or did not improve.
public struct AutoPGD: Attack {
    /// What is raised.
    public enum Objective: Sendable, Equatable {
        /// The cross-entropy: APGD-CE.
        case crossEntropy
        /// The difference of logits ratio: APGD-DLR.
        case differenceOfLogitsRatio
        /// The targeted ratio, for so many classes after the right one in the order of the clean logits: APGD-T.
        case targets(Int)
    }

    /// The changes that the attack may make.
    public var set: PerturbationSet
    /// What is raised.
    public var objective: Objective
    /// Steps of an ascent.
    public var steps: Int
    /// Ascents, each for what is not broken yet; of each class for ``Objective/targets(_:)``.
    public var restarts: Int

    /// For tables.
    public var name: String {
        switch objective {
        case .crossEntropy: "APGD-CE"
        case .differenceOfLogitsRatio: "APGD-DLR"
        case .targets: "APGD-T"
        }
    }

    /// The fewest classes that the attack needs.
    public var leastClasses: Int { loss.leastClasses(targeted: isTargeted) }

    /// The settings of the standard battery unless others are given: 100 steps from one start.
    public init(_ set: PerturbationSet, _ objective: Objective, steps: Int = 100, restarts: Int = 1) {
        require(steps > 0 && restarts > 0, "APGD needs steps and restarts, got \(steps) and \(restarts)")
        (self.set, self.objective, self.steps, self.restarts) = (set, objective, steps, restarts)
    }

    private var loss: AttackLoss { objective == .crossEntropy ? .crossEntropy : .differenceOfLogitsRatio }
    private var isTargeted: Bool { if case .targets = objective { true } else { false } }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        var search = AttackSearch(task)
        for restart in 0..<restarts {
            guard case .targets(let count) = objective, task.targets == nil else {
                climb(&search, task, restart, targets: task.targets, &queries)
                continue
            }
            let order = task.otherClasses(count)
            for place in 0..<min(count, task.classes - 1) {
                climb(&search, task, restart * count + place, targets: order.map { $0[place] }, &queries)
            }
        }
        return search.result
    }

    /// One ascent of everything that is open; for L1 three, of which the first two have more room.
    private func climb(
        _ search: inout AttackSearch, _ task: AttackTask, _ index: Int, targets: [Int]?, _ queries: inout ModelQueries
    ) {
        guard !search.open.isEmpty else { return }
        let open = search.open
        let part = task[open]
        var start = firstPoints(part, index)
        var rooms = [(1.0, steps)]
        if set.norm == .l1 {
            let (wide, narrow) = (steps * 3 / 10, steps - 2 * (steps * 3 / 10))
            rooms = [(3, wide), (2, wide), (1, narrow)].filter { $0.1 > 0 }
        }
        for (room, steps) in rooms {
            let ascent = AutoPGDAscent(
                set: set.with(radius: set.radius * room), loss: loss, steps: steps,
                targets: targets.map { targets in open.map { targets[$0] } }, finds: room == 1)
            start = set.with(radius: set.radius * room).project(start, around: part.images)
            start = ascent.run(&search, from: start, &queries)
        }
    }

    private func firstPoints(_ task: AttackTask, _ index: Int) -> Tensor {
        let keys = task.keys("start", index)
        guard set.norm != .l1 else { return set.randomPoints(around: task.images, keys: keys) }
        let moved = task.images.mapRows { row, out, x, _, _ in
            var random = keys[row].generator()
            let drawn =
                set.norm == .linf
                ? x.map { _ in 2 * random.uniform() - 1 } : PerturbationSet.normals(x.count, &random)
            let size = set.norm == .linf ? drawn.map(abs).max() ?? 1 : PerturbationSet.length(drawn)
            for place in x.indices { out[place] = x[place] + Float(set.radius * drawn[place] / max(size, 1e-12)) }
        }
        return set.project(moved, around: task.images)
    }
}

extension PerturbationSet {
    static func length(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}

extension AttackTask {
    /// For each sample its classes but the right one, those with the greatest clean logits first, at most `count`.
    func otherClasses(_ count: Int) -> [[Int]] {
        var result: [[Int]] = []
        logits.forEachRow { row, z, _, _ in
            let order = z.indices.filter { $0 != labels[row] }.sorted { (z[$0], $1) > (z[$1], $0) }
            result.append(Array(order.prefix(count)))
        }
        return result
    }
}
