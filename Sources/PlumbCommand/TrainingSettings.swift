import Foundation
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbTensor
import PlumbTokenizers

/// How a new model reads text.
enum TextReading: Equatable {
    case characters
    case bytePairs(Int)

    /// `chars`, or `bpe:1024`.
    init?(_ text: String) {
        if text == "chars" {
            self = .characters
            return
        }
        let parts = text.split(separator: ":")
        guard parts.count == 2, parts[0] == "bpe", let size = Int(parts[1]), (256...1_000_000).contains(size) else {
            return nil
        }
        self = .bytePairs(size)
    }

    func tokenizer(of corpus: TextCorpus) throws -> Tokenizer {
        switch self {
        case .characters: try CharacterVocabulary(of: corpus.text).tokenizer()
        case .bytePairs(let size): try BytePairTrainer(vocabularySize: size).train([corpus.text]).tokenizer()
        }
    }
}

/// What `plumb train` keeps.
struct TrainingSettings: KeptSettings {
    var text: [String]
    /// The SHA-256 of each text as it was when the training began.
    var textHashes: [String]
    var model: String?
    /// nil where ``model`` goes on.
    var architecture: String?
    var layers: Int
    var width: Int
    var heads: Int
    /// Tokens that a window reads; nil for 128, or as many as the model reads.
    var context: Int?
    var tokenizer: String
    var lora: Int?
    var steps: Int
    var batch: Int
    var learningRate: Double
    var seed: UInt64

    var command: String { "train" }
    var counts: [(name: String, value: Int)] {
        [("steps", steps), ("batch", batch), ("context", context ?? 1), ("lora", lora ?? 1)]
    }

    func train(in session: FitSession) async throws -> LanguageModelTraining.Result {
        let corpus = try TextCorpus(contentsOf: text.map { URL(fileURLWithPath: $0) })
        for (path, hash) in zip(text, textHashes) where try FileHash.sha256(of: URL(fileURLWithPath: path)) != hash {
            throw FileError(
                "\(path) has changed since the training began: begin anew without --resume, in another --out")
        }
        let key = RandomKey(seed)
        let model = try await startingModel(corpus, key["model"])
        try model.checkSavable()
        guard let tokenizer = model.tokenizer else {
            throw ModelError("\(model.name) has no tokenizer, so that it cannot read the text")
        }
        try checkCharacters(of: corpus, tokenizer, model.name)
        let length = try windowLength(of: model)
        let stream = TokenStream(corpus, tokenizer: tokenizer)
        let training = LanguageModelTraining(steps: steps, batch: batch, learningRate: learningRate, length: length)
        session.reporter.note(
            "\(model.parameterCount) parameters, \(stream.tokens.count) tokens, \(batch) windows of \(length) a step")
        guard let lora else { return try training.run(model, on: stream, key: key["batches"], in: session) }
        let lacksGate = !model.hookPoints.contains(.block(0, .mlpPreLinear))
        let targets = LoRA.Target.allCases.filter { !(lacksGate && $0 == .gate) }
        return try training.run(
            LoRA(model, rank: lora, targets: Set(targets), key: key["lora"]), on: stream, key: key["batches"],
            in: session)
    }

    /// Refuses a text with characters that a tokenizer would pass over, as one of characters passes over what its own
    /// text did not hold: the model would learn another text than the one given.
    private func checkCharacters(of corpus: TextCorpus, _ tokenizer: Tokenizer, _ name: String) throws {
        for character in Set(corpus.text.unicodeScalars).sorted()
        where tokenizer.encode(String(character), addSpecialTokens: false, parseSpecialTokens: false).isEmpty {
            throw FileError(
                "\(name) has no token for \"\(character)\", which the text holds: take the character out, or train a "
                    + "new model on this text")
        }
    }

    private func windowLength(of model: HookedTransformer) throws -> Int {
        let longest = model.configuration.context
        guard let context else { return min(128, longest) }
        guard context <= longest else {
            throw ModelError("--context \(context) is more than the \(longest) tokens that \(model.name) reads")
        }
        return context
    }

    private func startingModel(_ corpus: TextCorpus, _ key: RandomKey) async throws -> HookedTransformer {
        if let model { return try await HookedTransformer.load(model) }
        guard let reading = TextReading(tokenizer) else {
            throw ModelError("a training cannot go on with the tokenizer \"\(tokenizer)\"")
        }
        let tokenizer = try reading.tokenizer(of: corpus)
        let sizes = TransformerConfiguration(
            architecture: try Architecture(named: architecture ?? "gpt2"), layers: layers, width: width, heads: heads,
            vocabulary: tokenizer.vocabularySize, context: context ?? 128)
        try checkMemory(sizes)
        return try HookedTransformer(sizes, key: key, tokenizer: tokenizer)
    }

    /// Refuses a new model whose weights, gradients and moments are more than the memory holds, before it is made.
    private func checkMemory(_ sizes: TransformerConfiguration) throws {
        let (width, layers) = (Double(sizes.width), Double(sizes.layers))
        let positions = sizes.architecture == .gpt2 ? Double(sizes.context) : 0
        let copies = 4.0 * 4
        try MemoryEstimate([
            .init("--context \(sizes.context)", bytes: copies * positions * width),
            .init("--layers \(sizes.layers) --width \(sizes.width)", bytes: copies * 12 * layers * width * width),
            .init("--width \(sizes.width)", bytes: copies * Double(sizes.vocabulary) * width),
        ]).check()
    }

    /// What the model makes of the beginning of a line.
    func sample(_ model: HookedTransformer, tokens count: Int) throws -> String {
        guard count > 0, let tokenizer = model.tokenizer else { return "" }
        let start = tokenizer.encode("\n", addSpecialTokens: false)
        let prompt = start.isEmpty ? [tokenizer.bos ?? 0] : start
        let generation = try model.generate(
            prompt, maxTokens: count, temperature: 0.8, key: RandomKey(seed)["sample"])
        return tokenizer.decode(generation.tokens)
    }
}
