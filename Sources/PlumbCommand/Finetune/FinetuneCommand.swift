import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbLearning

/// A trained language model that learns from answers, from preferences between answers, or by a reward.
struct FinetuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "finetune",
        abstract: "Train a language model further: on answers, on preferences between answers, or by a reward.",
        subcommands: [SFT.self, DPO.self, Reward.self, PPO.self, GRPO.self])

    struct SFT: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sft", abstract: "Learn answers to prompts; only the tokens of answers count.",
            discussion: """
                A line of the data is {"prompt": "…", "completion": "…"} or {"messages": [{"role": "user", "content": \
                "…"}, {"role": "assistant", "content": "…"}]}; prompt and completion may be lists of turns too. Turns \
                are written by the model's chat template, and the assistant's are learned; plain text stays as it is.

                  \(CommandName.current) finetune sft --data answers.jsonl --dry-run --lora 8
                  \(CommandName.current) finetune sft --data answers.jsonl --lora 8 --steps 200 --out runs/answers
                  \(CommandName.current) generate --model runs/answers --chat --text "…"

                Answers longer than --context are cut. A tenth of ten lines or more is not trained on but measured: \
                "validation" is the loss there in nats a token, "kl" the divergence of the next token from the model \
                before. The folder holds the whole model, LoRA merged, and transformers reads it too. Ctrl-C keeps a \
                checkpoint; \(CommandName.current) finetune sft --out DIR --resume continues from there, bit for bit. \
                Where training diverges, the last good weights are kept in DIR.
                """)

        @OptionGroup var options: FinetuneOptions
        @Option(help: .finetuneData, completion: .file()) var data: String?

        func validate() throws { try options.check(data, "--data") }

        func run() async throws { try await options.run(.sft, data: data, rates: (lora: 2e-4, full: 2e-5)) }
    }

    struct DPO: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "dpo", abstract: "Learn which of two answers to a prompt is preferred.",
            discussion: """
                A line of the data is {"prompt": "…", "chosen": "…", "rejected": "…"}; each may be a list of turns \
                with role and content, and prompt may be left out where chosen and rejected begin alike.

                  \(CommandName.current) finetune dpo --data pairs.jsonl --lora 8 --steps 200 --out runs/preferred

                "accuracy" is the share of pairs whose margin is above 0; "margin" is beta times the mean margin; \
                "chosen" and "rejected" are mean log-probabilities of answers in nats, and it is usual that both fall. \
                The reference is the model as it was: with --lora it takes no memory of its own.
                """)

        @OptionGroup var options: FinetuneOptions
        @Option(help: .finetuneData, completion: .file()) var data: String?
        @Option(help: "The loss of a pair: \(FinetuneSettings.Loss.allCases.map(\.rawValue).joined(separator: ", ")).")
        var loss: FinetuneSettings.Loss?
        @Option(parsing: .unconditional, help: "How strongly the model is kept near what it was. (default: 0.1)")
        var beta: Double?
        @Option(
            parsing: .unconditional,
            help: "The probability that a label is wrong, for sigmoid (conservative DPO) and robust. (default: 0)")
        var labelSmoothing: Double?

        func validate() throws {
            try options.check(data, "--data")
            try options.refuseBesideResume([
                ("loss", loss != nil), ("beta", beta != nil), ("label-smoothing", labelSmoothing != nil),
            ])
            if let beta, !(beta > 0 && beta.isFinite) {
                throw ValidationError("--beta must be a number above 0, got \(beta)")
            }
            if let labelSmoothing, !(0..<0.5).contains(labelSmoothing) {
                throw ValidationError("--label-smoothing must be in 0 ..< 0.5, got \(labelSmoothing)")
            }
            if labelSmoothing ?? 0 > 0, loss == .hinge || loss == .ipo {
                throw ValidationError("--label-smoothing goes with --loss sigmoid and robust")
            }
        }

        func run() async throws {
            try await options.run(.dpo, data: data, rates: (lora: 5e-5, full: 1e-6)) { settings in
                settings.loss = loss ?? .sigmoid
                settings.labelSmoothing = labelSmoothing ?? 0
                settings.beta = beta ?? 0.1
            }
        }
    }
}

extension FinetuneSettings.Loss: ExpressibleByArgument {}

extension ArgumentHelp {
    static let finetuneData: ArgumentHelp = "The data: one JSON object a line."
}
