public import PlumbNN
public import PlumbTensor

/// How an agent acts and learns: what differs between the algorithms. ``AgentTraining`` is the loop they share.
///
/// A method is a constant. What it remembers from one round to the next, apart from network and optimizer, is its
/// `Memory`. All chance comes from the keys passed in, so that training goes on bit for bit wherever it was stopped.
public protocol AgentMethod<Network>: Sendable {
    /// What acts and learns: a network that scores actions.
    associatedtype Network: ActionNetwork
    /// What it keeps from one round to the next; nothing unless said otherwise.
    associatedtype Memory: AgentMemory = NoMemory

    /// Names the method in checkpoints; it stays the same when the type is renamed.
    static var id: String { get }
    /// How long a round is: how much is lived through before the next lesson.
    var span: Rollout.Span { get }
    /// How actions follow from scores once `step` steps have been made.
    func choice(at step: Int) -> ActionChoice
    /// What is remembered before the first round.
    ///
    /// - Parameters:
    ///   - network: what training begins with.
    ///   - shape: of an observation.
    func memory(for network: Network, observing shape: [Int]) -> Memory
    /// Learns from a round.
    ///
    /// - Parameters:
    ///   - rollout: the steps of the round.
    ///   - steps: how many steps have been made, of all lanes, before this round and after it.
    ///   - memory: what is kept from one round to the next.
    ///   - learner: holds the network and makes optimizer steps.
    ///   - key: the chance of this round.
    /// - Throws: ``FitError`` where a loss or gradient is not a number.
    func learn<Rule: Optimizer>(
        from rollout: Rollout, steps: Range<Int>, memory: inout Memory, with learner: inout AgentLearner<Network, Rule>,
        key: RandomKey) throws
}

extension AgentMethod where Memory == NoMemory {
    /// Nothing.
    public func memory(for network: Network, observing shape: [Int]) -> NoMemory { NoMemory() }
}

extension AgentMethod {
    /// Actions drawn from the policy's probabilities, at every step.
    public func choice(at step: Int) -> ActionChoice { .sampled }
}

/// What a method keeps from one round to the next, and into checkpoints.
public protocol AgentMemory: Sendable {
    /// Everything it holds, by name.
    var saved: [(name: String, tensor: Tensor)] { get }
    /// Takes back what ``saved`` gave.
    ///
    /// - Throws: ``FitError`` where something is missing or does not fit.
    mutating func restore(_ saved: [String: Tensor]) throws
}

/// The memory of methods that learn from each round alone.
public struct NoMemory: AgentMemory {
    /// A memory of nothing.
    public init() {}
    /// Nothing.
    public var saved: [(name: String, tensor: Tensor)] { [] }
    /// Does nothing.
    public mutating func restore(_ saved: [String: Tensor]) {}
}

/// A network that learns: the optimizer's steps, each checked.
public struct AgentLearner<Network: ParameterTree, Rule: Optimizer>: Sendable {
    /// The network, as the last step of the optimizer left it.
    public internal(set) var network: Network
    /// The optimizer with its moments.
    public var optimizer: Rule
    /// The largest norm a gradient may have; longer ones are scaled down to it.
    public let clipNorm: Double?
    /// Optimizer steps made.
    public internal(set) var updates = 0
    /// Numbers worth a curve, by name: the entropy of the policy. Those of the last round are reported.
    public var measures: [String: Double] = [:]
    private let label: String
    private var lossSum = 0.0
    private var lossCount = 0

    /// A learner for a training loop of one's own; ``AgentTraining`` makes one itself.
    ///
    /// - Parameters:
    ///   - network: what learning begins with.
    ///   - optimizer: the update rule.
    ///   - clipNorm: the largest norm a gradient may have; nil for no limit.
    ///   - label: names what learns in errors.
    public init(_ network: Network, _ optimizer: Rule, clipNorm: Double?, label: String) {
        (self.network, self.optimizer, self.clipNorm, self.label) = (network, optimizer, clipNorm, label)
    }

    /// One step of the optimizer down the gradient of `loss`.
    ///
    /// - Returns: the loss before it.
    /// - Throws: ``FitError`` where loss or gradient is not finite; the network is then as it was.
    @discardableResult
    public mutating func descend(_ loss: (Network) throws -> Tensor) throws -> Double {
        var (value, gradient) = try valueWithGradient(at: network, of: loss)
        let number = Double(value.item)
        guard number.isFinite else {
            throw FitError(
                "\(label) diverged at update \(updates): the loss is \(value.item). Look at the size of the rewards, or "
                    + "take a smaller learning rate than \(optimizer.learningRate).")
        }
        if let clipNorm {
            // A norm that is no number is caught below.
            gradient.clip(toNorm: clipNorm)
        }
        if let bad = gradient.firstNonFinite {
            throw FitError(
                "\(label) failed at update \(updates): the gradient of \(bad) holds numbers that are not finite, though "
                    + "the loss is \(value.item).")
        }
        optimizer.update(&network, along: gradient)
        updates += 1
        lossSum += number
        lossCount += 1
        return number
    }

    /// The mean loss since the last call; NaN where no step was made.
    mutating func takeLoss() -> Float {
        defer { (lossSum, lossCount) = (0, 0) }
        return Float(lossSum / Double(lossCount))
    }
}
