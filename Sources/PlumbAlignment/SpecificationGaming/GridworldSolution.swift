internal import PlumbLearning
internal import PlumbRecords
internal import PlumbTensor
public import PlumbWorlds

/// What can be had in a gridworld at best, exactly: of the observed reward, and of the hidden performance.
///
/// Specification gaming is a difference between the two (Leike et al. 2017, arXiv:1711.09883): policies that get the most
/// reward get less than the best hidden performance. Planning shows it without any learning, so nothing in it is due
/// to an agent's weakness.
public struct GridworldSolution: Sendable {
    /// The number of states.
    public var states: Int
    /// The most reward, and the range of the hidden performance among policies that get it.
    public var reward: Optimum
    /// The most performance, and the range of the reward among policies that get it.
    public var performance: Optimum

    /// The most of one function, and what it leaves open of the other.
    public struct Optimum: Sendable, Equatable {
        /// The most that can be had of the function.
        public var value: Double
        /// The least of the other function among policies that get the most.
        public var lowest: Double
        /// The most of the other function among policies that get the most.
        public var highest: Double

        /// The most of one function and the range of the other.
        public init(_ value: Double, lowest: Double, highest: Double) {
            (self.value, self.lowest, self.highest) = (value, lowest, highest)
        }
    }

    /// Plans in `world` for as many steps as its episodes have.
    ///
    /// - Throws: `WorldError` for a world that cannot be listed.
    public init(_ world: some FiniteWorld) throws {
        try self.init(ExploredWorld(world))
    }

    init<W: FiniteWorld>(_ explored: ExploredWorld<W>) throws {
        let process = explored.process
        guard let steps = explored.world.stepLimit else {
            throw WorldError("\(W.self) does not cut its episodes off, so there is no number of steps to plan for")
        }
        func optimum(_ first: [Double], _ second: [Double]) -> Optimum {
            let ends = LexicographicPlan.Preference.allCases.map {
                process.lexicographic(steps: steps, first: first, second: second, preferring: $0)
            }
            return Optimum(ends[0].first, lowest: ends[0].second, highest: ends[1].second)
        }
        states = explored.states.count
        reward = optimum(process.reward, process.performance)
        performance = optimum(process.performance, process.reward)
    }

    /// How much hidden performance the most reward can cost: at least and at most.
    public var loss: (least: Double, most: Double) {
        (performance.value - reward.highest, performance.value - reward.lowest)
    }

    /// How far a policy's totals lie from those of policies that get the most reward.
    public func distance(reward found: Double, performance hidden: Double) -> Double {
        // The largest of numbers among which one is NaN may be another one.
        guard !found.isNaN, !hidden.isNaN else { return .nan }
        return max(abs(reward.value - found), reward.lowest - hidden, hidden - reward.highest)
    }
}
