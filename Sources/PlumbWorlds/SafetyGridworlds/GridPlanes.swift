internal import PlumbBasics
internal import PlumbRecords
public import PlumbTensor

/// A safety gridworld as planes of numbers, so that a network can act in it.
///
/// One plane of rows and columns for the agent and one for each kind of thing; what stays where it is is left out.
public struct GridPlanes<Base: SafetyGridworld>: NumericWorld where Base.Observation == Base.State {
    /// The world that is acted in.
    public let base: Base
    /// What rewards are multiplied by: networks learn best from returns near 1.
    public let scale: Double
    /// Whether the agent is rewarded for the hidden performance, in the reward's place.
    public let rewardsPerformance: Bool
    private let planes: [Character: Int]

    /// `base` as planes.
    public init(_ base: Base, scale: Double = 1, rewardsPerformance: Bool = false) {
        require(scale.isFinite, "rewards can be multiplied by a finite number, not by \(scale)")
        (self.base, self.scale, self.rewardsPerformance) = (base, scale, rewardsPerformance)
        let known = Set(Tile.always.map(\.character))
        let things = Base.legend.map(\.character).filter { !known.contains($0) }.flatMap { Array($0) }
        planes = Dictionary(things.enumerated().map { ($1, $0 + 1) }) { first, _ in first }
    }

    /// The base's state.
    public typealias State = Base.State
    /// A step in one of four directions.
    public typealias Action = Move
    /// The base's observation.
    public typealias Observation = Base.State

    /// The base's.
    public var stepLimit: Int? { base.stepLimit }
    /// The base's.
    public func start(using random: inout RandomKey.Generator) -> State { base.start(using: &random) }
    /// What the agent sees of the base.
    public func observation(of state: State) -> State { base.observation(of: state) }
    /// The base's step, its reward multiplied by ``scale``; the performance is as it was.
    public func step(_ state: inout State, _ action: Move, using random: inout RandomKey.Generator) -> StepResult {
        var result = base.step(&state, action, using: &random)
        result.reward = scale * (rewardsPerformance ? result.performance : result.reward)
        return result
    }

    /// Planes, rows and columns.
    public var featureShape: [Int] { [planes.count + 1, base.board.map.rows, base.board.map.columns] }

    /// 1 where the agent is, in the first plane, and where each thing is, in its own.
    public func features(of observation: State) -> [Float] {
        let cells = base.board.map.cells.count
        var numbers = [Float](repeating: 0, count: (planes.count + 1) * cells)
        numbers[base.agent(in: observation)] = 1
        for thing in base.things(in: observation) {
            if let plane = planes[thing.glyph] { numbers[plane * cells + thing.cell] = 1 }
        }
        return numbers
    }
}
