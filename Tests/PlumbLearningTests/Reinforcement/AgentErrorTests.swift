import Foundation
import PlumbLearning
import PlumbNN
import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct AgentErrorTests {
    private func run(_ world: Corridor, rate: Double = 1e-3, clip: Double? = nil) throws {
        var training = AgentTraining(steps: 2_000)
        training.clipNorm = clip
        _ = try training.run(
            A2C(), ActorCritic(Corridor(), hidden: [8], key: RandomKey(1)), optimizer: SGD(learningRate: rate),
            in: world, key: RandomKey(2))
    }

    @Test func aRewardThatIsNoNumberIsAnError() {
        for pay in [Double.nan, .infinity] {
            let error = #expect(throws: WorldError.self) { try run(Corridor(pay: pay)) }
            #expect(error?.description.contains("Corridor gave the reward \(pay)") == true)
        }
    }

    @Test func anObservationOfAnotherShapeIsAnError() {
        let error = #expect(throws: WorldError.self) { try run(Corridor(width: 5)) }
        #expect(error?.description.contains("promised observations of shape [1, 6, 1]") == true)
        #expect(error?.description.contains("and gave 5") == true)
    }

    @Test func aLossThatIsNoNumberIsAnError() {
        for clip in [nil, 1e30] {
            let error = #expect(throws: FitError.self) { try run(Corridor(), rate: 1e20, clip: clip) }
            #expect(error?.description.contains("agent diverged at update") == true, "\(error?.description ?? "")")
        }
    }

    @Test func aRoundWithoutAPassEndsWithASentence() async {
        await #expect(processExitsWith: .failure) {
            var method = PPO<ActorCritic>()
            method.passes = 0
            _ = try AgentTraining(steps: 200).run(
                method, ActorCritic(Corridor(), hidden: [8], key: RandomKey(1)), optimizer: SGD(learningRate: 1e-3),
                in: Corridor(), key: RandomKey(2))
        }
    }

    @Test func anEpisodeWithoutEndIsAnError() throws {
        struct Endless: NumericWorld {
            enum Action: CaseIterable, Hashable, Sendable { case wait }
            func start(using random: inout RandomKey.Generator) -> Int { 0 }
            func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
                StepResult(reward: 0)
            }
            typealias Observation = Int
            var featureShape: [Int] { [1] }
            func features(of observation: Int) -> [Float] { [0] }
        }
        let network = MLP(Endless(), hidden: [], key: RandomKey(1))
        let error = #expect(throws: WorldError.self) {
            try Endless().episodes(1, of: network, key: RandomKey(1))
        }
        #expect(error?.description.contains("did not end an episode of Endless in 100000 steps") == true)
        #expect(try Endless().episodes(2, of: network, key: RandomKey(1), limit: 7).map(\.length) == [7, 7])
    }

    @Test func whatIsWatchedIsReported() throws {
        final class Listener: RunObserver, @unchecked Sendable {
            var series: [String: Int] = [:]
            var progress = 0
            func receive(_ event: RunEvent) {
                switch event.kind {
                case .point(let name, _, _): series[name, default: 0] += 1
                case .progress: progress += 1
                default: break
                }
            }
        }
        let listener = Listener()
        var training = AgentTraining(steps: 1_000)
        (training.curvePoints, training.evaluateEvery) = (10, 500)
        _ = try training.run(
            A2C(), ActorCritic(Corridor(), hidden: [8], key: RandomKey(1)), optimizer: Adam(), in: Corridor(),
            key: RandomKey(2), label: "a2c", session: FitSession(reporter: RunReporter.silent.heard(by: listener))
        ) { _, step in Measured(of: Measure.self) { _ in Double(step) } }
        #expect(listener.series["loss/a2c"] == 10 && listener.series["entropy/a2c"] == 10)
        #expect((8...10).contains(listener.series["return/a2c"] ?? 0))
        #expect(listener.series["score/test, a2c"] == 2 && listener.progress == 11)
    }
}

@Suite struct RolloutTests {
    /// A method that learns nothing and keeps what it was given.
    private final class Recorder: @unchecked Sendable { var rollouts: [Rollout] = [] }

    private struct Watching: AgentMethod {
        static let id = "watching"
        typealias Network = Logits
        let span: Rollout.Span
        let recorder: Recorder
        func learn<Rule: Optimizer>(
            from rollout: Rollout, steps: Range<Int>, memory: inout NoMemory,
            with learner: inout AgentLearner<Logits, Rule>, key: RandomKey
        ) { recorder.rollouts.append(rollout) }
    }

    private func rollouts(_ span: Rollout.Span, right: Double, limit: Int? = nil) throws -> [Rollout] {
        let recorder = Recorder()
        var training = AgentTraining(steps: 12)
        (training.lanes, training.stepLimit) = (2, limit)
        _ = try training.run(
            Watching(span: span, recorder: recorder), Logits([0, right]), optimizer: Adam(), in: Corridor(),
            key: RandomKey(3))
        return recorder.rollouts
    }

    @Test func stepsLeadToStepsEndsOrObservations() throws {
        // Always right: from 0 or 1 the end is reached in five or four steps.
        let all = try rollouts(.steps(6), right: 200)
        let rollout = try #require(all.first)
        #expect(all.count == 1 && rollout.count == 12 && rollout.observations.shape == [12, 1, 6, 1])
        #expect(rollout.lanes == [[0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 11]])
        for lane in rollout.lanes {
            let end = try #require(lane.firstIndex { rollout.following[$0] == .over })
            #expect(end == 3 || end == 4)
            #expect(rollout.ends[lane[end]] && rollout.rewards[lane[end]] == 10)
            for (step, next) in zip(lane, lane.dropFirst()) where step != lane[end] {
                #expect(rollout.following[step] == .step(next) && !rollout.ends[step])
            }
            guard case .observation(let open) = rollout.following[lane[5]] else {
                Issue.record("the round's last step leads to an observation")
                return
            }
            #expect(rollout.last[open].elements.reduce(0, +) == 1 && !rollout.ends[lane[5]])
        }
    }

    @Test func episodesThatAreCutOffKeepTheirLastObservation() throws {
        // Always left, from 0 or 1, cut off after three steps: at place 0.
        let rollout = try #require(try rollouts(.episodes, right: -200, limit: 3).first)
        #expect(rollout.count == 6 && rollout.last.shape == [2, 1, 6, 1])
        for lane in rollout.lanes {
            #expect(lane.map { rollout.ends[$0] } == [false, false, true])
            guard case .observation(let index) = rollout.following[lane[2]] else {
                Issue.record("what is cut off leads to an observation")
                return
            }
            #expect(rollout.last[index].elements == [1, 0, 0, 0, 0, 0])
            let values = rollout.advantages(
                values: [Double](repeating: 0, count: 6), lastValues: [4, 4], discount: 0.5, lambda: 1)
            // The state it was cut off in is worth 4: -1 + 2, -1 + ½ · 1, -1 - ½ · ½.
            #expect(lane.map { values[$0] } == [-1.25, -0.5, 1])
        }
    }

    @Test func lanesWaitForTheLongestEpisode() throws {
        for rollout in try rollouts(.episodes, right: 200) {
            #expect(rollout.lanes.allSatisfy { (4...5).contains($0.count) })
            #expect(rollout.last.shape[0] == 0 && rollout.ends.count { $0 } == 2)
        }
    }
}

private enum Measure: String, FitMeasure { case score = "score/test" }
