import PlumbLearning
import PlumbNN
import PlumbTensor
import PlumbWorlds

/// Times agents that learn the cart-pole, acting, learning and the world together. The settings of `agent-dqn` are those
/// of peers/dqn_torch.py.
struct AgentBench {
    /// The tasks it knows: training until the goal, and the same algorithm for a number of steps.
    static let tasks = ["agent-dqn", "agent-dqn-steps", "agent-ppo"]

    /// Training ends here without its goal.
    private static let mostSteps = 100_000

    /// What training took, one number a seed.
    struct Outcome {
        var seconds: [Double] = []
        var steps: [Double] = []
        var perStep: [Double] = []
        var reached = 0.0

        mutating func add<Network, Rule>(_ result: AgentResult<Network, Rule>, _ time: Double) {
            seconds.append(time)
            steps.append(Double(result.steps))
            perStep.append(time / Double(max(1, result.steps)))
            reached += result.reachedGoal ? 1 : 0
        }
    }

    /// A mean return of 195 over 100 episodes of at most 200 steps, as `CartPole-v0` has it.
    private let world = CartPole(steps: 200)

    /// `repeats` seeds from `seed` on.
    func measure(_ request: Request) throws -> (series: [String: [Double]], details: [String: Double]) {
        var outcome = Outcome()
        for index in 0..<request.repeats {
            let key = RandomKey(UInt64(request.seed + index))
            let clock = ContinuousClock()
            let begun = clock.now
            switch request.task {
            case "agent-dqn": outcome.add(try deepQ(Self.mostSteps, goal: true, key), (clock.now - begun) / .seconds(1))
            case "agent-dqn-steps":
                outcome.add(try deepQ(request.steps, goal: false, key), (clock.now - begun) / .seconds(1))
            case "agent-ppo": outcome.add(try proximal(key), (clock.now - begun) / .seconds(1))
            default: throw BenchError("no agent \(request.task): have \(Self.tasks.joined(separator: ", "))")
            }
        }
        return (
            ["seconds": outcome.seconds, "steps": outcome.steps, "seconds_per_step": outcome.perStep],
            ["reached": outcome.reached]
        )
    }

    private func deepQ(_ steps: Int, goal: Bool, _ key: RandomKey) throws -> AgentResult<MLP, Adam> {
        var training = AgentTraining(steps: steps)
        training.lanes = 1
        training.goal = goal ? AgentTraining.Goal(meanReturn: 195) : nil
        var method = DQN<MLP>()
        (method.horizon, method.updates, method.batch) = (1, 1, 64)
        method.returnSteps = 10
        (method.capacity, method.warmup, method.targetEvery) = (50_000, 1_000, 200)
        method.exploration = .init(from: 1, to: 0.04, over: 5_000)
        training.schedule = .linear(warmup: 0, total: 60_000, floor: 0.02)
        return try training.run(
            method, MLP(world, hidden: [64, 64], key: key["network"]), optimizer: Adam(learningRate: 1e-3), in: world,
            key: key)
    }

    private func proximal(_ key: RandomKey) throws -> AgentResult<ActorCritic, Adam> {
        var training = AgentTraining(steps: 500_000)
        training.goal = AgentTraining.Goal(meanReturn: 195)
        training.clipNorm = 0.5
        var method = PPO<ActorCritic>()
        method.entropyWeight = 0
        return try training.run(
            method, ActorCritic(world, key: key["network"]), optimizer: Adam(learningRate: 1e-3), in: world, key: key)
    }
}
