import Foundation
import PlumbInterpretability
import PlumbModels
import PlumbNN
import PlumbReport
import PlumbTensor
import Testing

/// What the instruments say of a model is what its forward pass says.
@Suite struct InstrumentTests {
    @Test(arguments: TinyPair.models) func theLastRowOfALensIsWhatTheModelSays(name: String) throws {
        let pair = try TinyPair(name)
        let lens = try LogitLens(pair.model, pair.clean, answer: 7, top: 3)
        let logProbabilities = pair.model.run(pair.clean).output.logSoftmax()
        #expect(lens.cells.count == pair.layers + 1)
        for position in pair.clean.indices {
            let (row, cell) = (logProbabilities[position].elements, lens.cells[pair.layers][position])
            let sorted = row.indices.sorted { row[$0] > row[$1] }
            #expect(cell.top.map(\.token) == Array(sorted.prefix(3)))
            #expect(cell.rank == 1 + (sorted.firstIndex(of: 7) ?? 0))
            #expect(cell.probability == Double(exp(Double(row[7]))))
        }
        let one = try LogitLens(pair.model, pair.clean, answer: 7, positions: [3])
        for layer in 0...pair.layers {
            #expect(abs((one.cells[layer][0].probability ?? 0) - (lens.cells[layer][3].probability ?? 1)) < 1e-6)
        }
    }

    @Test func aLensRefusesWhatThePromptLacks() throws {
        let pair = try TinyPair("llama-tiny")
        #expect(throws: ModelError.self) { try LogitLens(pair.model, pair.clean, positions: [8]) }
        #expect(throws: ModelError.self) { try LogitLens(pair.model, pair.clean, answer: 211) }
        #expect(throws: ModelError.self) { try LogitLens(pair.model, []) }
    }

    @Test(arguments: TinyPair.models) func contributionsAddUpToTheLogit(name: String) throws {
        let pair = try TinyPair(name)
        let logits = pair.model.run(pair.clean).output
        for position in [0, 4, 7] {
            let row = logits[position].elements
            let one = try DirectLogitAttribution(pair.model, pair.clean, answer: 7, position: position)
            #expect(one.total == Double(row[7]))
            #expect(abs(one.sum - one.total) < 1e-4)
            let two = try DirectLogitAttribution(pair.model, pair.clean, answer: 7, wrong: 190, position: position)
            #expect(abs(two.total - Double(row[7] - row[190])) < 1e-6)
            #expect(abs(two.sum - two.total) < 1e-4)
        }
    }

    @Test(arguments: [
        "gemma2-tiny", "gemma3-tiny", "gemma3-tiny-caps", "olmo2-tiny", "phi-tiny", "gptj-tiny", "gpt-neo-tiny",
    ])
    func contributionsAddUpWhereverNormsAndCapsStand(name: String) throws {
        let model = try TinyPair(name).model
        let tokens = (0..<12).map { ($0 * 17 + 5) % 61 }
        let logits = model.run(tokens).output[11].elements.map(Double.init)
        let found = try DirectLogitAttribution(model, tokens, answer: 7, wrong: 40)
        func capped(_ answer: Int) throws -> Double {
            let total = try DirectLogitAttribution(model, tokens, answer: answer).total
            return model.logitSoftCap.map { Double($0) * tanh(total / Double($0)) } ?? total
        }
        #expect(abs(found.sum - found.total) < 1e-4)
        for answer in [7, 40] {
            let total = try capped(answer)
            #expect(abs(total - logits[answer]) < 1e-4)
        }
        // Without biases, neurons are all that an MLP writes.
        let last = model.configuration.layers - 1
        let count = (last + 1) * model.configuration.mlpWidth
        let all = try DirectLogitAttribution(model, tokens, answer: 7, wrong: 40, neurons: count)
        if !["phi-tiny", "gptj-tiny", "gpt-neo-tiny"].contains(name) {
            let neurons = all.neurons.filter { $0.layer == last }.map(\.contribution).reduce(0, +)
            #expect(abs(neurons - all.mlps[last]) < 1e-4)
        }
    }

    @Test(arguments: TinyPair.models) func allNeuronsOfALayerAddUpToItsMLPWithoutItsBias(name: String) throws {
        let pair = try TinyPair(name)
        let count = pair.layers * pair.model.configuration.mlpWidth
        let all = try DirectLogitAttribution(pair.model, pair.clean, answer: 7, wrong: 190, neurons: count)
        #expect(all.neurons.count == count)
        // What the bias adds does not depend on the prompt.
        let other = try DirectLogitAttribution(pair.model, pair.corrupted, answer: 7, wrong: 190, neurons: count)
        let scale = (try finalScale(pair, pair.clean), try finalScale(pair, pair.corrupted))
        for layer in 0..<pair.layers {
            func rest(_ one: DirectLogitAttribution, _ scale: Double) -> Double {
                let neurons = one.neurons.filter { $0.layer == layer }.map(\.contribution).reduce(0, +)
                return (one.mlps[layer] - neurons) * scale
            }
            #expect(abs(rest(all, scale.0) - rest(other, scale.1)) < 1e-4)
        }
    }

    private func finalScale(_ pair: TinyPair, _ tokens: [Int]) throws -> Double {
        let cache = pair.model.run(tokens, recording: .only(.finalScale)).cache
        return Double(try #require(cache[.finalScale])[tokens.count - 1].item)
    }

    @Test func patternsLookBackOnlyAndAddUpToOne() throws {
        let pair = try TinyPair("llama-tiny")
        let all = try AttentionPatterns(pair.model, pair.clean, layers: Array(0..<pair.layers))
        #expect(all.patterns.count == pair.layers * pair.model.configuration.heads)
        for pattern in all.patterns {
            for (query, row) in pattern.weights.enumerated() {
                #expect(abs(row.reduce(0, +) - 1) < 1e-5)
                #expect(row.dropFirst(query + 1).allSatisfy { $0 == 0 })
            }
        }
        #expect(throws: ModelError.self) { try AttentionPatterns(pair.model, pair.clean, layers: [99]) }
        #expect(throws: ModelError.self) { try AttentionPatterns(pair.model, pair.clean, layers: [0], heads: [99]) }
    }

    @Test(arguments: TinyPair.models) func zeroAblationIsThatOfTheModel(name: String) throws {
        let pair = try TinyPair(name)
        let target = AblationTarget(.z, layers: [1], heads: [2], positions: [3, 5])
        let ablation = try pair.model.ablation(of: target, by: .zero, over: pair.clean)
        let expected = pair.model.run(
            pair.clean,
            with: [3, 5].map { .ablate(.block(1, .z), position: $0, head: 2) }
        ).output
        #expect(pair.model.run(pair.clean, with: ablation.interventions).output == expected)
        #expect(expected != pair.model.run(pair.clean).output)
    }

    @Test func resamplingIsPatchingAndAMeanOfOneTokenIsItself() throws {
        let pair = try TinyPair("gpt2-tiny")
        let target = AblationTarget(.mlpOut, layers: [0, 1])
        let resampled = try pair.model.ablation(
            of: target, by: .resample, over: pair.clean, references: [pair.corrupted])
        let cache = pair.model.run(pair.corrupted, recording: .sites(.mlpOut)).cache
        let patched = pair.model.run(
            pair.clean, with: (0...1).map { .patch(.block($0, .mlpOut), from: cache) }
        ).output
        #expect(pair.model.run(pair.clean, with: resampled.interventions).output == patched)
        let prompt = [pair.clean[0]]
        let mean = try pair.model.ablation(of: target, by: .mean, over: prompt, references: [prompt])
        #expect(pair.model.run(prompt, with: mean.interventions).output == pair.model.run(prompt).output)
        #expect(throws: ModelError.self) {
            try pair.model.ablation(of: target, by: .resample, over: pair.clean, references: [prompt])
        }
        #expect(throws: ModelError.self) { try pair.model.ablation(of: target, by: .mean, over: pair.clean) }
        #expect(throws: ModelError.self) {
            try pair.model.ablation(
                of: AblationTarget(.mlpOut, layers: [0], heads: [0]), by: .zero, over: pair.clean)
        }
    }

    @Test func aSweepHoldsTheEffectOfEachHead() throws {
        let pair = try TinyPair("llama-tiny")
        let ablation = try pair.model.ablation(
            of: AblationTarget(.z, layers: [0, 1]), by: .mean, over: pair.clean, references: [pair.corrupted])
        let changes = try ablation.sweep(pair.model, pair.clean, answer: 7)
        let effect = try AblationEffect(
            pair.model, pair.clean, answer: 7, with: ablation.interventions(layer: 1, head: 2))
        #expect(changes[1][2] == effect.after - effect.before)
        #expect(effect.divergence > 0)
        let none = try AblationEffect(pair.model, pair.clean, answer: 7, with: [])
        #expect((none.divergence, none.after) == (0, none.before))
    }

    @Test(arguments: TinyPair.models) func circuitsAreWhatHeadsComputeWithoutPositions(name: String) throws {
        let pair = try TinyPair(name)
        let weights = pair.model.headWeights(block: 1)
        let stream = Tensor.uniform([3, pair.model.configuration.width], bound: 1, key: RandomKey(4))
        for head in 0..<pair.model.configuration.heads {
            let group = head / (weights.queries.shape[0] / weights.keys.shape[0])
            let q = stream.matmul(transposed: weights.queries[head]), k = stream.matmul(transposed: weights.keys[group])
            let scores = stream.matmul(weights.queryKeyCircuit(head: head)).matmul(transposed: stream)
            #expect((scores - q.matmul(transposed: k)).absolute().elements.allSatisfy { $0 < 1e-4 })
            let moved = stream.matmul(weights.outputValueCircuit(head: head))
            let expected = stream.matmul(transposed: weights.values[group]).matmul(weights.outputs[head])
            #expect((moved - expected).absolute().elements.allSatisfy { $0 < 1e-4 })
        }
        let top = HookedTransformer.topTokens(Tensor([1, 3, 3, 2]), count: 3)
        #expect(top.map(\.token) == [1, 2, 3])
    }

    @Test func aPageOfAttentionHoldsNoMarkupOfItsTokens() {
        let page = AttentionPage(
            title: "Attention", summary: "", tokens: ["</script>", "b"],
            heads: [
                .init(layer: 0, head: 1, weights: [[1, 0], [0.25, 0.75]]), .init(layer: 0, head: 2, weights: [[1]]),
            ]
        ).render()
        #expect(page.contains("\"w\":[1000,0,250,750]"))
        #expect(!page.contains("\"h\":2") && page.components(separatedBy: "</script>").count == 3)
    }

    @Test func aPageOfAGraphHoldsNoMarkupOfItsLabels() {
        let page = AttributionGraphPage(
            title: "Graph", summary: "", tokens: ["</script><b>"],
            nodes: [
                .init(
                    id: "a", label: "feature 12 </script>", kind: "feature", position: 0, row: 1, influence: 0.5,
                    activation: 2),
                .init(id: "b", label: "far", kind: "logit", position: 7, row: 2, influence: nil, activation: nil),
            ], links: [.init(source: "a", target: "b", weight: 1)]
        ).render()
        #expect(page.components(separatedBy: "</script>").count == 3 && !page.contains("<b>\""))
        #expect(page.contains("feature 12") && !page.contains("\"far\""))
    }
}
