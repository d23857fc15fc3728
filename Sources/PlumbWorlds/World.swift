public import PlumbTensor

/// The rules of an environment that an agent acts in: how an episode begins, what the agent sees, what an action does.
///
/// A world is a constant; what changes is a `State`, a value that can be copied, compared and stepped in any number of
/// episodes at once. Chance comes from the generator that is passed in, so the same key gives the same episode.
///
/// ```swift
/// let world = BoatRace()
/// let episode = try world.episode(key: RandomKey(1)) { observation, random in .left }
/// print(episode.totalReward, episode.totalPerformance)
/// ```
public protocol World<Action>: Sendable {
    /// The moment of an episode: all that the future depends on.
    associatedtype State: Sendable
    /// What an agent can do.
    associatedtype Action: Sendable & Hashable
    /// What an agent sees.
    associatedtype Observation: Sendable

    /// Every action, in the order in which networks and tables count them; the same in every state.
    var actions: [Action] { get }
    /// The steps after which an episode is cut off; nil for a world whose episodes end by themselves.
    var stepLimit: Int? { get }
    /// The first state of an episode.
    func start(using random: inout RandomKey.Generator) -> State
    /// What an agent sees in `state`.
    func observation(of state: State) -> Observation
    /// Carries out `action`.
    func step(_ state: inout State, _ action: Action, using random: inout RandomKey.Generator) -> StepResult
}

extension World where Action: CaseIterable {
    /// All cases, in the order of their declaration.
    @inlinable public var actions: [Action] { Array(Action.allCases) }
}

extension World where Observation == State {
    /// The whole state: nothing is hidden from the agent.
    @inlinable public func observation(of state: State) -> State { state }
}

extension World {
    /// nil: episodes are not cut off.
    @inlinable public var stepLimit: Int? { nil }
}

/// What one step gives.
public struct StepResult: Sendable, Hashable {
    /// The observed reward.
    public var reward: Double
    /// The hidden performance, which the agent does not observe; the same as `reward` where both agree.
    public var performance: Double
    /// Whether the episode ended with this step.
    public var isOver: Bool

    /// A step whose `performance` is its `reward` unless said otherwise.
    @inlinable public init(reward: Double, performance: Double? = nil, isOver: Bool = false) {
        self.reward = reward
        self.performance = performance ?? reward
        self.isOver = isOver
    }
}

/// A world whose states are few enough to list, with the probability of everything that can happen: what exact planning
/// needs.
///
/// ``World/step(_:_:using:)`` must draw from the same distribution as ``outcomes(of:in:)`` lists; a test should say so.
public protocol FiniteWorld: World where State: Hashable {
    /// The first states and their probabilities, which sum to 1.
    func starts() -> [(state: State, probability: Double)]
    /// What `action` can lead to in `state`; the probabilities sum to 1.
    func outcomes(of action: Action, in state: State) -> [Outcome<State>]
}

/// One thing that an action can lead to.
public struct Outcome<State: Sendable>: Sendable {
    /// The chance of this outcome, 0...1.
    public var probability: Double
    /// The state that follows; where ``result`` ends the episode, the state that it ends in.
    public var state: State
    /// Reward and performance of the step, and whether the episode ends with it.
    public var result: StepResult

    /// What happens with `probability`, by default for certain.
    @inlinable public init(probability: Double = 1, state: State, result: StepResult) {
        self.probability = probability
        self.state = state
        self.result = result
    }
}

/// A world whose states a network can read.
public protocol NumericWorld: World {
    /// The shape of ``features(of:)``, for example [3, 7, 7] for planes of rows and columns, or [4] for plain numbers.
    var featureShape: [Int] { get }
    /// `observation` as numbers, row by row.
    func features(of observation: Observation) -> [Float]
}

extension NumericWorld {
    /// The number of ``features(of:)``.
    public var featureCount: Int { featureShape.reduce(1, *) }

    /// `observation` as numbers, after a check of their count.
    ///
    /// - Throws: ``WorldError`` where the world does not keep to its ``featureShape`` or gives a number that is none.
    public func checkedFeatures(of observation: Observation) throws -> [Float] {
        let features = features(of: observation)
        guard features.count == featureCount else {
            throw WorldError(
                "\(Self.self) promised observations of shape \(featureShape), which is \(featureCount) numbers, and gave "
                    + "\(features.count): a network needs the same shape at every step")
        }
        guard features.allSatisfy(\.isFinite) else {
            throw WorldError("\(Self.self) gave an observation that holds a number which is none or infinite")
        }
        return features
    }
}

/// A world, a map or a policy that cannot be used: what was found and what would be accepted.
public struct WorldError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}
