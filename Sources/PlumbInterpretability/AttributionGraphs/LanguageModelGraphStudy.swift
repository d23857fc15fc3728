public import Foundation
internal import PlumbBasics
public import PlumbLearning
public import PlumbModels
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// Attribution graphs of a language model on given prompts, and what the model does without their features.
///
/// With a text to learn from, features are those of transcoders that are trained first; without one, the model's own
/// neurons.
public struct LanguageModelGraphStudy: SettingGroup {
    @Setting("Prompts for a language model, separated by |.")
    public var texts =
        "The capital of France is|When Mary and John went to the store, John gave a drink to|"
        + "The opposite of hot is|Monday, Tuesday, Wednesday,|He opened the door and walked into the|"
        + "The color of the sky is|Two plus two equals|The cat sat on the"
    @Setting("The most features that get a row in a language model's graph.", 2...100_000) public var nodes = 1000
    @Setting("The most neurons of a position and block of a language model that are features.", 1...100_000)
    public var neurons = 128
    /// The transcoders of a language model.
    public var transcoders = TranscoderStudy()

    /// The model's own neurons on eight prompts.
    public init() {}

    /// What interventions show, the graphs as JSON, and the transcoders.
    public struct Outcome: Sendable {
        /// On the features of all prompts.
        public let result: TwoHopStudy.Result
        /// The same prompt by prompt.
        public let prompts: [(text: String, result: TwoHopStudy.Result)]
        /// A graph a prompt, in the form of circuit-tracer.
        public let files: [Data]
        /// The transcoders and what they explain; nil where neurons were read.
        public let trained: TranscoderStudy.Outcome?
    }

    /// Refuses settings that do not fit the model.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer) throws {
        guard texts.split(separator: "|").count > 0 else { throw SettingsError("--texts names no prompt") }
        if transcoders.corpus.text != nil { try transcoders.check(model) }
    }

    /// Trains transcoders where there is a text to learn from, makes the graphs and tests them.
    ///
    /// - Parameters:
    ///   - tokens: of the text to learn from; nil to read the model's own neurons.
    ///   - interventions: the most features of a graph that are taken away.
    /// - Throws: `ModelError` for prompts that the model cannot read; what training throws; `RunInterrupted`.
    public func run(
        _ model: HookedTransformer, tokens: [Int]?, interventions: Int, key: RandomKey, in session: FitSession = .silent
    ) throws -> Outcome {
        let trained = try tokens.map { try transcoders.run(model, tokens: $0, key: key["transcoders"], in: session) }
        let replacement = try ReplacementModel(
            model, transcoders: trained?.transcoders.map(Optional.some), neuronLimit: trained == nil ? neurons : nil)
        var options = AttributionOptions()
        options.featureLimit = nodes
        // Transcoders learn nothing of the token with which texts begin.
        options.skippedPositions = trained == nil ? 0 : 1
        let texts = texts.split(separator: "|").map(String.init)
        let prompts = try texts.map { text in
            let own = try model.tokens(text)
            guard trained != nil, let first = model.tokenizer?.bos, own.first != first else { return own }
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
            prompts: zip(texts, outcomes).map { (text: $0, result: TwoHopStudy.result([$1])) }, files: files,
            trained: trained)
    }
}
