import PlumbExperiments
import PlumbInterpretability
import PlumbRecords
import Testing

/// What a run of grokking that is too short says, and does not say.
@Suite struct GrokkingExperimentTests {
    private func claims(steps: Int) async throws -> [ClaimResult] {
        var settings = Grokking.Settings()
        (settings.study.modulus, settings.study.width, settings.study.heads, settings.study.hidden) = (11, 16, 2, 8)
        (settings.seeds, settings.study.steps) = (2, steps)
        var context = RunContext(seed: 7)
        return try await Grokking.checked(settings).run(in: &context).claims
    }

    @Test func aDelayThatIsNeverReachedIsNotMeasurable() async throws {
        var settings = try #require(Grokking.presets["tiny"])
        settings.study.steps = 200
        var context = RunContext(seed: 7)
        let claim = try #require(await Grokking.checked(settings).run(in: &context).claims.first)
        #expect(claim.verdict == .notMeasurable && claim.observed == nil && claim.holds == nil)
        #expect(claim.reason == "delay could not be measured in 2 of 2 seeds")
        #expect(claim.control.holds == true, "the control memorizes and does not generalize")
    }

    @Test func aNetworkThatDoesNotMemorizeSaysSo() async throws {
        let claim = try #require(await claims(steps: 20).first)
        #expect(claim.observed == nil && claim.holds == nil)
        #expect(claim.reason == "delay could not be measured in 2 of 2 seeds")
        #expect(claim.control.holds == false, "a control that was trained as long and knows nothing is no control")
    }

    @Test func withoutAsManyOtherFrequenciesTheirClaimsAreNotMeasurable() async throws {
        // An untrained network spreads over most of its five frequencies.
        let claims = try await claims(steps: 1)
        let claim = try #require(claims.last)
        #expect(claim.control.holds != true && claim.verdict != .passes)
    }
}
