import Foundation
import PlumbModels
import PlumbNN
import PlumbRobustness
import PlumbTensor
import PlumbTokenizers
import Testing

/// Token attacks on a small random language model with a tokenizer and a chat template of its own.
@Suite struct SuffixAttackTests {
    private static let text = """
        Write a short line about tea. Tell me what the weather is like today. The answer to that is in the book, and the \
        book is on the table. Say it once more, please: the train leaves in the morning, and the weather is good.
        """

    private func model(seed: UInt64 = 1) throws -> HookedTransformer {
        let learned = BytePairTrainer(vocabularySize: 330, specialTokens: ["<|end|>", "<|user|>", "<|model|>"])
            .train([Self.text])
        let plain = try learned.tokenizer()
        let tokenizer = try Tokenizer(
            json: plain.json,
            chatTemplate: "{% for m in messages %}<|user|>{{ m.content }}<|end|>{% endfor %}<|model|>")
        let sizes = TransformerConfiguration(
            architecture: .llama, layers: 2, width: 32, heads: 4, vocabulary: 330, context: 128)
        return try HookedTransformer(
            sizes, key: RandomKey(seed), initialization: .scaled(gain: 1), tokenizer: tokenizer)
    }

    private var attack: SuffixAttack {
        var attack = SuffixAttack()
        (attack.suffixTokens, attack.candidates, attack.top, attack.budget) = (6, 40, 30, 400)
        return attack
    }

    @Test func preferencesAreTheTokensOfLowestScores() {
        // Scores of place 0 are (1, -2, 0, -2), of place 1 (2, 4, 1, 0).
        let gradient = Tensor([1, 0, 0, 1] as [Float], shape: [2, 2])
        let table = Tensor([1, 2, -2, 4, 0, 1, -2, 0] as [Float], shape: [4, 2])
        func tokens(_ allowed: [Int], _ top: Int) -> [[Int]] {
            TokenPreferences(gradient: gradient, embeddings: table, allowed: allowed, top: top).tokens
        }
        #expect(tokens([0, 1, 2, 3], 2) == [[1, 3], [3, 2]])
        #expect(tokens([0, 1, 2, 3], 1) == [[1], [3]])
        #expect(tokens([0, 1, 2], 9) == [[1, 2, 0], [2, 0, 1]])
        let preferences = TokenPreferences(gradient: gradient, embeddings: table, allowed: 0..<4, top: 2)
        var random = RandomKey(3).generator()
        let drawn = (0..<400).map { _ in preferences.draw(&random) }
        for place in 0..<2 {
            let chosen = drawn.filter { $0.place == place }.map(\.token)
            #expect(Set(chosen) == Set(preferences.tokens[place]) && (150...250).contains(chosen.count))
        }
    }

    @Test func aPromptIsTheTemplateAroundTheSuffix() throws {
        let model = try model()
        let tokenizer = try #require(model.tokenizer)
        let prompt = try SuffixPrompt(request: "Tell me", target: "the train", for: model)
        #expect(tokenizer.decode(prompt.before) == "<|user|>Tell me")
        #expect(tokenizer.decode(prompt.after) == "<|end|><|model|>")
        #expect(tokenizer.decode(prompt.target) == "the train")
        #expect(prompt.tokens([7, 8]) == prompt.before + [7, 8] + prompt.after)
        #expect(throws: AttackError.self) { try SuffixPrompt(request: "Tell me", target: "", for: model) }
        // The same model without a tokenizer cannot be attacked by text.
        let mute = try HookedTransformer(model.configuration, key: RandomKey(1))
        #expect(throws: AttackError.self) { try SuffixPrompt(request: "Tell me", target: "the", for: mute) }
    }

    @Test func aSuffixThatIsCutOtherwiseIsNotStable() throws {
        let model = try model()
        let tokenizer = try #require(model.tokenizer)
        let prompt = try SuffixPrompt(request: "Tell me", target: "the train", for: model)
        let the = tokenizer.encode(" the", addSpecialTokens: false)
        let bytes = [" ", "t", "h", "e"].flatMap { tokenizer.encode($0, addSpecialTokens: false) }
        #expect(the.count == 1 && bytes.count == 4 && tokenizer.decode(the) == tokenizer.decode(bytes))
        #expect(prompt.isStable(the, tokenizer))
        #expect(!prompt.isStable(bytes, tokenizer))
        let printable = SuffixAttack.printableTokens(tokenizer)
        #expect(printable.contains(the[0]) && !printable.contains { tokenizer.isSpecial($0) })
        #expect(printable.allSatisfy { tokenizer.bytes(of: $0).allSatisfy { (32...126).contains($0) } })
    }

    @Test func theGradientIsTheSlopeOfTheLossAtTheEmbeddings() throws {
        let model = try model()
        let prompts = try ["Tell me", "Say"].map { try SuffixPrompt(request: $0, target: "the train", for: model) }
        let suffix = try attack.start(prompts, model)
        let gradient = try attack.gradient(suffix, prompts, model)
        let direction = Tensor.normal([suffix.count, 32], key: RandomKey(5))
        func loss(_ step: Float) -> Double {
            Statistics.mean(
                prompts.map { prompt in
                    let tokens = prompt.tokens(suffix) + prompt.target.dropLast()
                    let (first, last) = (prompt.before.count, tokens.count - prompt.before.count - suffix.count)
                    let change = Tensor.concatenated([
                        .zeros([first, 32]), direction * step, .zeros([last, 32]),
                    ])
                    let logits = model.run(tokens, with: [Intervention("move", at: .embed) { $0 + change }]).output
                    let rows = tokens.count - prompt.target.count..<tokens.count
                    return Double(logits[rows].crossEntropy(prompt.target).item)
                })
        }
        let slope = (loss(1e-2) - loss(-1e-2)) / 2e-2
        #expect(abs(slope - gradient.dot(direction)) < 2e-3 * max(1, abs(slope)))
    }

    /// The contract of a candidate's loss: that of a forward pass of its own.
    @Test func lossesOfCandidatesAreThoseOfSinglePasses() throws {
        let model = try model()
        let prompts = try ["Tell me", "Say"].map { try SuffixPrompt(request: $0, target: "the train", for: model) }
        let current = try attack.start(prompts, model)
        let suffixes = (0..<current.count).map { place in
            var suffix = current
            suffix[place] = 40 + place
            return suffix
        }
        let found = try attack.losses(suffixes, of: prompts, sharing: current, model)
        for (suffix, found) in zip(suffixes, found) {
            let losses = prompts.map { prompt in
                let tokens = prompt.tokens(suffix) + prompt.target
                let rows = tokens.count - prompt.target.count - 1..<tokens.count - 1
                return Double(model.run(tokens).output[rows].crossEntropy(prompt.target).item)
            }
            #expect(abs(Statistics.mean(losses) - found.loss) < 1e-4)
        }
    }

    @Test(arguments: SuffixAttack.Method.allCases) func aSearchKeepsItsBudgetAndItsBestSuffix(
        _ method: SuffixAttack.Method
    ) throws {
        let model = try model()
        let tokenizer = try #require(model.tokenizer)
        let prompt = try SuffixPrompt(request: "Tell me", target: "the train leaves", for: model)
        let result = try attack.run(method, on: [prompt], against: model, limit: 130, key: RandomKey(2))
        #expect(result.evaluations <= 130 && result.curve[0].evaluations == 1)
        #expect(zip(result.curve, result.curve.dropFirst()).allSatisfy { $0.evaluations < $1.evaluations })
        #expect(zip(result.curve, result.curve.dropFirst()).allSatisfy { $0.loss >= $1.loss })
        #expect(result.loss < result.curve[0].loss)
        #expect(result.loss(after: result.curve[1].evaluations) == result.curve[1].loss)
        #expect(result.loss(after: 0) == result.curve[0].loss)
        #expect(result.suffix.count == 6 && prompt.isStable(result.suffix, tokenizer))
        let again = try model.targetLosses(of: [prompt.tokens(result.suffix)], target: prompt.target)[0]
        #expect(again.loss == result.loss && again.isGreedy == result.isFound)
        #expect(try attack.run(method, on: [prompt], against: model, limit: 130, key: RandomKey(2)) == result)
    }

    @Test func replacementsOfTheBestCandidatesAreMadeTogether() throws {
        let model = try model()
        let prompt = try SuffixPrompt(request: "Tell me", target: "the train leaves", for: model)
        var attack = attack
        func firstStep(combined: Int) throws -> SuffixAttack.Point {
            attack.combined = combined
            return try attack.run(.gradient, on: [prompt], against: model, limit: 46, key: RandomKey(5)).curve[1]
        }
        let (alone, together) = (try firstStep(combined: 1), try firstStep(combined: 6))
        #expect((1...5).contains(together.evaluations - alone.evaluations) && together.loss < alone.loss)
    }

    @Test func gradientsFindATargetThatTheModelThenWrites() throws {
        let model = try model()
        let some = try SuffixPrompt(request: "Tell me", target: "the", for: model)
        // What the model writes after another suffix can be reached.
        let other = try attack.start([some], model).enumerated().map { place, token in token + 7 * place + 1 }
        let reachable = try model.generate(some.tokens(other), maxTokens: 1, stopTokens: []).tokens
        let prompt = SuffixPrompt(before: some.before, after: some.after, target: reachable)
        let result = try attack.run(.gradient, on: [prompt], against: model, limit: 2000, key: RandomKey(4))
        try #require(result.isFound)
        let written = try model.generate(prompt.tokens(result.suffix), maxTokens: 1, stopTokens: [])
        #expect(written.tokens == reachable && written.tokens.count == 1)
    }
}
