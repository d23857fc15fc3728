import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbModels

/// Many prompts with one target, and texts side by side with interventions of their own: the numbers of single passes.
@Suite struct TargetLossTests {
    private let base = TinyModel.tokens(9, seed: 31)
    private let target = TinyModel.tokens(3, seed: 32)

    /// Variants that leave the base at its first, a middle and its last token, one of another length, and the base.
    private var variants: [[Int]] {
        [0, 4, 8].map { place in
            var prompt = base
            prompt[place] = (base[place] + 5) % 211
            return prompt
        } + [Array(base.prefix(6)) + [7, 9, 11, 13, 2], base]
    }

    private func alone(_ model: HookedTransformer, _ prompt: [Int]) -> (loss: Double, best: [Int]) {
        let rows = model.run(prompt + target.dropLast()).output[prompt.count - 1..<prompt.count + target.count - 1]
        return (rows.crossEntropies(target).elements.reduce(0) { $0 + Double($1) } / 3, rows.argmaxOfRows())
    }

    @Test(arguments: TinyModel.all) func lossesOfVariantsAreThoseOfSinglePasses(_ name: String) throws {
        let model = try TinyModel.load(name)
        let expected = variants.map { alone(model, $0) }
        for limit in [1, 20, 4096] {
            for shared in [base, nil] {
                let found = try model.targetLosses(of: variants, target: target, sharing: shared, rowLimit: limit)
                #expect(found.map(\.loss) == expected.map(\.loss))
                #expect(found.map(\.isGreedy) == expected.map { $0.best == target })
            }
        }
    }

    @Test func aTargetIsGreedyWhereGenerationWritesIt() throws {
        let model = try TinyModel.load(TinyModel.llama)
        let written = try model.generate(base, maxTokens: 4, stopTokens: []).tokens
        var other = written
        other[2] = (other[2] + 1) % 211
        #expect(try model.targetLosses(of: [base], target: written)[0].isGreedy)
        let found = try model.targetLosses(of: [base], target: other, sharing: base)[0]
        #expect(found.matched == 2 && !found.isGreedy)
    }

    @Test func whatCannotBeReadIsRefused() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        #expect(throws: ModelError("a target needs at least one token")) {
            try model.targetLosses(of: [base], target: [])
        }
        #expect(throws: ModelError("the prompt has no tokens")) { try model.targetLosses(of: [[]], target: target) }
        let long = TinyModel.tokens(model.configuration.context, seed: 1)
        #expect(throws: ModelError.self) { try model.targetLosses(of: [long], target: target) }
        #expect(throws: ModelError.self) { try model.targetLosses(of: [base], target: [211_000]) }
        #expect(throws: ModelError("a text of one token has no next token")) {
            try model.crossEntropies(of: [base, [3]])
        }
    }

    private func changes(_ model: HookedTransformer) -> [[Intervention]] {
        let direction = Tensor(TinyModel.tokens(model.configuration.width, seed: 5).map { Float($0) / 100 - 1 })
        let last = model.configuration.layers - 1
        return [
            [.steer(.block(0, .residPost), by: direction, scale: 2)], [],
            [.projectOut(.block(last, .residPost), direction), .ablate(.block(0, .z), head: 1)],
            [.steer(.block(0, .residPre), by: direction, positions: 4..<100)],
            [Intervention("scale", at: .logits) { $0 * 0.5 }, .ablate(.block(0, .mlpOut))],
        ]
    }

    @Test(arguments: TinyModel.all, [0, 0.8]) func eachTextHasInterventionsOfItsOwn(
        name: String, temperature: Double
    ) throws {
        let (model, key) = (try TinyModel.load(name), RandomKey(3))
        let changes = changes(model)
        let prompts = changes.indices.map { Array(base.prefix(9 - $0)) }
        let alone = try prompts.enumerated().map { row, prompt in
            try model.generate(
                prompt, maxTokens: 8, temperature: temperature, key: key[row], stopTokens: [], with: changes[row])
        }
        let together = try model.continuations(
            of: prompts, maxTokens: 8, temperature: temperature, stopTokens: [], key: key, with: changes)
        #expect(together.map(\.tokens) == alone.map(\.tokens))
        #expect(together.map(\.logProbabilities) == alone.map(\.logProbabilities))
        for limit in [1, 512] {
            let losses = try model.crossEntropies(of: prompts, with: changes, rowLimit: limit)
            for (row, prompt) in prompts.enumerated() {
                let logits = model.run(prompt, with: changes[row]).output
                #expect(losses[row] == logits.crossEntropies(prompt.dropFirst() + [-1]).elements.dropLast())
            }
        }
    }

    @Test func interventionsThatCannotActAreRefused() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        func refusal(_ changes: [[Intervention]]) -> String {
            #expect(throws: ModelError.self) { try model.crossEntropies(of: [base, base], with: changes) }?.description
                ?? ""
        }
        #expect(refusal([[]]) == "1 lists of interventions do not belong to 2 texts")
        #expect(refusal([[], [.ablate(.block(0, .pattern))]]).contains("attention map"))
        #expect(refusal([[], [.ablate(.block(99, .z))]]).contains("has no hook point"))
    }

    @Test func whatIsProjectedOutIsGone() throws {
        // x = (3, 4), d = (1, 0): (0, 4) is left; d = (1, 1): x - 3.5 (1, 1) = (-0.5, 0.5).
        func left(_ direction: [Float]) throws -> [Float] {
            let change = Intervention.projectOut(.block(0, .residPre), Tensor(direction))
            let context = HookContext(point: .block(0, .residPre), positions: 0..<1)
            return change.apply(Tensor([3, 4] as [Float], shape: [1, 2]), context).elements
        }
        #expect(try left([5, 0]) == [0, 4])
        #expect(try zip(left([2, 2]), [-0.5, 0.5]).allSatisfy { abs($0 - $1) < 1e-6 })
    }
}
