import Foundation
import PlumbModels
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// The parts that the experiments on function vectors and copy suppression are made of.
@Suite struct KnownResultTests {
    @Test(arguments: WordTask.all.map(\.id)) func wordsOfATaskAreAskedOnceAndAnswered(id: String) throws {
        let task = try #require(WordTask.all.first { $0.id == id })
        #expect(Set(task.pairs.map(\.word)).count == task.pairs.count)
        #expect(task.pairs.allSatisfy { !$0.word.isEmpty && !$0.answer.isEmpty && $0.word != $0.answer })
        #expect(task.pairs.count >= 32)
    }

    @Test func aPromptShowsItsExamplesAndAsks() {
        let examples = [WordTask.Pair(word: "hot", answer: "cold"), WordTask.Pair(word: "up", answer: "down")]
        #expect(
            WordTask.prompt(examples, question: "wet") == "Q: hot\nA: cold\n\nQ: up\nA: down\n\nQ: wet\nA:")
        #expect(WordTask.prompt([], question: "wet") == "Q: wet\nA:")
    }

    @Test func shuffledLabelsAllMove() {
        for seed in 0..<20 {
            var generator = RandomKey(UInt64(seed)).generator()
            let labels = ["a", "b", "c", "d", "e"]
            let moved = FunctionVectorReading.moved(labels, &generator)
            #expect(moved.sorted() == labels)
            #expect(zip(moved, labels).allSatisfy { $0 != $1 })
        }
    }

    @Test(arguments: TinyPair.models) func directEffectsAreWhatHeadsMoveToTheLogitsOfTheirTokens(name: String) throws {
        let pair = try TinyPair(name)
        let (model, text) = (pair.model, pair.clean)
        let found = try OwnTokenReader(model).directEffects([text], from: 3)
        let cache = model.run(
            text, recording: Recording { $0 == .finalScale || [.pattern, .v].contains($0.site) }
        ).cache
        let scale = try #require(cache[.finalScale]).elements
        let unembedding = model.unembeddingWeights(foldingNorm: true)
        let center = unembedding.mean(axis: 0)
        let dealt = Array(text.reversed())
        let elsewhere = try OwnTokenReader(model).directEffects([text], from: 3, on: [dealt])
        for (layer, head) in [(0, 1), (1, 2)] {
            let weights = model.headWeights(block: layer)
            let group = head / (weights.queries.shape[0] / weights.keys.shape[0])
            let pattern = try #require(cache[.block(layer, .pattern)])[head]
            let values = try #require(cache[.block(layer, .v)])
            var (sum, other) = (0.0, 0.0)
            for query in 3..<text.count {
                for key in 1..<query {
                    let written = values[key][group].reshaped([1, -1]).matmul(weights.outputs[head]).reshaped([-1])
                    let weight = Double(pattern[query][key].item) / Double(scale[query])
                    sum += weight * written.dot(unembedding[text[key]] - center)
                    other += weight * written.dot(unembedding[dealt[key]] - center)
                }
            }
            #expect(abs(found[layer][head] - sum / Double(text.count - 3)) < 1e-5)
            #expect(abs(elsewhere[layer][head] - other / Double(text.count - 3)) < 1e-5)
        }
    }

    @Test func aTokenIsSuppressedWhereFewLogitsAreLower() throws {
        let model = try TinyPair("llama-tiny").model
        let reader = OwnTokenReader(model)
        let heads = [AttentionHead(layer: 0, head: 0), AttentionHead(layer: 1, head: 3)]
        let tokens = Array(0..<40)
        #expect(try reader.suppressedShares(heads, tokens: tokens, lowest: model.configuration.vocabulary) == [1, 1])
        #expect(try reader.suppressedShares(heads, tokens: tokens, lowest: 0) == [0, 0])
        let some = try reader.suppressedShares(heads, tokens: tokens, lowest: model.configuration.vocabulary / 2)
        #expect(some.allSatisfy { $0 > 0 && $0 < 1 })
    }

    @Test func removingNoHeadsChangesNothingAndRemovingSomeDoes() throws {
        let model = try TinyPair("llama-tiny").model
        let texts = (0..<3).map { row in (0..<14).map { ($0 * $0 * (row + 2) + 3 * row + $0) % 61 } }
        let removal = CopyRemoval(model, texts)
        let nothing = try removal.removing([])
        #expect(nothing.logits == [0, 0, 0] && nothing.losses == [0, 0, 0] && nothing.probabilities == [0, 0, 0])
        let some = try removal.removing([AttentionHead(layer: 0, head: 1)])
        #expect(some.logits.count == 3 && some.logits.allSatisfy { $0 != 0 && $0.isFinite })
        #expect(removal.copied > 0 && removal.copied < 1)
    }

    @Test func shuffledTextsKeepTheirFirstTokenAndAllOthers() {
        let text = Array(0..<20)
        let shuffled = CopySuppressionTexts.shuffled(text, key: RandomKey(3))
        #expect(shuffled[0] == 0 && shuffled.sorted() == text && shuffled != text)
    }

    @Test func rowsOfRepetitionsInAnotherOrderAreMeasuredToo() throws {
        let model = try TinyPair("gpt2-tiny").model
        var study = LanguageModelInduction()
        (study.part, study.rows, study.draws) = (5, 3, 2)
        let outcome = try study.run(model, key: RandomKey(4))
        #expect(outcome.rises.count == 3 && outcome.risesShuffled.count == 3)
        let mean = outcome.rises.reduce(0, +) / 3
        #expect(abs(mean - (outcome.without.repeated - outcome.intact.repeated)) < 1e-9)
        #expect(outcome.risesShuffled != outcome.rises)
    }
}
