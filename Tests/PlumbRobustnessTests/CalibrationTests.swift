import PlumbNN
import PlumbRobustness
import PlumbTensor
import Testing

@Suite struct CalibrationTests {
    private func best(_ row: [Double]) -> Int { row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 } }

    @Test func noTemperatureChangesAClass() {
        var values = Tensor.normal([200, 6], standardDeviation: 4, key: RandomKey(3)).elements
        // The two largest logits of each row are neighbors among the numbers of single precision.
        for row in 0..<200 {
            let most = (values[row * 6..<row * 6 + 6].max() ?? 0) + 1
            (values[row * 6 + 1], values[row * 6 + 4]) = (most, most.nextUp)
        }
        let logits = Tensor(values, shape: [200, 6])
        for temperature in [0.05, 0.7, 1.44, 3, 90] {
            let rows = TemperatureScaling(temperature: temperature).probabilities(logits)
            // Probabilities of neighbors may round to the same number, of which the class of the logits is one.
            #expect(zip(rows, logits.argmaxOfRows()).allSatisfy { $0[$1] == $0.max() })
        }
    }

    @Test func theTemperatureIsFoundWithWhichLabelsWereDrawn() {
        let logits = Tensor.normal([4000, 4], standardDeviation: 2, key: RandomKey(4))
        var random = RandomKey(5).generator()
        let labels = TemperatureScaling(temperature: 2).probabilities(logits).map { row in
            var left = random.uniform()
            return row.indices.first {
                left -= row[$0]; return left < 0
            } ?? 3
        }
        let fitted = TemperatureScaling(fitting: logits, labels: labels)
        #expect(abs(fitted.temperature - 2) < 0.15)
        let doubled = TemperatureScaling(fitting: logits * 2, labels: labels)
        #expect(abs(doubled.temperature / fitted.temperature - 2) < 1e-4)
        #expect(
            fitted.crossEntropy(logits, labels: labels) <= 1e-9
                + TemperatureScaling(temperature: 2).crossEntropy(logits, labels: labels))
    }

    @Test func theCalibrationErrorWeighsBinsByTheirSamples() {
        let rows = [[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.3, 0.7]]
        let reliability = Reliability(rows, labels: [0, 0, 1, 1], bins: 10)
        #expect(reliability.bins.map(\.count) == [0, 0, 0, 0, 0, 0, 1, 0, 3, 0])
        #expect(abs(reliability.calibrationError - (0.75 * (0.9 - 2.0 / 3) + 0.25 * 0.3)) < 1e-12)
    }

    @Test func conformalSetsTakeTheRankOfTheory() {
        var random = RandomKey(6).generator()
        func sample(_ count: Int) -> [[Double]] {
            (0..<count).map { _ in
                let p = random.uniform()
                return [p, 1 - p]
            }
        }
        let sets = ConformalSets(sample(300), labels: [Int](repeating: 0, count: 300), error: 0.1)
        #expect(sets.rank == 271)
        #expect(abs(sets.expected.mean - 0.9003) < 1e-4 && abs(sets.expected.deviation - 0.0172) < 1e-4)
        let coverage = (0..<400).map { _ in
            ConformalSets(sample(300), labels: [Int](repeating: 0, count: 300), error: 0.1)
                .coverage(sample(500), labels: [Int](repeating: 0, count: 500))
        }
        let mean = Statistics.mean(coverage)
        let variance = coverage.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399
        #expect(abs(mean - 0.9003) < 0.004)
        let beyond = ConformalSets.deviation(beyondSampling: variance.squareRoot(), mean: mean, count: 500)
        #expect(abs(beyond - 0.0172) < 0.003)
    }

    @Test func tooFewCalibrationSamplesLetEveryClassIn() {
        let sets = ConformalSets([[0.9, 0.1], [0.8, 0.2]], labels: [0, 0], error: 0.1)
        #expect(sets.limit == .infinity && sets.classes([1, 0]) == [0, 1])
    }
}
