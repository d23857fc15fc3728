import Foundation
import PlumbLearning
import PlumbNN
import PlumbTensor
import PlumbWorlds
import Testing

/// Steps of the replay buffer with those that follow them in their episode.
@Suite struct ReplayBufferTests {
    /// Episodes of five steps; step s, which is what is seen, pays s + 1. Those that begin at 10 are cut off.
    private struct Count: NumericWorld {
        enum Action: CaseIterable, Hashable, Sendable { case on }
        var stepLimit: Int? { 5 }
        func start(using random: inout RandomKey.Generator) -> Int { 10 * random.index(below: 2) }
        func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
            state += 1
            return StepResult(reward: Double(state), isOver: state == 5)
        }
        typealias Observation = Int
        var featureShape: [Int] { [1] }
        func features(of observation: Int) -> [Float] { [Float(observation)] }
    }

    /// Remembers every step and looks at what is drawn after each round.
    private struct Watcher: AgentMethod {
        static let id = "watcher"
        var horizon: Int
        var capacity: Int
        var steps: Int
        var lanes: Int

        var span: Rollout.Span { .steps(horizon) }
        func memory(for network: Logits, observing shape: [Int]) -> ReplayBuffer {
            ReplayBuffer(capacity: capacity, observing: shape)
        }

        func learn<Rule: Optimizer>(
            from rollout: Rollout, steps made: Range<Int>, memory: inout ReplayBuffer,
            with learner: inout AgentLearner<Logits, Rule>, key: RandomKey
        ) throws {
            memory.add(rollout)
            let batch = memory.sample(300, steps: steps, discount: 0.5, key: key)
            // Only a lane's newest steps can lack some of those that follow.
            var short: Set<Float> = []
            for row in 0..<300 {
                let first = batch.observations.elements[row]
                let place = Int(first) % 10
                let taken = Int(-log2(batch.discounts.elements[row]))
                let whole = min(steps, 5 - place)
                #expect((1...whole).contains(taken), "\(taken) steps from \(first)")
                if taken < whole { short.insert(first) }
                let sum = (0..<taken).reduce(0) { $0 + pow(0.5, Float($1)) * (first + Float($1) + 1) }
                #expect(abs(batch.rewards.elements[row] - sum) < 1e-5, "\(taken) steps from \(first)")
                let isOver = first < 10 && place + taken == 5
                #expect(batch.isOver.elements[row] == (isOver ? 1 : 0))
                #expect(batch.next.elements[row] == (isOver ? 0 : first + Float(taken)))
            }
            #expect(short.count <= lanes * (steps - 1), "\(short.sorted()) lack steps after \(made)")
        }
    }

    @Test(arguments: [(1, 7, 3, 1), (1, 50, 3, 2), (2, 11, 4, 3), (7, 100, 5, 2), (3, 3, 2, 4), (4, 64, 1, 2)])
    func whatFollowsIsTakenTogether(_ horizon: Int, _ capacity: Int, _ steps: Int, _ lanes: Int) throws {
        var training = AgentTraining(steps: 60)
        training.lanes = lanes
        let method = Watcher(horizon: horizon, capacity: capacity, steps: steps, lanes: lanes)
        let result = try training.run(
            method, Logits([0]), optimizer: SGD(learningRate: 1), in: Count(), key: RandomKey(3))
        #expect(result.steps >= 60 && result.episodes.count > 5)
        #expect(Set(result.episodes.map(\.isCut)) == [true, false])
    }

    @Test func whatWasSavedIsGoneOnWithAndDamageIsRefused() throws {
        var buffer = ReplayBuffer(capacity: 4, observing: [1])
        let saved = Dictionary(buffer.saved.map { ($0.name, $0.tensor) }) { first, _ in first }
        try buffer.restore(saved)
        var damaged = saved
        damaged["open"] = Tensor([2])
        let error = #expect(throws: FitError.self) { try buffer.restore(damaged) }
        #expect(error?.description.contains("names a step that it does not hold") == true)
        damaged["open"] = nil
        #expect(throws: FitError.self) { try buffer.restore(damaged) }
    }
}
