import PlumbAlignment
import PlumbLearning
import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct GoalMisgeneralizationTests {
    private typealias Training = GoalMisgeneralizationStudy.Training
    private typealias Results = GoalMisgeneralizationResults

    private func study() -> GoalMisgeneralizationStudy {
        var study = GoalMisgeneralizationStudy()
        (study.cloning.side, study.cloning.wallDensity) = (5, 0.1)
        (study.cloning.mazes, study.cloning.statesPerMaze, study.cloning.hidden) = (40, 6, 16)
        (study.cloning.steps, study.cloning.batch, study.cloning.learningRate) = (30, 16, 0.01)
        (study.reinforcement.agentSteps, study.reinforcement.lanes, study.reinforcement.horizon) = (1280, 16, 8)
        (study.test.testMazes, study.test.episodeSteps) = (20, 10)
        return study
    }

    @Test(arguments: GoalMisgeneralizationStudy.Learner.allCases)
    func theStudyMeasuresWhereAgentsGo(_ learner: GoalMisgeneralizationStudy.Learner) throws {
        let study = study()
        let training = Training(learner, region: 1)
        let outcome = try study.run(training, key: RandomKey(1))
        #expect(outcome.training == training && outcome.panels.count == 4)
        let steps = learner == .ppo ? 1280 : 30
        #expect(outcome.evaluations.map(\.step) == Array(stride(from: steps / 10, through: steps, by: steps / 10)))
        let last = try #require(outcome.evaluations.last)
        #expect(last[GoalMisgeneralizationStudy.Measure.cornerFirst] == outcome.cornerFirst)
        #expect(last[GoalMisgeneralizationStudy.Measure.reach] == outcome.reach)
        #expect(last[GoalMisgeneralizationStudy.Measure.familiarReach] == outcome.familiarReach)
        #expect(outcome.robustness.capabilityOnly >= outcome.cornerFirst - 1e-9)
        let sum = outcome.robustness.capability + outcome.robustness.goalOnly + outcome.robustness.neither
        #expect(abs(sum - 1) < 1e-9)
        let again = try study.run(training, key: RandomKey(1))
        #expect(again.cornerFirst == outcome.cornerFirst && again.evaluations == outcome.evaluations)
        #expect(throws: WorldError.self) { try study.run(Training(learner, region: 6), key: RandomKey(1)) }
    }

    @Test func chanceIsThatOfRandomMoves() throws {
        let chance = try study().chance(key: RandomKey(1))
        #expect(chance.familiarReach > 0 && chance.familiarReach < 0.8 && chance.cornerFirst < 0.8)
    }

    @Test func anAgentLearnsFromRewardAlone() throws {
        var study = study()
        (study.reinforcement.agentSteps, study.reinforcement.agentLearningRate) = (8192, 0.01)
        (study.reinforcement.horizon, study.test.testMazes, study.test.episodeSteps) = (32, 60, 30)
        let outcome = try study.run(Training(.ppo, region: 1), key: RandomKey(2))
        #expect(outcome.familiarReach > 0.6)
        #expect(try study.chance(key: RandomKey(2)).familiarReach < 0.45)
    }

    @Test func trainingsAreNamedApart() {
        let trainings = Results.trainings([.cloning, .ppo], regions: [3, 1], scattered: [0.1, 0, 0.025])
        #expect(
            trainings.map(\.label) == [
                "region 1", "region 3", "region 1, 0.025 anywhere", "region 1, 0.1 anywhere", "PPO region 1",
                "PPO region 3",
                "PPO region 1, 0.025 anywhere", "PPO region 1, 0.1 anywhere",
            ])
        #expect(trainings[2].cornerFirst.name == "corner_first_region_1_anywhere_0_025")
        #expect(trainings[4].cornerFirst.name == "ppo_corner_first_region_1" && trainings[4].cornerFirst.isHeadline)
        #expect(Set(trainings.map(\.cornerFirst)).count == trainings.count)
    }

    private func outcome(_ training: Training, corner: Double, familiar: Double) -> GoalMisgeneralizationStudy.Outcome {
        GoalMisgeneralizationStudy.Outcome(
            training, familiarReach: familiar, reach: 1 - corner, cornerFirst: corner,
            robustness: GoalRobustness(both: 0, capabilityOnly: 1, goalOnly: 0, neither: 0), evaluations: [], panels: []
        )
    }

    @Test func measurementsCompareAgentsOfASeed() {
        let trainings = Results.trainings([.ppo], regions: [1, 2, 5], scattered: [0.02, 0.1])
        let corners = [[0.9, 0.75, 0.8], [0.5, 0.8, 0.3], [0, 0.25, 0], [0.7, 0.5, 0.7], [0.1, 0.25, 0.5]]
        let results = Results(
            study(), trainings,
            zip(trainings, corners).map { training, corners in
                corners.map { outcome(training, corner: $0, familiar: training.region == 5 ? 0.96 : 1) }
            })
        let measured = results.measurements(seeds: [1, 2, 3])
        let ppo = GoalMisgeneralizationStudy.Learner.ppo
        #expect(zip(measured[ppo.order], [-1, -0.5, -1]).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(measured[ppo.fallWithRegion] == [0.9, 0.5, 0.8])
        #expect(measured[ppo.familiarFall].allSatisfy { abs($0 - 0.04) < 1e-12 })
        #expect(zip(measured[ppo.fallWithScattered], [0.8, 0.5, 0.3]).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(zip(measured[ppo.differenceOfSeeds], [0.15, 0.05, 0.1]).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(measured[GoalMisgeneralizationStudy.Learner.cloning.order].isEmpty)
        #expect(results.unjudged(.ppo) == (0, 15))
    }

    @Test func agentsThatAllDoTheSameShowNoOrder() {
        let trainings = Results.trainings([.cloning], regions: [1, 5], scattered: [])
        let results = Results(study(), trainings, trainings.map { [outcome($0, corner: 0.4, familiar: 1)] })
        #expect(results.measurements(seeds: [1])[GoalMisgeneralizationStudy.Learner.cloning.order] == [0])
    }

    @Test func anAgentThatDidNotLearnIsNotJudged() {
        let trainings = Results.trainings([.cloning], regions: [1, 5], scattered: [])
        let results = Results(
            study(), trainings,
            [
                [outcome(trainings[0], corner: 0.9, familiar: 1), outcome(trainings[0], corner: 0.8, familiar: 0.9)],
                [outcome(trainings[1], corner: 0, familiar: 0.95), outcome(trainings[1], corner: 0.1, familiar: 1)],
            ])
        let measured = results.measurements(seeds: [1, 2])
        let cloning = GoalMisgeneralizationStudy.Learner.cloning
        #expect(measured[trainings[0].cornerFirst][0] == 0.9 && measured[trainings[0].cornerFirst][1].isNaN)
        #expect(measured[trainings[0].familiarReach] == [1, 0.9])
        #expect(abs(measured[cloning.order][0] + 1) < 1e-12 && measured[cloning.order][1].isNaN)
        #expect(measured[cloning.fallWithScattered].isEmpty)
        #expect(results.unjudged(.cloning) == (1, 4))
    }
}
