import Foundation
import PlumbData
import PlumbInterpretability
import PlumbTensor
import PlumbTokenizers
import Testing

@testable import PlumbModels

/// SmolLM2-135M-Instruct from its Q4_1 file against `transformers` in float32 on the same dequantized weights.
@Suite(.enabled(if: SmolLM2.isThere, SmolLM2.reason)) struct SmolLM2Tests {
    private struct LogProbabilities: Decodable {
        struct Prompt: Decodable {
            let text: String
            let tokens: [Int]
            let topIds: [[Int]]
            let top: [[Float]]
            let probes: [[Float]]
            let logsumexp: [Float]
        }
        struct Pair: Decodable {
            let answer: Int
            let wrong: Int
            let cleanLogitDifference: Float
            let corruptedLogitDifference: Float
        }
        let probeIds: [Int]
        let prompts: [Prompt]
        let pair: Pair
    }

    @Test func logProbabilitiesAgreeWithTransformers() throws {
        let model = try SmolLM2.load()
        let record = try Golden.decode(LogProbabilities.self, "smollm2-logprobs.json")
        #expect(record.prompts.count == 20)
        var largest: Float = 0
        for prompt in record.prompts {
            #expect(try model.tokens(prompt.text) == prompt.tokens)
            let logits = model.run(prompt.tokens).output
            for position in prompt.tokens.indices {
                let row = logits[position].logSoftmax()
                #expect(row.argmax() == prompt.topIds[position][0], "\(prompt.text), position \(position)")
                row.withUnsafeElements { row in
                    let ids = prompt.topIds[position] + record.probeIds
                    for (id, expected) in zip(ids, prompt.top[position] + prompt.probes[position]) {
                        largest = max(largest, abs(row[id] - expected))
                    }
                    let first = prompt.topIds[position][0]
                    let logSumExp = logits[position].withUnsafeElements { $0[first] } - row[first]
                    largest = max(largest, abs(logSumExp - prompt.logsumexp[position]))
                }
            }
        }
        #expect(largest <= 2e-4)
    }

    @Test func indirectObjectPairHasTheNumbersOfTheField() throws {
        let model = try SmolLM2.load()
        let record = try Golden.decode(LogProbabilities.self, "smollm2-logprobs.json").pair
        let pair = try IndirectObject.standard.tokenized(by: model)
        #expect(pair.clean == [2427, 5099, 284, 2322, 3514, 288, 260, 4249, 28, 2322, 4502, 253, 5968, 288])
        #expect(pair.differing == [9] && pair.corrupted[9] == 5099)
        #expect(pair.answer == record.answer && pair.wrong == record.wrong)
        let next = model.nextTokenLogProbabilities(pair.clean).elements
        for (text, expected) in [(" Mary", -0.0802), (" the", -3.8356), (" his", -5.1735)] {
            #expect(abs(Double(next[try model.token(text)]) - expected) <= 2e-4, "\(text)")
        }
        for (tokens, expected) in [
            (pair.clean, record.cleanLogitDifference), (pair.corrupted, record.corruptedLogitDifference),
        ] {
            let logits = model.run(tokens).output[13].elements
            #expect(abs(logits[pair.answer] - logits[pair.wrong] - expected) <= 2e-4)
        }
        #expect(abs(record.cleanLogitDifference - 6.1196) < 1e-4)
        #expect(abs(record.corruptedLogitDifference + 5.4853) < 1e-4)
    }

    @Test func activationsAgreeWithTransformerLens() throws {
        try Golden.decode(HookSamples.self, "smollm2-hooks.json").expectFrom(SmolLM2.load())
    }

    @Test func generationEqualsFullPasses() throws {
        let model = try SmolLM2.load()
        let prompt = try model.tokens("The capital of France is")
        let generation = try model.generate(prompt, maxTokens: 12, recording: .sites(.residPost))
        let text = prompt + generation.tokens.dropLast()
        let (logits, cache) = model.run(text, recording: .sites(.residPost))
        for (index, token) in generation.tokens.enumerated() {
            let row = logits[prompt.count - 1 + index]
            #expect(row.argmax() == token)
            #expect(row.logSoftmax().elements[token] == generation.logProbabilities[index])
        }
        for point in cache.points { #expect(generation.cache[point] == cache[point], "\(point)") }
        #expect(model.tokenizer?.decode(generation.tokens).contains("Paris") == true)
    }

    @Test func answersThatAreNotOneTokenAreTakenApart() throws {
        let model = try SmolLM2.load()
        let error = #expect(throws: ModelError.self) { try model.token(" Chattanoogan") }
        #expect(error?.description.contains(" tokens of") == true && error?.description.contains("must be one") == true)
        #expect(try model.token(" Mary") == 5099 && model.token(" John") == 2322)
        let pair = PromptPair(clean: "Mary and John", corrupted: "Mary", answer: " Mary", wrong: " John")
        #expect(throws: ModelError.self) { try pair.tokenized(by: model) }
    }
}
