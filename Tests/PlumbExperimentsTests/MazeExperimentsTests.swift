import PlumbAlignment
import PlumbExperiments
import PlumbLearning
import PlumbRecords
import Testing

/// The experiments in mazes, too small to show anything: what they report.
@Suite struct MazeExperimentsTests {
    private func shrink(_ cloning: inout MazeCloning, _ test: inout MazeTest) {
        (cloning.side, test.goalDistance, cloning.mazes, cloning.steps, cloning.hidden) = (5, 2, 50, 20, 8)
        (test.testMazes, test.episodeSteps) = (10, 10)
    }

    private func run(_ experiment: some Experiment, seed: UInt64 = 3) async throws -> Findings {
        var context = RunContext(seed: seed)
        return try await experiment.run(in: &context)
    }

    @Test func misgeneralizationReportsEverySeed() async throws {
        var settings = GoalMisgeneralization.Settings()
        (settings.regions, settings.anywhere, settings.seeds, settings.study.leastReach) = ([1, 5], [0.1], 2, 0)
        shrink(&settings.study.cloning, &settings.study.test)
        settings.study.reinforcement.agentSteps = 2048
        let findings = try await run(GoalMisgeneralization(settings))
        #expect(
            findings.claims.count == 10 && findings.claims.allSatisfy { $0.seeds == Trials(seed: 3, count: 2).seeds })
        let corner = try #require(findings.metric("corner_first_region_5"))
        // Two values have no interval; the record keeps them.
        #expect(corner.interval == nil && corner.values?.count == 2)
        #expect(findings.metric("ppo_corner_first_region_1_anywhere_0_1")?.values?.count == 2)
        guard case .grids(let mazes) = findings.figures[0] else {
            Issue.record("the first figure shows mazes")
            return
        }
        #expect(mazes.panels.count == 16)
        // All agents walk through the same mazes.
        #expect(mazes.panels.prefix(4).map(\.rows) == mazes.panels.suffix(4).map(\.rows))
        let shares = try #require(findings.table("robustness")?.values)
        #expect(shares.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-9 })
        #expect(try await run(GoalMisgeneralization(settings)) == findings)
    }

    @Test func agentsThatLearnedTooLittleLeaveClaimsUnmeasured() async throws {
        var settings = GoalMisgeneralization.Settings()
        (settings.learners, settings.regions, settings.anywhere, settings.seeds) = ([.ppo], [1, 5], [], 2)
        (settings.study.leastReach, settings.study.reinforcement.agentSteps) = (1, 1024)
        shrink(&settings.study.cloning, &settings.study.test)
        let findings = try await run(GoalMisgeneralization(settings))
        #expect(findings.claims.count == 4 && findings.claims[1].verdict == .notMeasurable)
        #expect(findings.summary.contains("4 of 4 agents did not learn enough to be judged"))
    }

    @Test func steeringReportsEverySeed() async throws {
        var settings = PolicySteering.Settings()
        (settings.seeds, settings.study.coefficients) = (2, [1, 0])
        shrink(&settings.study.cloning, &settings.study.test)
        let findings = try await run(PolicySteering(settings))
        #expect(
            findings.claims.count == 3 && findings.claims.allSatisfy { $0.seeds == Trials(seed: 3, count: 2).seeds })
        let ends = try #require(findings.table("ends")?.values)
        #expect(ends.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-9 })
        #expect(findings.figures.count == 3 && findings.metric("reach_random")?.n == 2)
        guard case .lineChart(let sweep) = findings.figures[1] else {
            Issue.record("the second figure is the sweep")
            return
        }
        #expect(sweep.series.map(\.x) == [[Double]](repeating: [0, 1], count: 5))
        #expect(sweep.series[0].y == [findings.metric("reach")?.value, findings.metric("reach_subtracted")?.value])
        #expect(try await run(PolicySteering(settings)) == findings)
    }
}
