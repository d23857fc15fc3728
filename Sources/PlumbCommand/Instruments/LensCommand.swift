import ArgumentParser
import Foundation
import PlumbBasics
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbTensor
import PlumbTokenizers

struct LensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lens",
        abstract: "Show what each layer would say next if it were the last: the logit lens.",
        discussion: """
            The residual stream after each block is normalized and unembedded as the last one is. With --answer, the \
            probability and the rank of one token are shown too. A tuned lens maps each layer's stream to the last one's by \
            what it learned from texts, a Jacobian lens by the average Jacobian over texts: --make makes either from the \
            lines of a file and writes it to --lens, which later calls read. For a model of 135 million parameters a tuned \
            lens takes half an hour, and a Jacobian lens minutes for each line.

              \(CommandName.current) lens --text "The capital of France is" --answer " Paris" --page lens.html
              \(CommandName.current) lens --text "The capital of France is" --kind tuned --make lines.txt --lens tuned.safetensors
            """)

    /// What turns a layer's stream into the last one's.
    enum Kind: String, CaseIterable, ExpressibleByArgument { case logit, tuned, jacobian }

    @OptionGroup var options: InstrumentOptions
    @Option(parsing: .unconditional, help: "A token to follow; a word in a sentence begins with a space.")
    var answer: String?
    @Option(
        parsing: .unconditional, help: "The positions to show: all, last, or places such as 0,3,-1 or 2-5.")
    var positions = "all"
    @Option(parsing: .unconditional, help: "How many of the most probable tokens --json holds for each cell.")
    var top = 5

    @Option(help: "logit reads each stream as it is; tuned and jacobian turn it into the last one first.")
    var kind = Kind.logit
    @Option(help: "The file of a tuned or Jacobian lens. (default: none)", completion: .file())
    var lens: String?
    @Option(help: "A text file whose lines such a lens is made from. (default: none)", completion: .file())
    var make: String?
    @Option(help: "With --make, the most tokens of a line that are read.") var length = 64
    @Option(help: "With --make, the seed of a tuned lens's positions.") var seed: UInt64 = 0

    func validate() throws {
        guard top > 0 else { throw ValidationError("--top must be at least 1, got \(top)") }
        guard length > 1 else { throw ValidationError("--length must be at least 2, got \(length)") }
        guard kind == .logit || lens != nil else {
            throw ValidationError(
                "--kind \(kind.rawValue) needs --lens: a file of such a lens, which --make writes from a text file")
        }
        guard kind != .logit || lens == nil && make == nil else {
            throw ValidationError("the logit lens has no file: --lens and --make belong to --kind tuned or jacobian")
        }
    }

    /// The lens that was asked for, made first where it was asked to be; nil for the logit lens.
    private func translator(_ model: HookedTransformer) throws -> (any ResidualTranslator)? {
        guard let lens else { return nil }
        let url = URL(fileURLWithPath: lens)
        if let make {
            let texts = try UserFile.lines(make).map { Array(try model.tokens($0).prefix(length)) }
            if kind == .tuned {
                try TunedLens.trained(model, on: texts, key: RandomKey(seed)).write(to: url)
            } else {
                // Short lines keep half of their positions.
                let skipped = min(16, (texts.map(\.count).min() ?? 0) / 2)
                try JacobianLens(model, texts: texts, skipped: skipped).write(to: url)
            }
        }
        return kind == .tuned ? try TunedLens(contentsOf: url) : try JacobianLens(contentsOf: url)
    }

    func run() async throws {
        let model = try await options.model.load()
        let tokens = try options.tokens(model)
        let found = try LogitLens(
            model, tokens, answer: answer.map(model.token), positions: Positions.parse(positions, of: tokens.count),
            top: top, through: translator(model))
        let cells = found.cells.map { row in
            JSONValue.array(
                row.map { cell in
                    JSONValue.array(
                        cell.top.map { guess in
                            .object([
                                "token": JSONValue(guess.token),
                                "string": .string(model.string(of: guess.token)),
                                "probability": JSONValue(guess.probability),
                            ])
                        })
                })
        }
        try options.show(
            found.findings(model), of: model, tokens: tokens,
            title: found.title.prefix(1).uppercased() + found.title.dropFirst(),
            members: ["top": .array(cells), "positions": .array(found.positions.map { JSONValue($0) })])
    }
}
