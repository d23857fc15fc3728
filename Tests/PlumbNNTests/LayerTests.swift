import PlumbNN
import PlumbTensor
import Testing

@Suite struct LayerTests {
    @Test func parametersHaveTheNamesOfCheckpoints() {
        let image = Convolution2D(inputs: 2, outputs: 5, kernel: 3, key: RandomKey(1))
        #expect(image.parameters.map(\.tensor.shape) == [[5, 2, 3, 3], [5]])
        var norm = BatchNorm(channels: 3)
        var state: [String] = []
        norm.forEach(.state) { path, _ in state.append(path.description) }
        #expect(norm.parameters.map(\.name) == ["weight", "bias"] && state == ["running_mean", "running_var"])
    }

    @Test func initializersHaveTheSpreadTheyPromise() {
        func deviation(_ initializer: Initializer) -> Double {
            let weight = initializer.weight([300, 200], key: RandomKey(5))
            return weight.norm() / Double(weight.count).squareRoot()
        }
        let expected: [(Initializer, Double)] = [
            (.standard, 1 / (3.0 * 200).squareRoot()), (.uniform(bound: 0.3), 0.3 / 3.0.squareRoot()),
            (.normal(standardDeviation: 0.02), 0.02), (.xavierUniform(), (2.0 / 500).squareRoot()),
            (.xavierNormal(gain: 2), 2 * (2.0 / 500).squareRoot()), (.heUniform, 0.1), (.heNormal, 0.1),
            (.constant(0.5), 0.5), (.zeros, 0), (.orthogonal(), (1.0 / 300).squareRoot()),
        ]
        for (initializer, right) in expected {
            #expect(abs(deviation(initializer) - right) <= 0.02 * right, "\(initializer)")
        }
        let largest = Initializer.standard.weight([50, 16], key: RandomKey(1)).elements.map(abs).max() ?? 1
        #expect(largest <= 0.25 && largest > 0.24)
        #expect(
            Initializer.standard.weight([3, 2], key: RandomKey(1))
                != Initializer.standard.weight([3, 2], key: RandomKey(2)))
    }

    @Test func orthogonalWeightsAreOrthogonalEitherWay() {
        for shape in [[5, 12], [12, 5], [4, 2, 3, 1]] {
            let matrix = Initializer.orthogonal(gain: 2).weight(shape, key: RandomKey(3)).reshaped([shape[0], -1])
            let isWide = matrix.shape[0] <= matrix.shape[1]
            let product = isWide ? matrix.matmul(transposed: matrix) : matrix.transposedMatmul(matrix)
            for row in 0..<product.shape[0] {
                for column in 0..<product.shape[0] {
                    #expect(abs(product[row][column].item - (row == column ? 4 : 0)) < 1e-5)
                }
            }
        }
    }

    @Test func dropoutFollowsItsKeyAndKeepsTheMean() {
        let x = Tensor(repeating: 1, shape: [100, 100])
        let layer = Dropout(rate: 0.25)
        let y = layer(x, key: RandomKey(1))
        #expect(y == layer(x, key: RandomKey(1)) && y != layer(x, key: RandomKey(2)))
        #expect(layer(x, key: nil) == x && Dropout(rate: 0)(x, key: RandomKey(1)) == x)
        #expect(Set(y.elements) == [0, Float(1 / 0.75)])
        #expect(abs(y.sum() / 10_000 - 1) < 0.03)
        // What was left out gets no gradient; the rest gets it scaled as the value was.
        #expect(gradient(at: x) { layer($0, key: RandomKey(1)).summed() } == y)
    }

    @Test func batchNormTakesTheBatchIntoItsRunningAverages() {
        var layer = BatchNorm(channels: 1)
        let y = layer(Tensor([1, 3, 5, 7], shape: [4, 1]), isTraining: true)
        #expect(abs(y.sum()) < 1e-5 && abs(y.dot(y) - 4) < 1e-3)
        // Mean 4; unbiased variance 20 / 3.
        #expect(abs(layer.runningMean.item - 0.4) < 1e-6)
        #expect(abs(layer.runningVariance.item - (0.9 + 2.0 / 3)) < 1e-6)
        let used = layer(Tensor([0.4], shape: [1, 1]))
        #expect(abs(used.item) < 1e-6)
        #expect(!layer.runningMean.isTraced)
    }

    @Test func aBatchOfOneCannotBeNormalized() async {
        await #expect(processExitsWith: .failure) {
            var layer = BatchNorm(channels: 2)
            _ = layer(Tensor([1, 2], shape: [1, 2]), isTraining: true)
        }
    }

    @Test func aSecondDerivativeOfWhatHasNoneIsRefused() async {
        await #expect(processExitsWith: .failure) {
            let layer = Convolution2D(inputs: 1, outputs: 1, kernel: 1, key: RandomKey(1))
            twice(Tensor.zeros([1, 2, 2, 1])) { layer($0) }
        }
        await #expect(processExitsWith: .failure) {
            twice(Tensor.zeros([1, 2, 2, 1])) { MaxPool2D(window: 2)($0) }
        }
        await #expect(processExitsWith: .failure) {
            twice(Tensor.zeros([1, 2, 2, 1])) { AveragePool2D(window: 2)($0) }
        }
        await #expect(processExitsWith: .failure) {
            let attention = ScaledDotProductAttention(heads: 1, headWidth: 1)
            twice(Tensor.zeros([2, 3])) { attention(.fused($0), in: RaggedBatch(lengths: [2])) }
        }
        // What has one is differentiated twice, so that the processes above do not fail for another reason.
        await #expect(processExitsWith: .success) { twice(Tensor.zeros([2, 2])) { $0.tanh() } }
    }

    @Test func sizesThatDoNotFitAreRefused() async {
        await #expect(processExitsWith: .failure) {
            _ = Tensor.zeros([1, 2, 2, 1]).convolved2D(.zeros([1, 1, 3, 3]))
        }
        await #expect(processExitsWith: .failure) { _ = MaxPool2D(window: 3)(.zeros([1, 2, 2, 1])) }
        await #expect(processExitsWith: .failure) { _ = Tensor.zeros([2]).meanSquaredError(.zeros([1, 2])) }
    }
}

private func twice(_ x: Tensor, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    _ = gradient(at: x) { x in gradient(at: x) { function($0).summed() }.squared().summed() }
}
