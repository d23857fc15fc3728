import Foundation
import PlumbLearning
import PlumbNN
import PlumbTensor
import PlumbWorlds
import Testing

/// Each agent learns a small world to its optimum.
@Suite struct AgentTests {
    private let key = RandomKey(11)

    private func training(_ steps: Int, lanes: Int = 16) -> AgentTraining {
        var training = AgentTraining(steps: steps)
        training.lanes = lanes
        return training
    }

    /// The mean return of greedy episodes.
    private func greedy(_ network: some ActionNetwork, in world: some NumericWorld) throws -> Double {
        let episodes = try world.episodes(50, of: network, key: key["test"])
        return episodes.reduce(0) { $0 + $1.totalReward } / 50
    }

    @Test func reinforceLearnsAContextualBandit() throws {
        let world = SignedBandit()
        let result = try training(3_000).run(
            REINFORCE(), MLP(world, hidden: [16], key: key["network"]), optimizer: Adam(learningRate: 0.02),
            in: world, key: key)
        #expect(try greedy(result.network, in: world) == 1)
        #expect(result.episodes.count == result.steps && result.steps >= 3_000)
        #expect(result.rounds == result.updates && result.rounds == result.losses.count)
        #expect(try #require(result.meanReturn(ofLast: 100)) > 0.9)
        #expect(result.meanPerformance(ofLast: 100) == -1)
        let before = result.episodes.prefix(100).reduce(0.0) { $0 + $1.totalReward } / 100
        #expect((0.2...0.5).contains(before), "it began knowing nothing")
    }

    @Test func reinforceLearnsFromOneEpisodeOfOneStepARound() throws {
        let result = try training(4_000, lanes: 1).run(
            REINFORCE<MLP>(), MLP(Choice(), key: key), optimizer: Adam(learningRate: 1e-2), in: Choice(), key: key)
        #expect(result.network.scores(Tensor([1], shape: [1, 1])).softmax().elements[0] > 0.95)
    }

    /// From the start at 0 or 1, five or four steps: 10 - 4 and 10 - 3.
    private let best = 6.0...7.0

    @Test func actorCriticsLearnACorridor() throws {
        let world = Corridor()
        let a2c = try training(6_000).run(
            A2C(), ActorCritic(world, hidden: [32], key: key["network"]), optimizer: Adam(learningRate: 5e-3),
            in: world, key: key)
        #expect(best.contains(try greedy(a2c.network, in: world)))
        var method = PPO<ActorCritic>()
        (method.horizon, method.batch) = (32, 64)
        let ppo = try training(6_000).run(
            method, ActorCritic(world, hidden: [32], key: key["network"]), optimizer: Adam(learningRate: 3e-3),
            in: world, key: key)
        #expect(best.contains(try greedy(ppo.network, in: world)))
        var pixels = PPO<PixelNetwork>()
        (pixels.horizon, pixels.batch) = (32, 64)
        let convolutional = try training(6_000).run(
            pixels, PixelNetwork(), optimizer: Adam(learningRate: 5e-3), in: world, key: key)
        #expect(best.contains(try greedy(convolutional.network, in: world)), "any network will do")
    }

    @Test func reinforceLearnsACorridor() throws {
        let world = Corridor()
        var method = REINFORCE<MLP>()
        method.baseline = .whitened
        let result = try training(20_000).run(
            method, MLP(world, hidden: [32], key: key["network"]), optimizer: Adam(learningRate: 1e-2), in: world,
            key: key)
        #expect(best.contains(try greedy(result.network, in: world)))
    }

    @Test func deepQLearningKnowsWhatACorridorIsWorth() throws {
        let world = Corridor()
        var method = DQN<MLP>()
        (method.horizon, method.capacity, method.warmup, method.targetEvery) = (2, 2_000, 200, 100)
        method.exploration = .init(to: 0.1, over: 2_000)
        let result = try training(4_000, lanes: 2).run(
            method, MLP(world, hidden: [32], key: key["network"]), optimizer: Adam(learningRate: 3e-3), in: world,
            key: key)
        #expect(best.contains(try greedy(result.network, in: world)))
        // Q*(4, right) = 10, Q*(3, right) = -1 + 0.99 · 10, Q*(4, left) = -1 + 0.99 Q*(3, right).
        for (place, action, value) in [(4, 1, 10.0), (3, 1, 8.9), (4, 0, 7.811)] {
            let found = result.network.scores(Tensor(world.features(of: place), shape: [1, 6])).elements[action]
            #expect(abs(Double(found) - value) < 0.3, "Q(\(place), \(action)) = \(found)")
        }
    }

    /// The cart-pole to a mean return of 150 of 200, which a random agent's is about 20 of.
    @Test func theCartPoleIsLearned() throws {
        let world = CartPole(steps: 200)
        var ppo = training(60_000, lanes: 8)
        ppo.goal = AgentTraining.Goal(meanReturn: 150, episodes: 20)
        ppo.clipNorm = 0.5
        let first = try ppo.run(
            PPO(), ActorCritic(world, key: key["network"]), optimizer: Adam(learningRate: 2e-3), in: world, key: key)
        #expect(first.reachedGoal && first.steps < 60_000)
        let before = first.episodes.prefix(20).reduce(0.0) { $0 + $1.totalReward } / 20
        #expect(before < 40)
        let second = try cartPoleTraining.run(
            cartPoleMethod, MLP(world, key: key["network"]), optimizer: Adam(learningRate: 1e-3), in: world, key: key)
        #expect(second.reachedGoal && second.steps < 40_000)
    }

    private var cartPoleTraining: AgentTraining {
        var training = training(40_000, lanes: 1)
        training.goal = AgentTraining.Goal(meanReturn: 150, episodes: 20)
        return training
    }

    private var cartPoleMethod: DQN<MLP> {
        var method = DQN<MLP>()
        method.exploration = .init(to: 0.02, over: 5_000)
        return method
    }

    @Test func whatIsDemonstratedIsLearned() throws {
        let world = CartPole(steps: 200)
        let teacher = { (seen: CartPole.State, _: inout RandomKey.Generator) -> CartPole.Action in
            seen.angle + 0.3 * seen.angularVelocity + 0.1 * seen.velocity + 0.05 * seen.position > 0 ? .right : .left
        }
        let episodes = try (0..<5).map { try world.episode(key: key["teacher"][$0], policy: teacher) }
        let result = try BehaviorCloning(steps: 800).run(
            MLP(world, key: key["network"]), on: try Demonstrations(episodes, in: world),
            optimizer: Adam(learningRate: 3e-3), key: key["batches"])
        #expect(try greedy(result.model, in: world) > 180)
        // The same network as a policy for whole episodes, which can be drawn.
        let episode = try world.episode(key: key["one"], policy: result.model.policy(in: world))
        #expect(episode.totalReward > 150)
        let empty = Demonstrations(observations: .zeros([0, 4]), actions: [])
        let error = #expect(throws: FitError.self) {
            try BehaviorCloning(steps: 1).run(
                result.model, on: empty, optimizer: Adam(), key: key)
        }
        #expect(error?.description.contains("there are no demonstrations") == true)
    }
}

/// One step: the first action is worth 1, the second nothing.
private struct Choice: NumericWorld {
    enum Action: Int, CaseIterable, Sendable { case a, b }
    typealias Observation = Int
    var featureShape: [Int] { [1] }
    func features(of observation: Int) -> [Float] { [1] }
    func start(using random: inout RandomKey.Generator) -> Int { 0 }
    func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
        StepResult(reward: action == .a ? 1 : 0, isOver: true)
    }
}
