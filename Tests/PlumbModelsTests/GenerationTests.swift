import Foundation
import PlumbTensor
import Testing

@testable import PlumbModels

/// Generation with a key-value cache is the model's own, bit for bit.
@Suite struct GenerationTests {
    private let prompt = TinyModel.tokens(6, seed: 81)

    /// Greedy continuation by whole forward passes.
    private func repeatedPasses(
        _ model: HookedTransformer, _ count: Int, with interventions: [Intervention]
    ) -> (tokens: [Int], logProbabilities: [Float]) {
        var (text, logProbabilities) = (prompt, [Float]())
        for _ in 0..<count {
            let logits = model.run(text, with: interventions).output[text.count - 1]
            let token = logits.argmax()
            logProbabilities.append(logits.logSoftmax().elements[token])
            text.append(token)
        }
        return (Array(text.dropFirst(prompt.count)), logProbabilities)
    }

    /// Hooks that act position by position, so that they mean the same in one pass as in many.
    private func hooks(_ model: HookedTransformer) -> [(name: String, hooks: [Intervention])] {
        let direction = Tensor(TinyModel.tokens(model.configuration.width, seed: 5).map { Float($0) / 100 - 1 })
        return [
            ("none", []),
            ("steering", [.steer(.block(0, .residPost), by: direction, scale: 2)]),
            ("ablated head", [.ablate(.block(1, .z), head: 1), .ablate(.block(0, .result), head: 0)]),
            ("weaker keys", [Intervention("scale", at: .block(1, .k)) { $0 * 0.25 }]),
            ("sharper attention", [Intervention("scale", at: .block(0, .attnScores)) { $0 * 2 }]),
            ("cooler logits", [Intervention("scale", at: .logits) { $0 * 0.5 }]),
        ]
    }

    @Test(arguments: TinyModel.all) func greedyTextEqualsRepeatedForwardPasses(name: String) throws {
        let model = try TinyModel.load(name)
        for (hook, interventions) in hooks(model) {
            let expected = repeatedPasses(model, 14, with: interventions)
            let generation = try model.generate(prompt, maxTokens: 14, with: interventions)
            #expect(generation.tokens == expected.tokens, "\(hook)")
            #expect(generation.logProbabilities == expected.logProbabilities, "\(hook)")
            #expect(!generation.stopped && generation.cache.points.isEmpty)
        }
    }

    @Test(arguments: TinyModel.all, [0, 0.8]) func textsWrittenSideBySideAreThoseWrittenAlone(
        name: String, temperature: Double
    ) throws {
        let (model, key) = (try TinyModel.load(name), RandomKey(7))
        let prompts = [prompt, Array(prompt.prefix(2)), Array(prompt.suffix(4))]
        let alone = try prompts.enumerated().map { row, prompt in
            try model.generate(prompt, maxTokens: 12, temperature: temperature, key: key[row], stopTokens: [])
        }
        let together = try model.continuations(
            of: prompts, maxTokens: 12, temperature: temperature, stopTokens: [], key: key)
        #expect(together.map(\.tokens) == alone.map(\.tokens))
        #expect(together.map(\.logProbabilities) == alone.map(\.logProbabilities))
        // A token that ends a text ends it wherever it comes first.
        let stop = alone[1].tokens[3]
        let stopped = try model.continuations(
            of: prompts, maxTokens: 12, temperature: temperature, stopTokens: [stop], key: key)
        for (text, whole) in zip(stopped, alone) {
            #expect(text.tokens == Array(whole.tokens.prefix { $0 != stop }))
            #expect(text.stopped == whole.tokens.contains(stop))
        }
    }

    @Test func aTextEndsWhereTheContextDoes() throws {
        let model = try TinyModel.load("gpt2-tiny")
        let room = model.configuration.context - prompt.count
        let text = try model.continuations(of: [prompt], maxTokens: room + 50, stopTokens: [], key: RandomKey(1))
        #expect(
            text[0].tokens.count
                == (try model.generate(
                    prompt, maxTokens: room + 50, temperature: 1, key: RandomKey(1)[0], stopTokens: [])).tokens.count)
        #expect(throws: ModelError.self) { try model.continuations(of: [prompt, []], maxTokens: 1, key: RandomKey(1)) }
    }

    @Test(arguments: TinyModel.all) func hooksChangeTheText(name: String) throws {
        let model = try TinyModel.load(name)
        let texts = try hooks(model).map { try model.generate(prompt, maxTokens: 14, with: $0.hooks).logProbabilities }
        #expect(Set(texts).count == texts.count)
    }

    @Test(arguments: TinyModel.all) func theCacheOfAGenerationIsThatOfAFullRun(name: String) throws {
        let model = try TinyModel.load(name)
        for (hook, interventions) in hooks(model) {
            let generation = try model.generate(
                prompt, maxTokens: 10, with: interventions, recording: Recording { _ in true })
            let text = prompt + generation.tokens.dropLast()
            let full = model.run(text, with: interventions, recording: Recording { _ in true }).cache
            for point in model.hookPoints { #expect(generation.cache[point] == full[point], "\(hook) at \(point)") }
        }
    }

    @Test func recordingWhileGeneratingChangesNoBit() throws {
        let model = try TinyModel.load(TinyModel.llama)
        let plain = try model.generate(prompt, maxTokens: 12)
        for recording in [Recording.all, .sites(.pattern), .only(.finalNormalized), .only(.logits)] {
            let recorded = try model.generate(prompt, maxTokens: 12, recording: recording)
            #expect(recorded.tokens == plain.tokens && recorded.logProbabilities == plain.logProbabilities)
            #expect(!recorded.cache.points.isEmpty)
        }
    }

    @Test(arguments: TinyModel.hooked) func samplingFollowsItsKey(name: String) throws {
        let model = try TinyModel.load(name)
        func text(_ seed: UInt64) throws -> [Int] {
            try model.generate(prompt, maxTokens: 30, temperature: 1, key: RandomKey(seed)).tokens
        }
        #expect(try text(1) == text(1))
        #expect(try text(1) != text(2))
        #expect(try Set((0..<5).map { try text($0) }).count == 5)
    }

    @Test func samplingDrawsFromTheTemperedDistribution() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        let (temperature, draws) = (0.5, 3000)
        let logits = model.run(prompt).output[prompt.count - 1].elements.map(Double.init)
        let weights = logits.map { exp(($0 - (logits.max() ?? 0)) / temperature) }
        let likely = logits.indices.sorted { weights[$0] > weights[$1] }.prefix(4)
        var counts: [Int: Int] = [:]
        for draw in 0..<draws {
            let key = RandomKey(9)[draw]
            let token = try model.generate(prompt, maxTokens: 1, temperature: temperature, key: key).tokens[0]
            counts[token, default: 0] += 1
        }
        for token in likely {
            let probability = weights[token] / weights.reduce(0, +)
            let deviation = (probability * (1 - probability) * Double(draws)).squareRoot()
            #expect(abs(Double(counts[token] ?? 0) - probability * Double(draws)) < 4 * deviation)
        }
        // Cold sampling is greedy.
        let cold = try model.generate(prompt, maxTokens: 5, temperature: 1e-4, key: RandomKey(3)).tokens
        #expect(cold == (try model.generate(prompt, maxTokens: 5).tokens))
    }

    @Test func stopTokensEndTheTextAndAreLeftOut() throws {
        let model = try TinyModel.load(TinyModel.llama)
        let whole = try model.generate(prompt, maxTokens: 12)
        let stop = whole.tokens[7]
        let first = try #require(whole.tokens.firstIndex(of: stop))
        let stopped = try model.generate(prompt, maxTokens: 12, stopTokens: [stop], recording: .only(.embed))
        #expect(stopped.stopped && stopped.tokens == Array(whole.tokens[..<first]))
        #expect(stopped.logProbabilities == Array(whole.logProbabilities[..<first]))
        #expect(stopped.cache[.embed]?.shape[0] == prompt.count + first)
    }

    @Test func callersWatchAndEndTheText() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        var seen: [Int] = []
        let generation = try model.generate(prompt, maxTokens: 10) { token in
            seen.append(token)
            return seen.count < 4
        }
        #expect(seen.count == 4 && generation.tokens == seen && !generation.stopped)
        struct Interrupted: Error {}
        #expect(throws: Interrupted.self) { try model.generate(prompt, maxTokens: 10) { _ in throw Interrupted() } }
        #expect(try model.generate(prompt, maxTokens: 0).tokens.isEmpty)
    }

    @Test func theContextEndsTheText() throws {
        let model = try TinyModel.load("gpt2-tiny-hub")
        let long = TinyModel.tokens(20, seed: 82)
        // 24 positions: the last token is predicted from the 24th and needs none of its own.
        #expect(try model.generate(long, maxTokens: 50).tokens.count == 5)
        #expect(try model.generate(TinyModel.tokens(24, seed: 82), maxTokens: 50).tokens.count == 1)
        let error = #expect(throws: ModelError.self) {
            try model.generate([Int](repeating: 1, count: 25), maxTokens: 1)
        }
        #expect(error?.description.contains("25 tokens") == true && error?.description.contains("24") == true)
    }

    @Test func unreadableRequestsAreRefused() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        #expect(throws: ModelError("the prompt has no tokens")) { try model.generate([], maxTokens: 1) }
        #expect(throws: ModelError.self) { try model.generate([-1], maxTokens: 1) }
        for temperature in [-1, .nan, .infinity] {
            #expect(throws: ModelError.self) { try model.generate([1], maxTokens: 1, temperature: temperature) }
        }
    }

    @Test func textNeedsATokenizer() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        let error = #expect(throws: ModelError.self) { try model.tokens("Hello") }
        #expect(error?.description == "gpt2-tiny has no tokenizer: pass token ids instead of text")
        #expect(throws: ModelError.self) { try model.token(" Mary") }
    }
}
