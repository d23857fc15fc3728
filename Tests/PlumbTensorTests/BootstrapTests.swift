import PlumbTensor
import Testing

@Suite struct BootstrapStatisticTests {
    @Test func theIntervalOfAMeanIsThatOfTheMean() {
        let values = [1.0, 2, 4, 8, 16]
        let found = Statistics.bootstrap(of: 5, key: RandomKey(1)) { rows in
            rows.reduce(0) { $0 + values[$1] } / 5
        }
        let expected = Statistics.bootstrapMean(values, key: RandomKey(1))
        #expect(abs(found.lower - expected.lower) < 1e-12 && abs(found.upper - expected.upper) < 1e-12)
    }

    @Test func whatCannotAlwaysBeMeasuredHasNoInterval() {
        let found = Statistics.bootstrap(of: 2, key: RandomKey(1)) { $0 == [0, 0] ? .nan : 1 }
        #expect(found.lower.isNaN && found.upper.isNaN)
    }
}
