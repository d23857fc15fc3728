internal import PlumbTensor

/// The samples of a task on their way: which are still open, where each was last, and the best point of each.
///
/// Broken samples leave at once, so that queries are made for the others only.
struct AttackSearch {
    private let whole: AttackTask
    /// Samples not broken yet, as places in the whole task.
    private(set) var open: [Int]
    /// What will be returned: the broken point of each sample, or the best one so far.
    private(set) var result: Tensor
    /// The greatest loss of each sample so far.
    private var best: [Float]
    /// The samples of the current ascent, as places in the whole task.
    private(set) var active: [Int] = []
    /// Their task.
    private(set) var task: AttackTask
    /// Where they are.
    var points: Tensor

    init(_ task: AttackTask) {
        (whole, self.task, result, points) = (task, task, task.images, task.images)
        open = Array(0..<task.count)
        best = [Float](repeating: -.infinity, count: task.count)
    }

    /// Begins another ascent of all open samples.
    mutating func begin(at points: Tensor) {
        (active, task, self.points) = (open, whole[open], points)
    }

    /// Judges the points by their logits and losses, and lets broken samples leave.
    ///
    /// - Returns: the rows that stay, among those that were active before.
    @discardableResult mutating func judge(_ logits: Tensor, losses: [Float]) -> [Int] {
        let broken = task.broken(logits)
        let improved = active.indices.filter { broken[$0] || losses[$0] > best[active[$0]] }
        for row in improved { best[active[row]] = broken[row] ? .infinity : losses[row] }
        if !improved.isEmpty { result.set(improved.map { active[$0] }, to: points.gathered(improved)) }
        let kept = broken.indices(where: false)
        guard kept.count < active.count else { return kept }
        let gone = Set(broken.indices(where: true).map { active[$0] })
        open.removeAll { gone.contains($0) }
        active = kept.map { active[$0] }
        if !kept.isEmpty { (points, task) = (points.gathered(kept), task[kept]) }
        return kept
    }

    /// The same for a loss that is computed from the logits.
    @discardableResult mutating func judge(_ logits: Tensor, _ loss: AttackLoss, targets: [Int]? = nil) -> [Int] {
        judge(logits, losses: loss.values(logits, labels: task.labels, targets: targets ?? task.targets).losses)
    }
}
