import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor

struct CircuitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "circuit",
        abstract: "Find the edges of a model that do a task, and test whether they alone do it.",
        discussion: """
            Edges between heads, MLPs, embeddings and logits are scored by attribution patching (eap) or by gradients \
            along the way between the prompts (eap-ig). The connected edges of the largest scores form the circuit. Then the \
            model is run with every other edge carrying the corrupted prompt's activations: faithfulness is the part of \
            the difference of logits that is restored, beside that of random circuits of as many edges. Of several \
            pairs, every other one serves only to judge.

              \(CommandName.current) circuit --clean "When Mary and John went to the store, John gave a drink to" \
            --corrupted "When Mary and John went to the store, Mary gave a drink to" --answer " Mary" --wrong " John"
              \(CommandName.current) circuit --pairs pairs.jsonl --edges 2% --out circuit.json --dot circuit.dot \
            --page circuit.html

            A line of pairs.jsonl: {"clean": …, "corrupted": …, "answer": …, "wrong": …}
            """)

    /// How edges are scored.
    enum Method: String, CaseIterable, ExpressibleByArgument {
        case eap
        case integrated = "eap-ig"
    }

    @OptionGroup var options: ModelOptions
    @OptionGroup var beginning: BeginningOption
    @Option(parsing: .unconditional, help: "The prompt whose answer is --answer.") var clean: String?
    @Option(parsing: .unconditional, help: "A prompt of as many tokens, whose answer is --wrong.") var corrupted:
        String?
    @Option(parsing: .unconditional, help: "The clean prompt's next token; a word begins with a space.")
    var answer: String?
    @Option(parsing: .unconditional, help: "The corrupted prompt's next token.") var wrong: String?
    @Option(
        help: "A file with a pair of prompts in each line, in place of these. (default: none)",
        completion: .file(extensions: ["jsonl"]))
    var pairs: String?
    @Option(help: "How edges are scored.") var method = Method.integrated
    @Option(parsing: .unconditional, help: "Of eap-ig, the gradients along the way.") var steps = 5
    @Option(parsing: .unconditional, help: "Edges of the circuit: a number, or a part of all such as 3%.")
    var edges = "3%"
    @Option(parsing: .unconditional, help: "Random circuits of as many edges.") var random = 20
    @Option(parsing: .unconditional, help: "The seed of the random circuits.") var seed: UInt64 = 0
    @Option(help: "A file for the circuit as JSON. (default: none)", completion: .file()) var out: String?
    @Option(help: "A file for the circuit in Graphviz's language. (default: none)", completion: .file())
    var dot: String?
    @OptionGroup var output: PageOptions

    func validate() throws {
        for (path, name) in [(pairs, "--pairs"), (out, "--out"), (dot, "--dot")] { try PathOption.check(path, name) }
        let given = [("--clean", clean), ("--corrupted", corrupted), ("--answer", answer), ("--wrong", wrong)]
        if pairs != nil {
            if let one = given.first(where: { $0.1 != nil }) {
                throw ValidationError("give either --pairs or \(one.0), not both")
            }
        } else if let one = given.first(where: { $0.1?.isEmpty ?? true }) {
            throw ValidationError(
                "\(one.0) is missing or empty: give --clean, --corrupted, --answer and --wrong, or several pairs of "
                    + "prompts with --pairs")
        }
        for (value, name) in [(steps, "--steps"), (random, "--random")] where value < 1 {
            throw ValidationError("\(name) must be at least 1, got \(value)")
        }
        _ = try size()
    }

    func run() async throws {
        let request = Interruption.current?.awaited()
        let prompts = try prompts()
        var model = try await options.load()
        model.addsBOS = beginning.bos
        let found = try prompts.enumerated().map { index, prompt -> PatchPair in
            do {
                let pair = try prompt.tokenized(by: model)
                return PatchPair(
                    clean: pair.clean, corrupted: pair.corrupted,
                    metric: .logitDifference(answer: pair.answer, wrong: pair.wrong))
            } catch let error as ModelError where pairs != nil {
                throw ModelError("pair \(index + 1) of \(pairs ?? ""): \(error)")
            }
        }
        var search = CircuitSearch(
            method == .eap ? EdgeAttribution() : .integrated(steps: steps), size: try size())
        search.random = random
        let progress = Output.progress()
        let outcome = try search.run(model, pairs: found, key: RandomKey(seed)) { share in
            if request?.isRaised ?? false { throw RunInterrupted() }
            progress.receive(RunEvent(.progress(label: "finding the circuit", fraction: share)))
        }
        progress.close()
        if let out { try outcome.circuit.json().writeWhole(to: URL(fileURLWithPath: out)) }
        if let dot { try Data(outcome.circuit.dot().utf8).writeWhole(to: URL(fileURLWithPath: dot)) }
        try output.show(
            outcome.findings(of: model.name), title: "A circuit of \(model.name)",
            members: [
                "model": .string(model.name), "method": .string(method.rawValue),
                "edges": .array(outcome.circuit.edges.edges.map { .string($0.description) }),
                "held_out": .bool(outcome.isHeldOut),
            ])
        guard !output.json else { return }
        for (name, path) in [("circuit", out), ("graph", dot)] {
            if let path { print("\(name)  \(path)") }
        }
    }

    private func prompts() throws -> [PromptPair] {
        if let pairs { return try PromptPair.read(URL(fileURLWithPath: pairs)) }
        return [
            PromptPair(clean: clean ?? "", corrupted: corrupted ?? "", answer: answer ?? "", wrong: wrong ?? "")
        ]
    }

    /// A number of edges, or a part of all.
    private func size() throws -> CircuitSearch.Size {
        if edges.hasSuffix("%"), let percent = Double(edges.dropLast()), percent > 0, percent <= 100 {
            return .share(percent / 100)
        }
        if let count = Int(edges), count > 0 { return .edges(count) }
        throw ValidationError(
            "--edges takes a number of edges such as 200, or a part of all such as 3%, not \"\(edges)\"")
    }
}
