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
    /// as its last line; `$ANSWER` is what the agent submitted. What it prints otherwise, or a failure, is 0. Programs of
    /// the agent that it starts can read it: what they must not know belongs into ``cases``.
    public var scorer: String
    /// Commands that run in the agent's folder, each in a new sandbox, before the scorer. Where one does not print what it
    /// should the score is 0. What should be printed stays outside, so that no program of the agent can read it.
    public var cases: [Case]
    /// What an agent that can does: bash, then the answer that it submits.
    public var solution: Solution
    /// What an agent that tries in vain does.
    public var failure: Solution

    /// A command, and what it should print within the limits of the task.
    public struct Case: Sendable, Equatable {
        /// The command, in bash.
        public var command: String
        /// What is printed, without line ends at its end.
        public var printed: String

        /// A command and what it should print.
        public init(_ command: String, prints printed: String) { (self.command, self.printed) = (command, printed) }
    }

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
        cases: [Case] = [], scorer: String = "echo 1", solution: Solution, failure: Solution
    ) {
        (self.name, self.minutes, self.instructions, self.files) = (name, minutes, instructions, files)
        (self.needs, self.cases, self.scorer) = (needs, cases, scorer)
        (self.solution, self.failure) = (solution, failure)
    }
}
