import PlumbExperiments
import PlumbRecords
import Testing

/// The experiments in mazes, too small to show anything: what they report, and what they refuse.
@Suite struct MazeExperimentsTests {
    private func small() -> GoalMisgeneralisation.Settings {
        var settings = GoalMisgeneralisation.Settings()
        (settings.regions, settings.seeds, settings.side, settings.goalDistance) = ([1, 5], 2, 5, 2)
        (settings.mazes, settings.steps, settings.hidden) = (50, 20, 8)
        (settings.testMazes, settings.episodeSteps) = (10, 10)
        return settings
    }

    private func smallSteering() -> PolicySteering.Settings {
        var settings = PolicySteering.Settings()
        (settings.seeds, settings.side, settings.goalDistance, settings.coefficients) = (2, 5, 2, [1, 0])
        (settings.mazes, settings.steps, settings.hidden) = (50, 20, 8)
        (settings.testMazes, settings.episodeSteps) = (10, 10)
        return settings
    }

    private func run(_ experiment: some Experiment, seed: UInt64 = 3) async throws -> Findings {
        var context = RunContext(seed: seed)
        return try await experiment.run(in: &context)
    }

    @Test func misgeneralisationReportsEverySeed() async throws {
        let findings = try await run(GoalMisgeneralisation(small()))
        #expect(findings.claims.count == 3 && findings.claims.allSatisfy { $0.seeds == [3, 4] })
        #expect(findings.metric("corner_first_region_5")?.interval != nil)
        #expect(findings.figures.count == 4 && findings.summary.contains("Not shown"))
        guard case .grids(let mazes) = findings.figures[0] else {
            Issue.record("the first figure shows mazes")
            return
        }
        #expect(mazes.panels.count == 8)
        // Agents of both trainings walk through the same mazes.
        #expect(mazes.panels.prefix(4).map(\.rows) == mazes.panels.suffix(4).map(\.rows))
        let shares = try #require(findings.table("robustness")?.values)
        #expect(shares.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-9 })
        #expect(try await run(GoalMisgeneralisation(small())) == findings)
    }

    @Test func steeringReportsEverySeed() async throws {
        let findings = try await run(PolicySteering(smallSteering()))
        #expect(findings.claims.map(\.seeds) == [[3, 4]])
        #expect(findings.figures.count == 3 && findings.metric("reach_random")?.n == 2)
        guard case .lineChart(let sweep) = findings.figures[1] else {
            Issue.record("the second figure is the sweep")
            return
        }
        #expect(sweep.series.map(\.x) == [[0, 1], [0, 1], [0, 1]])
        #expect(sweep.series[0].y == [findings.metric("reach")?.value, findings.metric("reach_subtracted")?.value])
        #expect(try await run(PolicySteering(smallSteering())) == findings)
    }

    @Test func badSettingsAreNamed() async {
        func complaint(_ change: (inout GoalMisgeneralisation.Settings) -> Void) async -> String {
            var settings = small()
            change(&settings)
            let experiment = GoalMisgeneralisation(settings)
            return await #expect(throws: SettingsError.self) { try await run(experiment) }?.description ?? ""
        }
        #expect(await complaint { $0.regions = [1, 3] }.contains("--regions 1,3"))
        #expect(await complaint { $0.regions = [1, 5, 5] }.contains("--regions 1,5,5"))
        #expect(await complaint { $0.regions = [0, 1, 5] }.contains("--regions 0,1,5"))
        #expect(await complaint { $0.seeds = 0 }.contains("--seeds 0"))
        #expect(await complaint { $0.learningRate = .nan }.contains("--learning-rate nan"))
        #expect(await complaint { $0.wallDensity = 0.9 }.contains("--wall-density 0.9"))
        #expect(await complaint { $0.goalDistance = 9 }.contains("at most 8 steps"))
        var steering = smallSteering()
        steering.coefficients = []
        let experiment = PolicySteering(steering)
        await #expect(throws: SettingsError.self) { try await run(experiment) }
    }
}
