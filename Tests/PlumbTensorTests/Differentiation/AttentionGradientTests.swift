import PlumbNN
import PlumbTensor
import Testing

@Suite struct AttentionGradientTests {
    @Test func theFusedGradientIsThatOfAttentionTakenApart() {
        let runs = [5, 1, 3]
        let rows = runs.reduce(0, +)
        for isCausal in [true, false] {
            let attention = ScaledDotProductAttention(
                heads: 4, keyValueHeads: 2, headWidth: 6, mask: isCausal ? .causal : .bidirectional)
            let batch = RaggedBatch(lengths: runs)
            let inputs = [normal([rows, 4, 6], 61), normal([rows, 2, 6], 62), normal([rows, 2, 6], 63)]
            let weights = normal([rows, 24], 64)
            let fused = valueWithPullback(at: inputs, seed: { _ in weights }) { t in
                attention(.separate(q: t[0], k: t[1], v: t[2]), in: batch)
            }
            let apart = valueWithPullback(at: inputs, seed: { _ in weights }) { t in
                var batch = batch
                batch.leastKeys = 7
                let inputs = ScaledDotProductAttention.Projections.separate(q: t[0], k: t[1], v: t[2])
                let pattern = attention.pattern(attention.scores(inputs, in: batch), in: batch)
                return attention.mixed(pattern, inputs, in: batch).reshaped([rows, 24])
            }
            #expect(distance(fused.value, apart.value) < 1e-5)
            for (a, b) in zip(fused.gradient, apart.gradient) { #expect(distance(a, b) < 1e-5) }
            let joined = Tensor.concatenated(inputs.map { $0.reshaped([rows, -1]) }, axis: 1)
            let together = valueWithPullback(at: joined, seed: { _ in weights }) { attention(.fused($0), in: batch) }
            #expect(together.value == fused.value)
            #expect(together.gradient == Tensor.concatenated(fused.gradient.map { $0.reshaped([rows, -1]) }, axis: 1))
        }
    }

    @Test func rotationTurnsGradientsBack() {
        let rotary = RotaryEmbedding(width: 4, positions: 16, base: 10_000)
        expectGradient("rotation", at: [normal([3, 2, 6], 65)]) {
            rotary.rotated($0[0], heads: 2, headWidth: 6, positions: [0, 3, 1])
        }
    }

    private func distance(_ a: Tensor, _ b: Tensor) -> Double {
        zip(a.elements, b.elements).reduce(0) { max($0, gap(Double($1.0), Double($1.1))) }
    }
}
