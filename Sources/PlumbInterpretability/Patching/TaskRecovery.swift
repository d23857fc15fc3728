public import PlumbModels
public import PlumbTensor

/// Recovery over pairs drawn for a task, of those pairs that the model answers right.
public struct TaskRecovery: Sendable {
    /// What was asked.
    public let task: PatchingTask
    /// How many pairs were drawn to see whether the model can do the task.
    public let drawn: Int
    /// How many of them the model answers right: after each prompt it prefers that prompt's answer.
    public let right: Int
    /// The profiles of the first pairs that it answers right; none where the task cannot be measured.
    public let profiles: [RecoveryProfile]
    /// Why the task cannot be measured, as a sentence without a full stop; `nil` where it can.
    public let problem: String?

    /// The part of the pairs that the model must answer right; a quarter would be by guessing.
    public static let leastRight = 0.5
    /// The least number of pairs by which that is judged: of a few a model may answer many right by luck.
    public static let leastDrawn = 16

    /// Draws pairs, and patches the first `count` of those that the model answers right.
    ///
    /// - Parameter checkpoint: called between pairs.
    /// - Throws: what `checkpoint` throws; `ModelError` where a pair cannot be patched.
    public init(
        _ task: PatchingTask, _ model: HookedTransformer, count: Int, key: RandomKey, sweep: PatchSweep,
        checkpoint: () throws -> Void = {}
    ) throws {
        (self.task, drawn) = (task, max(count, Self.leastDrawn))
        let pairs: [TokenizedPair]
        do {
            pairs = try task.pairs(drawn, for: model, key: key).map { try $0.tokenized(by: model) }
        } catch let error as ModelError {
            (right, profiles, problem) = (0, [], "\(error)")
            return
        }
        let answered = try pairs.filter { pair in
            try checkpoint()
            let difference = AnswerStanding(model, pair).difference
            return difference.clean > 0 && difference.corrupted < 0
        }
        right = answered.count
        guard Double(right) >= Self.leastRight * Double(drawn) else {
            (profiles, problem) = ([], "the model answers \(right) of \(drawn) pairs right, both prompts of each")
            return
        }
        profiles = try answered.prefix(count).map { pair in
            try checkpoint()
            return try RecoveryProfile(model, pair, sweep)
        }
        problem = nil
    }
}
