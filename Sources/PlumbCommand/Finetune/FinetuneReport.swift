import Foundation
import PlumbBasics
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbTokenizers

/// How a fine-tuning went, as a table or as JSON.
struct FinetuneReport {
    let outcome: FinetuneSettings.Outcome
    let method: FinetuneSettings.Method
    let folder: URL
    let seconds: Double
    let seed: UInt64

    func show(json: Bool) throws {
        guard json else { return showTable() }
        try Output.json(
            .object([
                "model": .string(folder.path), "steps": JSONValue(outcome.losses.count),
                "losses": .array(outcome.losses.map(Output.number)),
                "measured": .array(
                    outcome.measured.map { step, values in
                        .object(
                            Dictionary(uniqueKeysWithValues: values.map { ($0.name, JSONValue($0.value)) })
                                .merging(["step": JSONValue(step)]) { _, new in new })
                    }),
                "held_out": .bool(outcome.isHeldOut), "seconds": JSONValue(seconds), "seed": JSONValue(seed),
            ]))
    }

    private func showTable() {
        let names = outcome.measured.first?.values.map(\.name) ?? []
        let shown = names.map { $0 == "validation" && !outcome.isHeldOut ? "on the data" : $0 }
        let table = TerminalTable(
            columns: (["step", "loss"] + shown).map { .init($0, .right) },
            rows: sampled(outcome.measured).map { step, values in
                let before = step > 0 ? outcome.losses[..<step].suffix(max(1, outcome.losses.count / 10)) : []
                let mean = before.reduce(0) { $0 + Double($1) } / Double(max(1, before.count))
                return ["\(step)", step > 0 ? String(format: "%.3f", mean) : ""]
                    + values.map { String(format: "%.3f", $0.value) }
            })
        print(table.render(.current()))
        print("\n\(isReinforced ? "" : "nats; ")training took \(String(format: "%.0f", seconds)) s")
        let path = ShellWord.quoted(folder.path)
        let next =
            method == .reward
            ? "finetune ppo --reward-model \(path) --prompts FILE --out DIR"
            : "generate --model \(path) --chat --text \"…\""
        print("\nmodel   \(folder.path)\ntry     \(CommandName.current) \(next)")
    }

    private var isReinforced: Bool { method == .ppo || method == .grpo }

    /// About ten of many rounds.
    private func sampled<Row>(_ rows: [Row]) -> [Row] {
        let every = max(1, rows.count / 10)
        return rows.indices.filter { $0 % every == 0 || $0 == rows.count - 1 }.map { rows[$0] }
    }
}

/// What a fine-tuning would take, and what it would learn.
struct FinetuneEstimate {
    let settings: FinetuneSettings
    private static let shownExamples = 3

    init(_ settings: FinetuneSettings) { self.settings = settings }

    /// One example as it is learned.
    private struct Example {
        let name: String
        let text: ScoredText
    }

    func show(json: Bool) async throws {
        let (model, file) = try await settings.loaded()
        if settings.method == .ppo || settings.method == .grpo {
            return try await ReinforcementEstimate(settings, model, file).show(json: json)
        }
        let (texts, cost, examples): ([ScoredText], FineTuning.Cost, [Example])
        switch settings.method {
        case .sft:
            texts = try file.answers()
            cost = try measuredCost(model) { try settings.training.cost(of: $0, on: texts) }
            examples = texts.prefix(Self.shownExamples).enumerated().map {
                Example(name: "example \($0.offset + 1)", text: $0.element)
            }
        case .dpo, .reward, .ppo, .grpo:
            let pairs = try file.pairs()
            texts = pairs.flatMap { [$0.chosen, $0.rejected] }
            cost =
                try settings.method == .reward
                ? settings.rewardCost(model, pairs)
                : measuredCost(model) { try settings.training.cost(of: $0, on: pairs) }
            examples = pairs.prefix(Self.shownExamples).enumerated().flatMap { index, pair in
                [
                    Example(name: "example \(index + 1), chosen", text: pair.chosen),
                    Example(name: "example \(index + 1), rejected", text: pair.rejected),
                ]
            }
        }
        try json ? showJSON(texts, cost, examples, file) : showText(texts, cost, examples, file)
    }

    private func measuredCost(
        _ model: HookedTransformer, _ measure: (any FineTunedModel) throws -> FineTuning.Cost
    ) throws -> FineTuning.Cost {
        guard let lora = settings.lora else { return try measure(FullFineTuning(model)) }
        return try measure(settings.pairs(model, rank: lora))
    }

    /// What a checkpoint keeps beside the step's own tensors: Adam's two moments.
    private func showText(
        _ texts: [ScoredText], _ cost: FineTuning.Cost, _ examples: [Example], _ file: AnswerFile
    ) {
        let lengths = texts.map(\.tokens.count)
        let learned = texts.reduce(0) { $0 + $1.scoredCount }
        let cut = lengths.count { $0 == file.encoder.longest }
        let seconds = cost.seconds * Double(settings.steps)
        print(
            "\(texts.count) texts of \(lengths.min() ?? 0) to \(lengths.max() ?? 0) tokens; \(learned) of "
                + "\(lengths.reduce(0, +)) tokens are learned\(cut > 0 ? "; \(cut) texts fill the context or are cut" : "")"
        )
        print(
            "a step on the longest texts takes \(String(format: "%.2f", cost.seconds)) s and "
                + "\(String(format: "%.2f", Double(cost.bytes) / 1e9)) GB; \(settings.steps) steps take at most about "
                + "\(String(format: "%.0f", seconds)) s")
        for example in examples {
            print("\n\(example.name): what is learned stands in ⟦ ⟧\n\(VisibleText.prose(marked(example, file)))")
        }
    }

    private func marked(_ example: Example, _ file: AnswerFile) -> String {
        example.text.parts.map { part in
            let text = file.encoder.tokenizer.decode(part.tokens)
            return part.isScored ? "⟦\(text)⟧" : text
        }.joined()
    }

    private func showJSON(
        _ texts: [ScoredText], _ cost: FineTuning.Cost, _ examples: [Example], _ file: AnswerFile
    ) throws {
        try Output.json(
            .object([
                "texts": JSONValue(texts.count), "longest": JSONValue(texts.map(\.tokens.count).max() ?? 0),
                "tokens": JSONValue(texts.reduce(0) { $0 + $1.tokens.count }),
                "learned_tokens": JSONValue(texts.reduce(0) { $0 + $1.scoredCount }),
                "seconds_per_step": JSONValue(cost.seconds), "bytes": JSONValue(cost.bytes),
                "steps": JSONValue(settings.steps),
                "examples": .array(
                    examples.map {
                        .object([
                            "name": .string($0.name), "text": .string(marked($0, file)),
                            "tokens": .array($0.text.tokens.map { JSONValue($0) }),
                            "learned": .array($0.text.isScored.map { JSONValue.bool($0) }),
                        ])
                    }),
            ]))
    }
}
