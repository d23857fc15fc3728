import ArgumentParser
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain neurons of a model in words, and score the explanations on other texts.",
        discussion: """
            Rules such as "tokens that come right after “not”" are searched for on three fifths of the texts. The \
            score is the correlation of what an explanation predicts with the activations on the other texts; beside \
            it stand those of the mean activation of each token, and of rules from exchanged activations, which cannot \
            be right. With --ask the model explains each neuron too, and simulates it from its own sentence.

              \(CommandName.current) explain --layer 14 --neurons 3,20-24
              \(CommandName.current) explain --layer 14 --neurons 3 --file texts.txt --ask
            """)

    @OptionGroup var options: ModelOptions
    @Option(parsing: .unconditional, help: "The layer whose MLP has the neurons, counted from 0.") var layer: Int
    @Option(parsing: .unconditional, help: "Neurons: numbers such as 0,3 or 2-5.") var neurons: String
    @Option(
        help: "A file with a text in each line. (default: sentences that ship with the command)", completion: .file())
    var file: String?
    @Flag(help: "Let the model explain and simulate the neurons too.") var ask = false
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        try PathOption.check(file, "--file")
        guard layer >= 0 else { throw ValidationError("--layer must be at least 0, got \(layer)") }
    }

    func run() async throws {
        let request = Interruption.current?.awaited()
        let texts = try file.map(UserFile.lines)
        let model = try await options.load()
        let layers = model.configuration.layers
        guard layer < layers else {
            throw ValidationError("--layer \(layer): the model has layers 0 to \(layers - 1)")
        }
        let numbers = try Positions.numbers(
            neurons, below: model.configuration.mlpWidth, option: "--neurons", thing: "neurons in a layer")
        var study = LanguageModelExplanations()
        study.asked = ask ? numbers.count : 0
        let progress = Output.progress()
        let found = try await study.explain(
            numbers.map { (layer, $0) }, of: model, texts: texts, key: RandomKey(0)
        ) { part in
            if request?.isRaised ?? false { throw RunInterrupted() }
            progress.receive(RunEvent(.progress(label: "explaining", fraction: part)))
        }
        progress.close()
        try json ? Output.json(object(found, model)) : show(found)
    }

    private func show(_ found: [LanguageModelExplanations.Neuron]) {
        for neuron in found {
            let scores = [
                ("rules", neuron.found), ("token means", neuron.lookup), ("exchanged", neuron.exchanged),
            ].map { "\($0) \(Phrase.number($1))" }.joined(separator: ", ")
            print("neuron \(neuron.block).\(neuron.index)  \(scores)\n  rules: \(neuron.sentence)")
            if let asked = neuron.asked {
                print("  model: \(asked.sentence) (score \(Phrase.number(asked.own)))")
            }
        }
    }

    private func object(_ found: [LanguageModelExplanations.Neuron], _ model: HookedTransformer) -> JSONValue {
        .object([
            "model": .string(model.name),
            "neurons": .array(
                found.map { neuron in
                    var members: [String: JSONValue] = [
                        "layer": JSONValue(neuron.block), "neuron": JSONValue(neuron.index),
                        "rules": .string(neuron.sentence), "score_rules": JSONValue(neuron.found),
                        "score_token_means": JSONValue(neuron.lookup),
                        "score_rules_exchanged": JSONValue(neuron.exchanged),
                    ]
                    if let asked = neuron.asked {
                        members["model_says"] = .string(asked.sentence)
                        members["score_model"] = JSONValue(asked.own)
                    }
                    return .object(members)
                }),
        ])
    }
}
