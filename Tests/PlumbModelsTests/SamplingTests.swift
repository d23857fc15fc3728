import PlumbTensor
import Testing

@testable import PlumbModels

/// The steps of sampling, by hand and as `transformers` 5 orders them.
@Suite struct SamplingTests {
    private let logits: [Float] = [2, 1, 0, -1, 1]

    private func sampling(_ change: (inout Sampling) -> Void) -> Sampling {
        var sampling = Sampling(temperature: 1)
        change(&sampling)
        return sampling
    }

    private func softmax(_ scores: [Double]) -> [Double] {
        let weights = scores.map { exponential($0) }
        return weights.map { $0 / weights.reduce(0, +) }
    }

    private func exponential(_ value: Double) -> Double {
        value == -.infinity ? 0 : Double(Tensor([Float(value)]).exp().item)
    }

    private func expect(_ found: [Double], _ expected: [Double], location: SourceLocation = #_sourceLocation) {
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found)", sourceLocation: location)
    }

    @Test func temperatureZeroTakesTheFirstOfTheMostProbable() {
        #expect(Sampling().probabilities([1, 3, 3, 0], after: []) == [0, 1, 0, 0])
        expect(sampling { $0.temperature = 2 }.probabilities(logits, after: []), softmax([1, 0.5, 0, -0.5, 0.5]))
    }

    @Test func theMostProbableKStayWithTheirTies() {
        expect(
            sampling { $0.topK = 2 }.probabilities(logits, after: []),
            softmax([2, 1, -.infinity, -.infinity, 1]))
        expect(sampling { $0.topK = 99 }.probabilities(logits, after: []), softmax([2, 1, 0, -1, 1]))
    }

    @Test func theNucleusHoldsTheProbabilityAskedForAndAtLeastOneToken() {
        // Probabilities are .506, .186, .068, .025 and .186 rounded, the first of two equal ones comes first.
        let all = softmax([2, 1, 0, -1, 1])
        #expect(sampling { $0.topP = 0.5 }.probabilities(logits, after: []).filter { $0 > 0 }.count == 1)
        expect(
            sampling { $0.topP = all[0] + 0.01 }.probabilities(logits, after: []),
            softmax([2, 1, -.infinity, -.infinity, -.infinity]))
        #expect(sampling { $0.topP = 1e-9 }.probabilities(logits, after: [])[0] == 1)
    }

    @Test func minPKeepsWhatIsProbableBesideTheMostProbable() {
        // e⁻¹ is .368, e⁻² is .135.
        expect(
            sampling { $0.minP = 0.2 }.probabilities(logits, after: []), softmax([2, 1, -.infinity, -.infinity, 1]))
        #expect(sampling { $0.minP = 1 }.probabilities(logits, after: [])[0] == 1)
    }

    @Test func repeatedTokensLoseOnBothSidesOfZero() {
        expect(
            sampling { $0.repetitionPenalty = 2 }.probabilities(logits, after: [0, 3, 3]),
            softmax([1, 1, 0, -2, 1]))
    }

    @Test func whatIsLeftOutIsNeverDrawn() {
        var random = RandomKey(3).generator()
        let chosen = sampling { $0.topK = 1 }
        let minimum = sampling { $0.minP = 0.2 }
        for _ in 0..<200 {
            #expect(chosen.choose(Tensor(logits), after: [], &random) == 0)
            #expect([0, 1, 4].contains(minimum.choose(Tensor(logits), after: [], &random)))
        }
    }

    @Test func settingsOutOfRangeAreRefused() {
        for wrong: (inout Sampling) -> Void in [
            { $0.temperature = -1 }, { $0.topK = 0 }, { $0.topP = 0 }, { $0.topP = 1.1 }, { $0.minP = -0.1 },
            { $0.repetitionPenalty = 0 }, { $0.temperature = .nan },
        ] {
            #expect(throws: ModelError.self) { try sampling(wrong).check() }
        }
    }

    @Test func aPlainSamplingGeneratesAsATemperatureDoes() throws {
        let model = try TinyModel.load("llama-tiny")
        let prompt = TinyModel.tokens(6, seed: 3)
        let one = try model.generate(prompt, maxTokens: 8, temperature: 0.9, key: RandomKey(7))
        let two = try model.generate(prompt, maxTokens: 8, sampling: Sampling(temperature: 0.9), key: RandomKey(7))
        #expect(one.tokens == two.tokens)
        var penalized = Sampling()
        penalized.repetitionPenalty = 1e6
        let tokens = try model.generate(prompt, maxTokens: 8, sampling: penalized).tokens
        #expect(Set(tokens + prompt).count == Set(tokens).count + Set(prompt).count)
    }
}
