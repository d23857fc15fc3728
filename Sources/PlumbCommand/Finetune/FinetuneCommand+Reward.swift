import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbLearning

extension FinetuneCommand {
    struct Reward: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reward", abstract: "Learn a reward of answers from preferences between them.",
            discussion: """
                A line of the data is {"prompt": "…", "chosen": "…", "rejected": "…"}, as for dpo. The model gets a linear \
                head that reads its last hidden state at the end of an answer.

                  \(CommandName.current) finetune reward --data pairs.jsonl --lora 8 --steps 200 --out runs/reward
                  \(CommandName.current) finetune ppo --prompts prompts.jsonl --reward-model runs/reward --lora 8 --out runs/ppo

                "accuracy" is the share of pairs whose chosen answer has the higher reward, "margin" the mean difference. \
                The folder holds the model, which transformers reads, and \(RewardModel.headFile) with "weight" and "bias": \
                the reward is weight · h + bias, with h the last hidden state of AutoModel at the last token.
                """)

        @OptionGroup var options: FinetuneOptions
        @Option(help: .finetuneData, completion: .file()) var data: String?
        @Flag(help: "Train the head alone; the model stays as it is.") var headOnly = false
        @Option(
            parsing: .unconditional,
            help: "How much further than this the chosen reward should be above the rejected one. (default: 0)")
        var margin: Double?
        @Option(
            parsing: .unconditional,
            help: "The weight of the squared sum of both rewards, which keeps them near 0. (default: 0.01)")
        var centering: Double?

        func validate() throws {
            try options.check(data, "--data")
            try options.refuseBesideResume([
                ("head-only", headOnly), ("margin", margin != nil), ("centering", centering != nil),
            ])
            if headOnly, options.lora != nil { throw ValidationError("--head-only and --lora exclude each other") }
            for (name, value) in [("margin", margin), ("centering", centering)] {
                if let value, !(value >= 0 && value.isFinite) {
                    throw ValidationError("--\(name) must be a number of 0 or more, got \(value)")
                }
            }
        }

        func run() async throws {
            let rates = headOnly ? (lora: 1e-3, full: 1e-3) : (lora: 5e-4, full: 1e-5)
            try await options.run(.reward, data: data, rates: rates) { settings in
                settings.comparison = ComparisonSettings(
                    headOnly: headOnly, margin: margin ?? 0, centering: centering ?? 0.01)
            }
        }
    }

    struct PPO: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ppo", abstract: "Learn to write what a reward likes, near the model before: PPO.",
            discussion: """
                A line of the prompts is {"prompt": "…"}, or {"prompt": [{"role": "user", "content": "…"}]} for the model's \
                chat template. In each round --batch texts are written and scored as wholes, and each token pays beta times \
                the log-ratio to the model before.

                  \(CommandName.current) finetune ppo --prompts prompts.jsonl --reward-model runs/reward --lora 8 --out runs/ppo
                  \(CommandName.current) finetune ppo --prompts prompts.jsonl --reward lexicon:words.txt --lora 8 --out runs/words

                "reward" is the mean of a round, "kl" the exact divergence of each token from the model before, summed over a \
                text, in nats, and "drawn" its estimate from the tokens written alone. A reward that does not vary is an \
                error in the first round; where training diverges, the last good weights are kept in DIR.
                """)

        @OptionGroup var options: FinetuneOptions
        @OptionGroup var rewards: ReinforcementOptions

        func validate() throws { try rewards.check(options) }

        func run() async throws {
            try await options.run(.ppo, data: rewards.prompts, batch: 16, rates: (lora: 2e-4, full: 2e-6)) { settings in
                try rewards.fill(&settings)
            }
        }
    }

    struct GRPO: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "grpo",
            abstract: "Learn from a reward by comparing texts written to one prompt: GRPO and RLOO.",
            discussion: """
                Prompts and rewards are those of ppo. Of the --batch texts of a round each --group continue one prompt, and a \
                text is credited with how its reward stands among them, so that no values are learned.

                  \(CommandName.current) finetune grpo --prompts prompts.jsonl --reward lexicon:words.txt --lora 8 --out runs/words

                "equal" is the share of groups whose rewards are all equal, from which nothing is learned.
                """)

        @OptionGroup var options: FinetuneOptions
        @OptionGroup var rewards: ReinforcementOptions
        @Option(parsing: .unconditional, help: "Texts to one prompt, which --batch is a multiple of. (default: 4)")
        var group: Int?
        @Flag(help: "Credit a text with its reward less the mean of the others of its group: RLOO.") var leaveOneOut =
            false
        @Flag(help: "Put the penalty into the loss, as GRPO was published, rather than into rewards.")
        var penaltyInLoss = false

        func validate() throws {
            try rewards.check(options)
            try options.refuseBesideResume([
                ("group", group != nil), ("leave-one-out", leaveOneOut), ("penalty-in-loss", penaltyInLoss),
            ])
            let size = group ?? 4
            guard size >= 2 else { throw ValidationError("--group must be at least 2, got \(size)") }
            guard (options.batch ?? 16).isMultiple(of: size) else {
                throw ValidationError("--batch \(options.batch ?? 16) is no multiple of --group \(size)")
            }
        }

        func run() async throws {
            try await options.run(.grpo, data: rewards.prompts, batch: 16, rates: (lora: 2e-4, full: 2e-6)) {
                settings in
                try rewards.fill(&settings)
                settings.reinforcement?.group = group ?? 4
                settings.reinforcement?.leavesOneOut = leaveOneOut
                settings.reinforcement?.penaltyInLoss = penaltyInLoss
            }
        }
    }
}

/// What optimization by a reward is told.
struct ReinforcementOptions: ParsableArguments {
    @Option(help: "The prompts: one JSON object a line.", completion: .file()) var prompts: String?
    @Option(help: "The folder of a reward model, as finetune reward writes it.", completion: .directory)
    var rewardModel: String?
    @Option(help: "A reward without a model: lexicon:FILE counts words, a word and its weight a line of FILE.")
    var reward: String?
    @Option(parsing: .unconditional, help: "The most tokens of a text that is written. (default: 48)")
    var maxTokens: Int?
    @Option(parsing: .unconditional, help: "Passes over the texts of a round. (default: 2)") var passes: Int?
    @Option(parsing: .unconditional, help: "What a nat away from the model before costs. (default: 0.05)")
    var beta: Double?
    @Option(
        parsing: .unconditional, help: "Adapt beta to this divergence in nats a text. (default: beta stays as it is)")
    var targetKl: Double?
    @Option(parsing: .unconditional, help: "The temperature of the sampling. (default: 1)") var temperature: Double?
    @Option(parsing: .unconditional, help: "What a text pays that does not end by itself. (default: 0)")
    var missingEndPenalty: Double?

    func check(_ options: FinetuneOptions) throws {
        try options.check(prompts, "--prompts")
        try options.refuseBesideResume([
            ("reward-model", rewardModel != nil), ("reward", reward != nil), ("max-tokens", maxTokens != nil),
            ("passes", passes != nil), ("beta", beta != nil), ("target-kl", targetKl != nil),
            ("temperature", temperature != nil), ("missing-end-penalty", missingEndPenalty != nil),
        ])
        for (name, value) in [("max-tokens", maxTokens), ("passes", passes)] {
            if let value, value < 1 { throw ValidationError("--\(name) must be at least 1, got \(value)") }
        }
        for (name, value) in [("target-kl", targetKl), ("temperature", temperature)] {
            if let value, !(value > 0 && value.isFinite) {
                throw ValidationError("--\(name) must be a number above 0, got \(value)")
            }
        }
        for (name, value) in [("beta", beta), ("missing-end-penalty", missingEndPenalty)] {
            if let value, !(value >= 0 && value.isFinite) {
                throw ValidationError("--\(name) must be a number of 0 or more, got \(value)")
            }
        }
        guard !options.resume else { return }
        for (name, path) in [("--reward-model", rewardModel), ("--reward", reward)] { try PathOption.check(path, name) }
        guard (reward == nil) != (rewardModel == nil) else {
            throw ValidationError("name one reward: --reward-model DIR, or --reward lexicon:FILE")
        }
        if let reward, !reward.hasPrefix(Self.lexicon) || reward == Self.lexicon {
            throw ValidationError("--reward must be \(Self.lexicon)FILE, got \(reward)")
        }
    }

    private static let lexicon = "lexicon:"

    func fill(_ settings: inout FinetuneSettings) throws {
        let path = rewardModel ?? String((reward ?? "").dropFirst(Self.lexicon.count))
        var reinforcement = ReinforcementSettings(
            isLexicon: rewardModel == nil, reward: URL(fileURLWithPath: path).path, rewardHash: "")
        reinforcement.rewardHash = try FileHash.sha256(of: try reinforcement.hashed())
        reinforcement.maxTokens = maxTokens ?? 48
        reinforcement.passes = passes ?? 2
        (reinforcement.target, reinforcement.temperature) = (targetKl, temperature ?? 1)
        reinforcement.missingEndPenalty = missingEndPenalty ?? 0
        (settings.reinforcement, settings.beta) = (reinforcement, beta ?? 0.05)
    }
}
