import PlumbAlignment
import Testing

@Suite struct PerformanceGapTests {
    @Test func theGapRunsFromTheSupervisorToTheCeiling() {
        #expect(PerformanceGap(weak: 0.5, weakToStrong: 0.5, ceiling: 0.75).recovered == 0)
        #expect(PerformanceGap(weak: 0.5, weakToStrong: 0.75, ceiling: 0.75).recovered == 1)
        #expect(PerformanceGap(weak: 0.5, weakToStrong: 0.625, ceiling: 0.75).recovered == 0.5)
        #expect(PerformanceGap(weak: 0.5, weakToStrong: 0.375, ceiling: 0.75).recovered == -0.5)
    }

    @Test func withoutAGapNothingCanBeRecovered() {
        #expect(PerformanceGap(weak: 0.5, weakToStrong: 0.5, ceiling: 0.5).recovered.isNaN)
    }
}
