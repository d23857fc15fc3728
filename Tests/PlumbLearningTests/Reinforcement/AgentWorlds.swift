import PlumbLearning
import PlumbNN
import PlumbTensor
import PlumbWorlds

/// Shows one of three signs; the arm of the same number pays 1, in an episode of one step.
struct SignedBandit: NumericWorld {
    enum Action: Int, CaseIterable, Hashable, Sendable { case first, second, third }
    func start(using random: inout RandomKey.Generator) -> Int { random.index(below: 3) }
    func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
        StepResult(reward: action.rawValue == state ? 1 : 0, performance: -1, isOver: true)
    }
    typealias Observation = Int
    var featureShape: [Int] { [3] }
    func features(of observation: Int) -> [Float] { (0..<3).map { $0 == observation ? 1 : 0 } }
}

/// A corridor of six places, -1 a step and 10 at the right end, cut off after 30 steps. What is seen is a row of pixels.
struct Corridor: NumericWorld {
    enum Action: CaseIterable, Hashable, Sendable { case left, right }
    /// What is paid at the third place, if anything odd.
    var pay = -1.0
    /// How many numbers are seen at the third place.
    var width = 6
    var stepLimit: Int? { 30 }
    func start(using random: inout RandomKey.Generator) -> Int { random.index(below: 2) }
    func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
        state = max(0, state + (action == .right ? 1 : -1))
        return StepResult(reward: state == 5 ? 10 : state == 3 ? pay : -1, isOver: state == 5)
    }
    typealias Observation = Int
    var featureShape: [Int] { [1, 6, 1] }
    func features(of observation: Int) -> [Float] {
        (0..<(observation == 3 ? width : 6)).map { $0 == observation ? 1 : 0 }
    }
}

/// One observation; arm i pays `rewards[i]`.
struct Bandit: NumericWorld {
    var rewards: [Double]
    var actions: [Int] { Array(rewards.indices) }
    func start(using random: inout RandomKey.Generator) -> Int { 0 }
    func step(_ state: inout Int, _ action: Int, using random: inout RandomKey.Generator) -> StepResult {
        StepResult(reward: rewards[action], isOver: true)
    }
    typealias Observation = Int
    var featureShape: [Int] { [1] }
    func features(of observation: Int) -> [Float] { [1] }
}

/// One logit for each action, whatever is seen.
struct Logits: ActionNetwork {
    var logits: Tensor
    init(_ logits: [Double]) { self.logits = Tensor(logits.map(Float.init)) }
    mutating func visit(_ visitor: inout ParameterVisitor) { visitor("logits", &logits) }
    func scores(_ observations: Tensor) -> Tensor { Tensor.zeros([observations.shape[0], logits.count]) + logits }
    var probabilities: [Double] { logits.softmax().elements.map(Double.init) }
}

/// A convolution over the pixels of the corridor, and heads for actions and values: as in the guide "Your own agent".
struct PixelNetwork: ActorCriticNetwork {
    var convolution = Convolution2D(inputs: 1, outputs: 4, kernel: 3, padding: 1, key: RandomKey(1))
    var policy = Linear(inputs: 24, outputs: 2, key: RandomKey(2))
    var value = Linear(inputs: 24, outputs: 1, key: RandomKey(3))
    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("convolution", &convolution)
        visitor("policy", &policy)
        visitor("value", &value)
    }
    func scoresAndValues(_ observations: Tensor) -> (scores: Tensor, values: Tensor) {
        let seen = convolution(observations).relu().reshaped([observations.shape[0], 24])
        return (policy(seen), value(seen).reshaped([-1]))
    }
}
