import Foundation
import PlumbLearning
import PlumbNN
import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

@Suite(.serialized) struct AgentResumeTests {
    private let world = CartPole(steps: 60)
    private let key = RandomKey(5)

    private var training: AgentTraining {
        var training = AgentTraining(steps: 600)
        training.lanes = 3
        training.clipNorm = 1
        training.schedule = .linear(warmup: 0, total: 600, floor: 0.1)
        training.evaluateEvery = 150
        return training
    }

    private var dqn: DQN<MLP> {
        var method = DQN<MLP>()
        (method.horizon, method.capacity, method.warmup, method.targetEvery, method.batch) = (2, 150, 50, 70, 16)
        method.exploration = .init(to: 0.2, over: 300)
        method.returnSteps = 3
        return method
    }

    private var ppo: PPO<ActorCritic> {
        var method = PPO<ActorCritic>()
        (method.horizon, method.batch, method.passes) = (16, 20, 2)
        return method
    }

    /// Everything that training gives, as far as bytes go.
    private struct Bytes: Equatable {
        var parameters: [Tensor]
        var memory: [Tensor]
        var episodes: [AgentEpisode]
        var losses: Tensor
        var evaluations: [FitEvaluation]
        var counts: [Int]
    }

    private struct Stopped: Error {}

    /// Trains; stops by an error of the evaluation after `stop` steps.
    private func run<Method: AgentMethod>(
        _ method: Method, _ network: Method.Network, in folder: URL? = nil, stop: Int? = nil,
        training: AgentTraining? = nil
    ) throws -> Bytes {
        var training = training ?? self.training
        training.checkpointEvery = 40
        let result = try training.run(
            method, network, optimizer: Adam(learningRate: 0.01), in: world, key: key,
            session: FitSession(checkpoints: folder)
        ) { _, step in
            if let stop, step >= stop { throw Stopped() }
            return Measured(of: Measure.self) { _ in Double(step) }
        }
        return Bytes(
            parameters: result.network.parameters.map(\.tensor), memory: result.optimizer.state.tensors.map(\.tensor),
            episodes: result.episodes, losses: Tensor(result.losses), evaluations: result.evaluations,
            counts: [result.steps, result.rounds, result.updates, result.optimizer.state.steps])
    }

    private func temporary() -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent("agent-\(UUID())")
    }

    private func expectSameBytesAfterStopping<Method: AgentMethod>(
        _ method: Method, _ network: Method.Network
    ) throws {
        let whole = try run(method, network)
        #expect(whole.counts[0] >= 600 && whole.evaluations.count >= 4)
        for stop in [150, 450] {
            let folder = temporary()
            defer { try? FileManager.default.removeItem(at: folder) }
            #expect(throws: Stopped.self) { try run(method, network, in: folder, stop: stop) }
            #expect(try run(method, network, in: folder) == whole, "\(Method.self), stopped at \(stop)")
            #expect(try run(method, network, in: folder) == whole, "what is finished is read")
        }
    }

    @Test func trainingGoesOnWithTheSameBytes() throws {
        let actorCritic = ActorCritic(world, hidden: [8], key: key["network"])
        let scores = MLP(world, hidden: [8], key: key["network"])
        try expectSameBytesAfterStopping(REINFORCE(), scores)
        try expectSameBytesAfterStopping(A2C(), actorCritic)
        try expectSameBytesAfterStopping(ppo, actorCritic)
        try expectSameBytesAfterStopping(dqn, scores)
    }

    @Test func threadsChangeNothing() throws {
        let actorCritic = ActorCritic(world, key: key["network"]), scores = MLP(world, key: key["network"])
        func all() throws -> [Bytes] {
            [
                try run(REINFORCE(), scores), try run(A2C(), actorCritic), try run(ppo, actorCritic),
                try run(dqn, scores),
            ]
        }
        let one = try Compute.withThreads(1) { try all() }
        #expect(try Compute.withThreads(4) { try all() } == one)
    }

    @Test func anInterruptedRunWritesItsCheckpoint() async throws {
        let folder = temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (world, key, training, method) = (world, key, training, ppo)
        let stopped = Task {
            // The loop asks before each round whether to stop.
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try training.run(
                method, ActorCritic(world, hidden: [8], key: key["network"]), optimizer: Adam(), in: world, key: key,
                session: FitSession(checkpoints: folder))
        }
        await #expect(throws: RunInterrupted.self) { try await stopped.value }
        #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("agent/checkpoint.json").path))
    }

    @Test func aCheckpointOfAnotherAgentIsRefused() throws {
        let folder = temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        let actorCritic = ActorCritic(world, hidden: [8], key: key["network"])
        _ = try run(ppo, actorCritic, in: folder)
        func refusal<Method: AgentMethod>(
            _ method: Method, _ network: Method.Network, _ training: AgentTraining? = nil
        ) -> String {
            do {
                _ = try run(method, network, in: folder, training: training)
                return "accepted"
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal(A2C(), actorCritic).contains("it learned by PPO, not A2C"))
        var shorter = training
        shorter.steps = 300
        #expect(refusal(ppo, actorCritic, shorter).contains("and 300 are asked for"))
        let wide = ActorCritic(world, hidden: [9], key: key["network"])
        #expect(refusal(ppo, wide).contains("has shape [8, 4] there and [9, 4] here"))
        var lanes = training
        lanes.lanes = 4
        #expect(refusal(ppo, actorCritic, lanes).contains("it has 3 lanes, and 4 are asked for"))
        let file = folder.appendingPathComponent("agent/checkpoint.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        let old = text.replacingOccurrences(of: #"\"PPO\""#, with: #"\"PPO<ActorCritic>\""#)
        #expect(old != text)
        try old.write(to: file, atomically: true, encoding: .utf8)
        #expect(refusal(ppo, actorCritic) == "accepted", "older versions wrote the type with that of its network")
        try text.replacingOccurrences(of: "\"notes\"", with: "\"others\"").write(
            to: file, atomically: true, encoding: .utf8)
        #expect(refusal(ppo, actorCritic).contains("it is not of an agent"))
    }

    @Test func aReplayBufferOfAnotherSizeIsRefused() throws {
        let folder = temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        let scores = MLP(world, hidden: [8], key: key["network"])
        _ = try run(dqn, scores, in: folder)
        var larger = dqn
        larger.capacity = 200
        let error = #expect(throws: FitError.self) { try run(larger, scores, in: folder) }
        #expect(error?.description.contains("one of 200 steps of 4 numbers is asked for") == true)
    }
}

private enum Measure: String, FitMeasure { case steps }
