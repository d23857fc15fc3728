import Foundation
import PlumbInterpretability
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

/// The parts of the residual stream add up to it, however finely it is split.
@Suite struct ResidualDecompositionTests {
    static let models = [
        "llama-tiny", "gpt2-tiny", "gemma2-tiny", "gemma3-tiny", "olmo2-tiny", "phi-tiny", "gptj-tiny", "gpt-neo-tiny",
    ]
    private let tokens = (0..<9).map { ($0 * 17 + 5) % 61 }

    private func isNear(_ a: Tensor, _ b: Tensor, _ tolerance: Float = 1e-4) -> Bool {
        a.shape == b.shape && (a - b).absolute().elements.allSatisfy { $0 < tolerance }
    }

    @Test(arguments: models, ResidualDecomposition.Detail.allCases)
    func componentsAddUpToTheResidualStream(name: String, detail: ResidualDecomposition.Detail) throws {
        let model = try TinyPair(name).model
        for layer in [0, 1, model.configuration.layers] {
            let parts = try ResidualDecomposition(model, tokens, by: detail, enteringLayer: layer)
            let point =
                layer < model.configuration.layers ? HookPoint.block(layer, .residPre) : .block(layer - 1, .residPost)
            let residual = try #require(model.run(tokens, recording: .only(point)).cache[point])
            #expect(parts.residual == residual)
            let all = parts.vectors(at: Array(tokens.indices))
            #expect(all.shape == [parts.components.count, tokens.count, model.configuration.width])
            #expect(isNear(all.summed(axis: 0), residual))
        }
    }

    @Test(arguments: models) func headsAndBiasesAreThePartsOfAttentionAndNeuronsOfTheMLP(name: String) throws {
        let model = try TinyPair(name).model
        let all = Array(tokens.indices)
        let (whole, fine) = (
            try ResidualDecomposition(model, tokens, by: .layers),
            try ResidualDecomposition(model, tokens, by: .neurons)
        )
        let (coarse, split) = (whole.vectors(at: all), fine.vectors(at: all))
        func sum(_ isPart: (ResidualDecomposition.Component) -> Bool) -> Tensor {
            split.gathered(fine.components.indices.filter { isPart(fine.components[$0]) }).summed(axis: 0)
        }
        for (index, component) in whole.components.enumerated() {
            switch component {
            case .attention(let layer):
                let parts = sum {
                    if case .head(let head) = $0 { head.layer == layer } else { $0 == .attentionBias(layer) }
                }
                #expect(isNear(parts, coarse[index]))
            case .mlp(let layer):
                let parts = sum {
                    if case .neuron(let own, _) = $0 { own == layer } else { $0 == .mlpBias(layer) }
                }
                #expect(isNear(parts, coarse[index]))
            default: #expect(isNear(sum { $0 == component }, coarse[index]))
            }
        }
    }

    @Test func aHeadsPartIsWhatItsHookPointShowsAndABiasIsTheSameEverywhere() throws {
        let model = try TinyPair("gpt2-tiny").model
        let parts = try ResidualDecomposition(model, tokens, by: .neurons)
        let all = parts.vectors(at: Array(tokens.indices))
        let results = try #require(
            model.run(tokens, recording: .only(.block(1, .result))).cache[.block(1, .result)])
        for (index, component) in parts.components.enumerated() {
            switch component {
            case .head(let head) where head.layer == 1:
                for position in tokens.indices { #expect(isNear(all[index][position], results[position][head.head])) }
            case .mlpBias, .attentionBias:
                for position in tokens.indices { #expect(isNear(all[index][position], all[index][0])) }
            default: break
            }
        }
    }

    @Test(arguments: models) func contributionsAlongADirectionAreThoseOfTheVectors(name: String) throws {
        let model = try TinyPair(name).model
        let directions = Tensor.uniform([3, model.configuration.width], bound: 1, key: RandomKey(2))
        for detail in ResidualDecomposition.Detail.allCases {
            let parts = try ResidualDecomposition(model, tokens, by: detail)
            let found = parts.contributions(along: directions, at: [4, 8])
            #expect(found.shape == [parts.components.count, 2, 3])
            let vectors = parts.vectors(at: [4, 8])
            let expected = vectors.reshaped([-1, model.configuration.width]).matmul(transposed: directions)
            #expect(isNear(found, expected.reshaped(found.shape), 1e-3))
        }
    }

    @Test func theDirectionOfALogitGivesItsAttribution() throws {
        let pair = try TinyPair("llama-tiny")
        let last = pair.clean.count - 1
        let found = try DirectLogitAttribution(pair.model, pair.clean, answer: 7, wrong: 190)
        let scale = try #require(pair.model.run(pair.clean, recording: .only(.finalScale)).cache[.finalScale])
        let rows = pair.model.unembeddingWeights(foldingNorm: true)
        let direction = (rows[7] - rows[190]) * (1 / scale[last].item)
        let parts = try ResidualDecomposition(pair.model, pair.clean)
        let values = parts.contributions(along: direction.reshaped([1, -1]), at: [last]).elements.map(Double.init)
        #expect(abs(values.reduce(0, +) + found.bias - found.total) < 1e-4)
        for (component, value) in zip(parts.components, values) {
            if case .head(let head) = component { #expect(abs(found.heads[head.layer][head.head] - value) < 1e-5) }
            if case .mlp(let layer) = component { #expect(abs(found.mlps[layer] - value) < 1e-5) }
        }
    }

    @Test func whatTheModelLacksIsRefused() throws {
        let pair = try TinyPair("llama-tiny")
        #expect(throws: ModelError.self) { try ResidualDecomposition(pair.model, []) }
        #expect(throws: ModelError.self) {
            try ResidualDecomposition(pair.model, pair.clean, enteringLayer: pair.layers + 1)
        }
    }
}
