import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbModels

/// A library caller's mistake ends with a sentence that names what was asked for and what there is, in every build.
@Suite("Mistakes of a caller")
struct MistakeTests {
    /// Whether a process that does `body` fails with a sentence that contains `part`.
    private func expect(
        _ part: String, _ result: ExitTest.Result?, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains(part), "\(text)", sourceLocation: sourceLocation)
    }

    @Test("A hook point that the model does not have")
    func point() async {
        expect(
            "has no hook point blocks.99.hook_mlp_out",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = try TinyModel.load(TinyModel.llama).run([1, 2], with: [.ablate(.block(99, .mlpOut))])
            })
        expect(
            "has no hook point blocks.7.mlp.hook_post",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let network = MLP([2, 3, 1], key: RandomKey(1))
                _ = network.run(.zeros([1, 2]), with: [.ablate(.block(7, .mlpPost))])
            })
    }

    @Test("A head, or a position, that the point does not have")
    func headsAndPositions() async {
        expect(
            "names head 30, but blocks.0.attn.hook_z has 6 heads",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = try TinyModel.load(TinyModel.llama).run([1, 2], with: [.ablate(.block(0, .z), head: 30)])
            })
        expect(
            "names position -1, but positions lie in 0 ..< 2",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = try TinyModel.load(TinyModel.llama).run([1, 2], with: [.ablate(.block(0, .mlpOut), position: -1)])
            })
        expect(
            "has no heads",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Intervention.ablate(.block(0, .mlpOut), head: 0)
            })
    }

    @Test("Prompts of different lengths in one batch, a replacement of another shape, too long a prompt")
    func shapes() async {
        expect(
            "prompts of one batch share a length, got [2, 1]",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = try TinyModel.load(TinyModel.llama).run(batch: [[1, 2], [3]])
            })
        expect(
            "has shape [2, 48], its replacement [3, 48]",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let change = Intervention.replace(.block(0, .mlpOut), with: .zeros([3, 48]))
                _ = try TinyModel.load(TinyModel.llama).run([1, 2], with: [change])
            })
        expect(
            "the prompt has 65 tokens",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = try TinyModel.load(TinyModel.llama).run(Array(repeating: 1, count: 65))
            })
    }

    @Test("What attention cannot attend to")
    func attention() async {
        expect(
            "need a cache of the positions before",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                var batch = RaggedBatch()
                batch.append(startPosition: 2, rows: 1)
                _ = ScaledDotProductAttention(heads: 1, headWidth: 1)(.fused(.zeros([1, 3])), in: batch)
            })
        expect(
            "must be [2, 3], got [1, 3]",
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let batch = RaggedBatch(lengths: [2])
                _ = ScaledDotProductAttention(heads: 1, headWidth: 1)(.fused(.zeros([1, 3])), in: batch)
            })
    }

    @Test("An intervention at one position acts in the pass of a generation that covers it, and leaves others alone")
    func positionsOfAGeneration() throws {
        let model = try TinyModel.load(TinyModel.llama)
        let (prompt, other) = (TinyModel.tokens(5, seed: 1), TinyModel.tokens(5, seed: 2))
        let cache = model.run(other, recording: .all).cache
        let changes: [(String, [Intervention])] = [
            ("patch", [.patch(.block(1, .residPre), from: cache, position: 2)]),
            ("patch of a head", [.patch(.block(1, .z), from: cache, position: 4, head: 1)]),
            ("ablation", [.ablate(.block(0, .mlpOut), position: 3)]),
            ("everything that was recorded", [.patch(.block(0, .attnOut), from: cache)]),
        ]
        for (name, change) in changes {
            let generation = try model.generate(prompt, maxTokens: 6, with: change)
            var text = prompt
            for token in generation.tokens {
                // The same as a forward pass over the whole text, changed at the prompt's positions alone.
                let whole = change.map { change in
                    Intervention(change.name, at: change.point) { value, _ in
                        let part = change.apply(value[0..<5], HookContext(point: change.point, positions: 0..<5))
                        return Tensor.concatenated([part, value[5..<value.shape[0]]])
                    }
                }
                let logits = model.run(text, with: whole).output[text.count - 1]
                #expect(logits.argmax() == token, "\(name)")
                text.append(token)
            }
        }
        // A position that the generation makes: the second new token's.
        let late = try model.generate(prompt, maxTokens: 4, with: [.ablate(.block(1, .residPre), position: 6)])
        let plain = try model.generate(prompt, maxTokens: 4)
        #expect(late.tokens[..<2] == plain.tokens[..<2])
        #expect(late.logProbabilities[2] != plain.logProbabilities[2])
        let error = #expect(throws: ModelError.self) {
            try model.generate(prompt, maxTokens: 2, with: [.ablate(.block(1, .residPre), position: -1)])
        }
        #expect(error?.description.contains("position -1") ?? false)
    }
}
