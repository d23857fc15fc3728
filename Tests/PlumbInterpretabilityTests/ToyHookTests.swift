import PlumbInterpretability
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@Suite("Hooks in toy models")
struct ToyHookTests {
    @Test("A direction taken out of the hidden space of a superposition model is gone from its output")
    func superposition() throws {
        let model = SuperpositionModel(features: 6, dimensions: 3, key: RandomKey(1))
        let x = Tensor.normal([4, 6], key: RandomKey(2))
        let (output, cache) = model.run(x, recording: .all)
        #expect(output == model(x))
        #expect(cache[SuperpositionModel.hiddenPoint] == x.matmul(model.directions))
        let none = model.run(x, with: [.ablate(SuperpositionModel.hiddenPoint)]).output
        #expect(none == model.run(.zeros([4, 6])).output)
    }

    @Test("Patching the neurons of an addition transformer gives the other pair's sum, and names fit the stream")
    func addition() throws {
        let model = AdditionTransformer(modulus: 7, width: 16, heads: 2, hidden: 12, key: RandomKey(3))
        let (first, second) = (
            AdditionTransformer.Pairs([3, 20], modulus: 7), AdditionTransformer.Pairs([40, 11], modulus: 7)
        )
        let (logits, cache) = model.run(first, recording: .all)
        #expect(logits == model(first) && cache[.block(0, .mlpPost)] == model.run(first).neurons)
        let stream: [Intervention] = [.patch(.block(0, .residPost), from: cache)]
        #expect(model.run(second, with: stream).output == logits)
        #expect(model.run(second, with: [.patch(.block(0, .mlpPost), from: cache)]).output != model(second))
        let run = try model.gradients(first, recording: .all) { $0.squared().summed() }
        #expect(run.gradients.points == cache.points)
    }

    @Test("Edge attribution names parallel blocks, whose MLP reads no stream after attention")
    func parallelBlocks() throws {
        let model = try HookedTransformer(
            TransformerConfiguration(
                architecture: .gptNeoX, layers: 1, width: 16, heads: 2, vocabulary: 20, context: 8), key: RandomKey(1))
        let pair = PatchPair(clean: [1, 2], corrupted: [1, 3], metric: .logitDifference(answer: 4, wrong: 5))
        let error = #expect(throws: ModelError.self) { try EdgeAttribution().run(model, pair: pair) }
        #expect(error?.description.contains("parallel blocks") ?? false)
    }
}
