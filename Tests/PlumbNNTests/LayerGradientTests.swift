import PlumbNN
import PlumbTensor
import Testing

@Suite struct LayerGradientTests {
    @Test func linearAndEmbedding() {
        let layer = Linear(inputs: 3, outputs: 2, key: RandomKey(1))
        for shape in [[4, 3], [0, 3], [1, 3], [2, 2, 3], [3]] {
            expectGradient("linear \(shape)", at: Applied(layer: layer, x: normal(shape, 2))) { $0.layer($0.x) }
        }
        let table = Embedding(count: 4, width: 3, key: RandomKey(3))
        expectGradient("embedding", at: table) { $0([2, 0, 2]) }
        expectGradient("no tokens", at: table) { $0([]) }
        expectGradient("tied logits", at: Applied(layer: table, x: normal([2, 3], 4))) { $0.layer.logits($0.x) }
    }

    @Test func normalizations() {
        for shape in [[3, 5], [0, 5], [2, 2, 5], [1, 1]] {
            let width = shape[shape.count - 1]
            let (layer, root) = (Normalization(.layer, width: width), Normalization(.rms, width: width))
            let x = normal(shape, 11)
            if shape != [1, 1] {
                expectGradient("layer norm \(shape)", at: Applied(layer: layer, x: x)) { $0.layer($0.x) }
            }
            expectGradient("RMS norm \(shape)", at: Applied(layer: root, x: x)) { $0.layer($0.x) }
        }
    }

    @Test(arguments: [
        ScaledDotProductAttention(heads: 2, headWidth: 4),
        ScaledDotProductAttention(heads: 2, keyValueHeads: 1, headWidth: 4, mask: .bidirectional),
        ScaledDotProductAttention(heads: 4, keyValueHeads: 2, headWidth: 2, mask: .window(2), softCap: 3),
        ScaledDotProductAttention(heads: 2, headWidth: 4, scale: 0.3, softCap: 2),
    ])
    func attentionOfEveryKind(_ attention: ScaledDotProductAttention) {
        let width = (attention.heads + 2 * attention.keyValueHeads) * attention.headWidth
        for lengths in [[3, 4], [1], [0], [0, 2]] {
            let batch = RaggedBatch(lengths: lengths)
            expectGradient("\(attention) \(lengths)", at: normal([batch.rows, width], 24)) {
                attention(.fused($0), in: batch)
            }
        }
    }

    @Test(arguments: [ScaledDotProductAttention.Mask.causal, .window(2), .bidirectional])
    func attentionWithinSequencesIsThatOfEachSequence(_ mask: ScaledDotProductAttention.Mask) {
        let attention = ScaledDotProductAttention(heads: 2, headWidth: 4, mask: mask)
        let x = normal([7, 24], 26)
        func attended(_ rows: Range<Int>, _ lengths: [Int]) -> Tensor {
            attention(.fused(x[rows]), in: RaggedBatch(lengths: lengths))
        }
        #expect(attended(0..<7, [3, 4]) == Tensor.concatenated([attended(0..<3, [3]), attended(3..<7, [4])]))
    }

    /// The last rows of a sequence, against a cache of those before, have the bits of the whole sequence's.
    @Test(arguments: [ScaledDotProductAttention.Mask.causal, .window(2)], [nil, 2 as Float?])
    func cachedPositionsCountAsRows(_ mask: ScaledDotProductAttention.Mask, softCap: Float?) {
        let attention = ScaledDotProductAttention(heads: 2, headWidth: 4, mask: mask, softCap: softCap)
        let x = normal([6, 24], 27)
        let whole = attention(.fused(x), in: RaggedBatch(lengths: [6]))
        let cache = KeyValueCache(blocks: 1, keyValueHeads: 2, headWidth: 4, capacity: 6)
        var parts: [Tensor] = []
        for rows in [0..<4, 4..<5, 5..<6] {
            var batch = RaggedBatch()
            batch.caches = [cache]
            batch.appends = true
            batch.append(startPosition: rows.lowerBound, rows: rows.count, cache: 0)
            attention.append(.fused(x[rows]), to: batch, block: 0)
            parts.append(attention(.fused(x[rows]), in: batch))
        }
        #expect(Tensor.concatenated(parts) == whole)
    }

    @Test func aWindowHidesWhatLiesBeforeIt() {
        let attention = ScaledDotProductAttention(heads: 1, headWidth: 1, mask: .window(2))
        let batch = RaggedBatch(lengths: [4])
        let inputs = ScaledDotProductAttention.Projections.fused(normal([4, 3], 28))
        let scores = attention.scores(inputs, in: batch).elements
        let hidden = scores.indices.filter { scores[$0] == -.infinity }
        #expect(hidden == [1, 2, 3, 6, 7, 8, 11, 12, 13])
    }

    @Test func batchNormInTrainingAndInUse() {
        var layer = BatchNorm(channels: 3)
        (layer.weight, layer.bias) = (normal([3], 41), normal([3], 42))
        for shape in [[4, 3], [2, 2, 2, 3], [2, 3]] {
            let model = Applied(layer: layer, x: normal(shape, 43))
            expectGradient("batch norm \(shape)", at: model, tolerance: 5e-3) { model in
                var layer = model.layer
                return layer(model.x, isTraining: true)
            }
        }
        for shape in [[4, 3], [1, 3], [0, 3]] {
            expectGradient("batch norm in use \(shape)", at: Applied(layer: layer, x: normal(shape, 44))) {
                $0.layer($0.x)
            }
        }
    }

    @Test func theGradientOfBatchNormHasAGradient() {
        let layer = Applied(layer: BatchNorm(channels: 2), x: normal([3, 2], 45))
        let weights = normal([3, 2], 46)
        expectGradient("gradient of batch norm", at: layer, tolerance: 1e-2) { model in
            gradient(at: model) { model in
                var layer = model.layer
                return (layer(model.x, isTraining: true) * weights).summed()
            }.x
        }
    }

    @Test func convolutionAndPooling() {
        for (stride, padding, bias) in [(1, 1, true), (2, 0, true), (2, 1, false)] {
            let layer = Convolution2D(
                inputs: 2, outputs: 3, kernel: 3, stride: stride, padding: padding, bias: bias, key: RandomKey(51))
            for shape in [[2, 4, 5, 2], [0, 4, 5, 2]] {
                expectGradient(
                    "convolution by \(stride), \(padding) \(shape)", at: Applied(layer: layer, x: normal(shape, 52))
                ) { $0.layer($0.x) }
            }
        }
        let point = Convolution2D(inputs: 1, outputs: 1, kernel: 1, key: RandomKey(53))
        expectGradient("one pixel", at: Applied(layer: point, x: normal([1, 1, 1, 1], 54))) { $0.layer($0.x) }
        // Values apart by more than the step of the differences, so that no window changes its winner.
        var order = Array(0..<60)
        var random = RandomKey(55).generator()
        order.shuffle(using: &random)
        let image = Tensor(order.map { Float($0) * 0.1 }, shape: [1, 5, 4, 3])
        for x in [image, .zeros([0, 5, 4, 3])] {
            expectGradient("max pooling", at: x) { MaxPool2D(window: 2)($0) }
            expectGradient("overlapping max pooling", at: x) { MaxPool2D(window: 3, stride: 1)($0) }
            expectGradient("average pooling", at: x) { AveragePool2D(window: 2)($0) }
            expectGradient("overlapping average pooling", at: x) { AveragePool2D(window: 3, stride: 1)($0) }
        }
    }

    @Test func losses() {
        for shape in [[3, 4], [1, 1]] {
            let pair = [normal(shape, 61), normal(shape, 62)]
            expectGradient("squared error \(shape)", at: pair) { $0[0].meanSquaredError($0[1]) }
            expectGradient("Huber \(shape)", at: pair) { $0[0].huberLoss($0[1], delta: 0.7) }
            expectGradient("divergence \(shape)", at: pair) { $0[0].klDivergence(to: $0[1]) }
            expectGradient("Bradley–Terry \(shape)", at: pair) { Tensor.bradleyTerry(chosen: $0[0], rejected: $0[1]) }
            expectGradient("binary \(shape)", at: pair) { $0[0].binaryCrossEntropy($0[1].sigmoid()) }
        }
        #expect(Tensor([100, -100]).binaryCrossEntropy(Tensor([1, 0])).item < 1e-6)
        #expect(Tensor.bradleyTerry(chosen: Tensor([-200]), rejected: Tensor([0])).item == 200)
    }
}
