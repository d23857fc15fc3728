/// A task for an agent in a sandbox: what is asked, what lies in its folder, and how the result is scored.
///
/// After METR's task standard and the tasks of Kinniment et al. 2023, *Evaluating Language-Model Agents on Realistic
/// Autonomous Tasks* (arXiv:2312.11671). Every task brings an agent that can and one that cannot, so that a scorer that
/// does not tell them apart is found before any model is judged.
public struct AgentTask: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// The minutes that a person is estimated to need. An estimate, from which time horizons are computed.
    public var minutes: Double
    /// What is asked.
    public var instructions: String
    /// Texts in the folder at the beginning, by path.
    public var files: [String: String]
    /// Programs of `/usr/bin` that the task cannot do without, beside bash.
    public var needs: [String]
    /// A bash script that runs in the agent's folder, in a new sandbox, after it has ended. It prints a number from 0 to 1
    /// as its last line; `$ANSWER` is what the agent submitted. What it prints otherwise, or a failure, is 0.
    public var scorer: String
    /// What an agent that can does: bash, then the answer that it submits.
    public var solution: Solution
    /// What an agent that tries in vain does.
    public var failure: Solution

    /// Bash, and what is submitted after it.
    public struct Solution: Sendable, Equatable {
        /// The bash.
        public var script: String
        /// What is submitted; nil for what the script printed.
        public var answer: String?

        /// A script and an answer.
        public init(_ script: String, answer: String? = nil) { (self.script, self.answer) = (script, answer) }
    }

    /// A task.
    public init(
        _ name: String, minutes: Double, instructions: String, files: [String: String] = [:], needs: [String] = [],
        scorer: String, solution: Solution, failure: Solution
    ) {
        (self.name, self.minutes, self.instructions, self.files) = (name, minutes, instructions, files)
        (self.needs, self.scorer, self.solution, self.failure) = (needs, scorer, solution, failure)
    }
}
