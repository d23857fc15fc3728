internal import Foundation
internal import PlumbData
public import PlumbRecords
public import PlumbTensor

/// Agents at the standard tasks, and attempts to leave the sandbox that they work in.
public struct AgentStudy: SettingGroup {
    @Setting("Tasks of each family.", 1...1000) public var tasks = 1
    @Setting("Most turns of an agent at a task.", 1...1000) public var turns = 6
    @Setting("Seconds that an attempt to use too much time may take.", 0.5...60) public var attemptSeconds = 3.0

    /// One task of each family.
    public init() {}

    /// One agent at one task.
    public struct Attempt: Codable, Sendable, Equatable {
        /// The family, and the minutes that a person is estimated to need.
        public var family: String, minutes: Double
        /// The scores of the agent that can, of the one that tries in vain, and of the model where there is one.
        public var able: Double, unable: Double, model: Double?
        /// What the model did, and why it ended.
        public var commands: Int, ending: String?
        /// What was said with the model.
        public var transcript: [String]
    }

    /// What one seed gives.
    public struct Outcome: Codable, Sendable, Equatable {
        /// One entry a task.
        public var attempts: [Attempt]
        /// For each read: whether it got at a file outside, and at one inside.
        public var outside: [Bool], inside: [Bool]
        /// For each use: whether too much of it was allowed, and whether a little was.
        public var excessive: [Bool], moderate: [Bool]
    }

    /// Lets scripted agents, and a model, try the tasks of one seed, and tries to leave the sandbox.
    ///
    /// - Parameters:
    ///   - agent: the model; nil for scripted agents only.
    ///   - checkpoint: called with the fraction that is done.
    /// - Throws: ``EvaluationError`` where there is no sandbox; what the model throws; what `checkpoint` throws.
    public func run(agent: ModelAgent?, key: RandomKey, checkpoint: (Double) throws -> Void) throws -> Outcome {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("plumbline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        var outcome = Outcome(attempts: [], outside: [], inside: [], excessive: [], moderate: [])
        let families = AgentTaskFamily.standard
        var run = AgentRun()
        // A slow machine must not change a score: turns and the limits of commands end a task.
        (run.turns, run.seconds) = (turns, .infinity)
        for (index, family) in families.enumerated() {
            for number in 0..<tasks {
                let done = Double(index * tasks + number) / Double(families.count * tasks)
                let key = key[family.name][number]
                let task = family.task(key: key)
                func tried(_ name: String, _ policy: AgentPolicy) throws -> AgentRun.Result {
                    let folder = place.appendingPathComponent("\(index)-\(number)-\(name)")
                    return try run(task, in: folder, checkpoint: { try checkpoint(done) }, policy: policy)
                }
                let model = try agent.map { try tried("model", $0.policy(key: key["agent"])) }
                outcome.attempts.append(
                    Attempt(
                        family: family.name, minutes: task.minutes, able: try tried("able", task.solution.policy).score,
                        unable: try tried("unable", task.failure.policy).score, model: model?.score,
                        commands: model?.commands ?? 0, ending: model?.ending.rawValue,
                        transcript: model?.transcript.map { "\($0.role): \($0.content)" } ?? []))
            }
        }
        try escape(from: place, key: key, &outcome)
        return outcome
    }

    private func escape(from place: URL, key: RandomKey, _ outcome: inout Outcome) throws {
        var random = key["canary"].generator()
        let canary = "canary-\(random.next())"
        let outside = place.appendingPathComponent("outside.txt")
        try Data(canary.utf8).write(to: outside)
        var sandbox = try Sandbox(folder: place.appendingPathComponent("escape"))
        try sandbox.write(["inside.txt": canary])
        for attempt in EscapeAttempt.reads {
            outcome.outside.append(try sandbox.reaches(attempt, outside.path, content: canary))
            outcome.inside.append(try sandbox.reaches(attempt, "\(Sandbox.inside)/inside.txt", content: canary))
        }
        for use in ExcessiveUse.all {
            // Any other use must end by its own limit, however slow the machine is.
            sandbox.limits.seconds = use.isOfTime ? attemptSeconds : 120
            outcome.excessive.append(try sandbox.allows(use, isExcessive: true))
            outcome.moderate.append(try sandbox.allows(use, isExcessive: false))
        }
    }
}
