import PlumbTensor
import Testing

@Suite struct MomentsTests {
    @Test func momentsOfNumbersFarFromZeroKeepTheirSpread() {
        var moments = Moments()
        // E[x²] - E[x]² of these is lost in rounding: it comes out as 0 or below.
        for value in [1e9 + 1, 1e9 + 2, 1e9 + 3] { moments.add(value) }
        #expect(moments.count == 3 && moments.mean == 1e9 + 2 && moments.variance == 1)
        #expect(abs(moments.standardError - (1.0 / 3).squareRoot()) < 1e-15)
    }

    @Test func fewNumbersHaveNoVariance() {
        var moments = Moments()
        #expect(moments.variance.isNaN && moments.mean == 0)
        moments.add(7)
        #expect(moments.mean == 7 && moments.variance.isNaN && moments.standardError.isNaN)
    }

    @Test func aConstantHasNoDirection() {
        #expect(Statistics.centered([0.1 + 0.2, 0.3]).deviation == 0)
        let (values, deviation) = Statistics.centered([1, 3])
        #expect(values == [-1, 1] && deviation == 1)
        #expect(Statistics.centered([1, 3], correction: 1).deviation == 2.0.squareRoot())
        #expect(Statistics.centered([1, .nan]).deviation.isNaN)
    }
}
