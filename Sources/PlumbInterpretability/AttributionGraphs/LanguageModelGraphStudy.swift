public import Foundation
internal import PlumbBasics
public import PlumbLearning
public import PlumbModels
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// Attribution graphs of a language model on given prompts, and what the model does without their features.
///
/// Features are those of transcoders that are read, or that are trained first on a text; without either they are the
/// model's own neurons.
public struct LanguageModelGraphStudy: SettingGroup {
    @Setting("Prompts for a language model, separated by |.")
    public var texts =
        "The capital of France is|When Mary and John went to the store, John gave a drink to|"
        + "The opposite of hot is|Monday, Tuesday, Wednesday,|He opened the door and walked into the|"
        + "The color of the sky is|Two plus two equals|The cat sat on the"
    @Setting("The most features that get a row in a language model's graph.", 2...100_000) public var nodes = 1000
    @Setting("The most neurons of a position and block of a language model that are features.", 1...100_000)
    public var neurons = 128
    @Setting("A folder of circuit-tracer transcoders, or a run that trained some, to read in place of training.")
    public var transcoders: String? = nil
    /// The training of transcoders.
    public var training = TranscoderStudy()

    /// The model's own neurons on eight prompts.
    public init() {}

    /// What interventions show, the graphs as JSON, and the transcoders.
    public struct Outcome: Sendable {
        /// On the features of all prompts.
        public let result: TwoHopStudy.Result
        /// The same prompt by prompt.
        public let prompts: [(text: String, result: TwoHopStudy.Result)]
        /// For each block the mean absolute change that graphs predict of its features, and that the model shows; NaN of
        /// blocks without one.
        public let blocks: [(predicted: Double, measured: Double)]
        /// A graph a prompt, in the form of circuit-tracer.
        public let files: [Data]
        /// The transcoders that were trained and what they explain; nil where none were.
        public let trained: TranscoderStudy.Outcome?
    }

    /// What features are read from.
    public enum Source: Sendable {
        /// The model's own neurons.
        case neurons
        /// Transcoders that exist.
        case transcoders(TranscoderFolder)
        /// Transcoders that are to be trained on a text.
        case text(CorpusWindows.Corpus)
    }

    /// Reads what the settings name, and refuses what does not fit the model.
    ///
    /// - Throws: `SettingsError` naming the option; `FileError` for transcoders that cannot be read.
    public func source(for model: HookedTransformer) throws -> Source {
        guard texts.split(separator: "|").count > 0 else { throw SettingsError("--texts names no prompt") }
        if let transcoders {
            guard training.corpus.text == nil else {
                throw SettingsError("--transcoders are read and --text trains some: give one of the two")
            }
            return .transcoders(try TranscoderFolder(contentsOf: URL(fileURLWithPath: transcoders)))
        }
        guard training.corpus.text != nil else { return .neurons }
        try training.check(model)
        return .text(try training.corpus.read(for: model))
    }

    /// Trains transcoders where there is a text to learn from, makes the graphs and tests them.
    ///
    /// - Parameters:
    ///   - source: what ``source(for:)`` gave.
    ///   - interventions: the most features of a graph that are taken away.
    /// - Throws: `ModelError` for prompts that the model cannot read and transcoders that do not fit it; what training
    ///   throws; `RunInterrupted`.
    public func run(
        _ model: HookedTransformer, _ source: Source, interventions: Int, key: RandomKey,
        in session: FitSession = .silent
    ) throws -> Outcome {
        var (found, trained): ([SparseDictionary]?, TranscoderStudy.Outcome?)
        switch source {
        case .neurons: break
        case .transcoders(let folder): found = folder.transcoders
        case .text(let corpus):
            trained = try training.run(model, tokens: corpus.tokens, key: key["transcoders"], in: session)
            found = trained?.transcoders
        }
        let replacement = try ReplacementModel(
            model, transcoders: found?.map(Optional.some), neuronLimit: found == nil ? neurons : nil)
        var options = AttributionOptions()
        options.featureLimit = nodes
        // Transcoders learn nothing of the token with which texts begin.
        options.skippedPositions = found == nil ? 0 : 1
        let texts = texts.split(separator: "|").map(String.init)
        let prompts = try texts.map { text in
            let own = try model.tokens(text)
            guard found != nil, let first = model.tokenizer?.bos, own.first != first else { return own }
            return [first] + own
        }
        var (outcomes, files): ([GraphInterventions.Outcome], [Data]) = ([], [])
        for (index, prompt) in prompts.enumerated() {
            let best = HookedTransformer.topTokens(model.nextTokenLogProbabilities(prompt), count: 2).map(\.token)
            let graph = try replacement.graph(
                prompt, options: options, logits: best,
                progress: session.reporter.stage("graphs", part: index, of: prompts.count))
            outcomes.append(
                try GraphInterventions(limit: interventions).run(graph, replacement, key: key["prompt"][index]))
            files.append(AttributionGraphFile(graph, slug: "\(model.name)-\(index)").json())
        }
        return Outcome(
            result: TwoHopStudy.result(
                outcomes, explained: trained.map { Statistics.mean($0.explained) } ?? .nan),
            prompts: zip(texts, outcomes).map { (text: $0, result: TwoHopStudy.result([$1])) },
            blocks: (0..<model.configuration.layers).map { block in
                let changes = outcomes.flatMap { outcome in
                    outcome.layers.indices.filter { outcome.layers[$0] == block }.map {
                        (predicted: abs(outcome.predicted[$0]), measured: abs(outcome.measured[$0]))
                    }
                }
                return (Statistics.mean(changes.map(\.predicted)), Statistics.mean(changes.map(\.measured)))
            }, files: files, trained: trained)
    }
}
