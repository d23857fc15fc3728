import PlumbTensor
import Testing

/// Correlations on cases worked by hand.
@Suite struct CorrelationTests {
    @Test func equalValuesShareTheMeanOfTheirRanks() {
        #expect(Statistics.ranks([3, 1, 2]) == [3, 1, 2])
        #expect(Statistics.ranks([5, 1, 5, 5, 0]) == [4, 2, 4, 4, 1])
        #expect(Statistics.ranks([]).isEmpty)
    }

    @Test func aLineCorrelatesFullyAndARisingCurveByRankOnly() {
        let x = [1.0, 2, 3, 4, 5]
        #expect(abs(Statistics.pearson(x, x.map { 3 - 2 * $0 }) + 1) < 1e-12)
        let curve = x.map { $0 * $0 * $0 }
        #expect(abs(Statistics.spearman(x, curve) - 1) < 1e-12)
        #expect(Statistics.pearson(x, curve) < 0.95)
    }

    @Test func valuesWorkedByHand() {
        // Deviations -1.5, -0.5, 0.5, 1.5 and -1, 1, -1, 1: covariance 2, √(5 · 4).
        #expect(abs(Statistics.pearson([1, 2, 3, 4], [0, 2, 0, 2]) - 2 / 20.0.squareRoot()) < 1e-12)
        // Ranks 1…5 and 2, 1, 4, 3, 5: 1 - 6 Σd² / (n (n² - 1)) with Σd² = 4.
        #expect(abs(Statistics.spearman([1, 2, 3, 4, 5], [20, 10, 40, 30, 50]) - 0.8) < 1e-12)
    }

    @Test func whatDoesNotVaryHasNoCorrelation() {
        #expect(Statistics.pearson([1, 1, 1], [1, 2, 3]).isNaN)
        #expect(Statistics.pearson([Double](repeating: 0.1, count: 10), (0..<10).map(Double.init)).isNaN)
        #expect(Statistics.spearman([1, 2, 3], [4, 4, 4]).isNaN)
        #expect(Statistics.pearson([], []).isNaN)
    }
}
