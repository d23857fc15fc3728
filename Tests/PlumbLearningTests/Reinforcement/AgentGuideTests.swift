import PlumbLearning
import PlumbNN
import PlumbTensor
import PlumbWorlds
import Testing

/// The code of the guides "Your own world" and "Your own agent", as it stands there; their network is `PixelNetwork` of
/// the suite's own worlds.
@Suite struct AgentGuideTests {
    struct Corridor: NumericWorld {
        enum Action: CaseIterable, Hashable, Sendable { case left, right }
        typealias Observation = Int

        var stepLimit: Int? { 30 }
        func start(using random: inout RandomKey.Generator) -> Int { random.index(below: 2) }
        func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
            state = max(0, state + (action == .right ? 1 : -1))
            return StepResult(reward: state == 5 ? 10 : -1, isOver: state == 5)
        }

        var featureShape: [Int] { [1, 6, 1] }
        func features(of observation: Int) -> [Float] { (0..<6).map { $0 == observation ? 1 : 0 } }
    }

    struct PlainPolicyGradient<Network: ActionNetwork>: AgentMethod {
        static var id: String { "plain policy gradient" }
        var span: Rollout.Span { .episodes }

        func learn<Rule: Optimizer>(
            from rollout: Rollout, steps: Range<Int>, memory: inout NoMemory,
            with learner: inout AgentLearner<Network, Rule>, key: RandomKey
        ) throws {
            var returns = [Double](repeating: 0, count: rollout.count)
            for lane in rollout.lanes {
                let sums = Returns.discounted(lane.map { rollout.rewards[$0] }, discount: 0.99)
                for (step, sum) in zip(lane, sums) { returns[step] = sum }
            }
            try learner.descend { network in
                PolicyLoss.gradient(
                    logProbabilities: network.scores(rollout.observations).logProbabilities(of: rollout.actions),
                    advantages: Tensor(returns.map(Float.init)))
            }
        }
    }

    @Test func aWorldOfOnesOwnIsActedIn() throws {
        let episode = try Corridor().episode(key: RandomKey(1)) { _, _ in .right }
        #expect(episode.totalReward == 10 - Double(episode.actions.count - 1) && !episode.isCut)
        var batch = WorldBatch(Corridor(), count: 2, key: RandomKey(2))
        batch.step([.right, .left])
        #expect(batch.states.count == 2 && batch.ended.isEmpty)
    }

    @Test func aNetworkAndAMethodOfOnesOwnLearn() throws {
        var training = AgentTraining(steps: 6_000)
        training.clipNorm = 0.5
        let result = try training.run(
            PlainPolicyGradient(), PixelNetwork(), optimizer: Adam(learningRate: 1e-2), in: Corridor(),
            key: RandomKey(5))
        let shortest = try Corridor().episode(key: RandomKey(1)) { seen, _ in
            let features = Tensor(Corridor().features(of: seen), shape: [1, 1, 6, 1])
            return result.network.scoresAndValues(features).scores.argmaxOfRows()[0] == 1 ? .right : .left
        }
        #expect(!shortest.isCut && shortest.totalReward >= 6)
    }
}
