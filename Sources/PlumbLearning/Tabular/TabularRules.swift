internal import PlumbBasics

/// What a table learns an action's value from: the reward, and what it says itself about the next observation.
///
/// Q(o, a) ← Q(o, a) + α (target - Q(o, a)); the rules differ in the target.
public protocol TabularRule: Sendable {
    /// The target where the episode goes on.
    ///
    /// - Parameters:
    ///   - reward: r, what the step gave.
    ///   - discount: γ.
    ///   - next: the values in the next observation, [A].
    ///   - chosen: the action that comes next.
    func target(reward: Double, discount: Double, next: ArraySlice<Double>, chosen: Int) -> Double
}

extension TabularRule {
    /// A value moved toward its target: v + α (target - v).
    @inlinable public static func moved(_ value: Double, towards target: Double, rate: Double) -> Double {
        value + rate * (target - value)
    }
}

/// r + γ max Q(o', a'): learns the values of the best policy whatever the agent does (Watkins and Dayan 1992,
/// *Q-learning*).
public struct QLearning: TabularRule {
    /// Q-learning; it has no settings.
    public init() {}

    /// r + γ times the value that the rule takes for the next observation.
    @inlinable public func target(reward: Double, discount: Double, next: ArraySlice<Double>, chosen: Int) -> Double {
        var best = -Double.infinity
        for value in next where value > best { best = value }
        return reward + discount * best
    }
}

/// r + γ Q(o', a') of the action that comes next: learns the values of the policy that is followed, exploration included
/// (Rummery and Niranjan 1994, *On-Line Q-Learning Using Connectionist Systems*).
public struct Sarsa: TabularRule {
    /// SARSA; it has no settings.
    public init() {}

    /// r + γ times the value that the rule takes for the next observation.
    @inlinable public func target(reward: Double, discount: Double, next: ArraySlice<Double>, chosen: Int) -> Double {
        reward + discount * next[next.startIndex + chosen]
    }
}

/// A number in 0...1 in the course of training, such as a chance of exploring or a learning rate: from one value to
/// another in a straight line, then constant.
public struct LinearSchedule: Sendable, Hashable, Codable {
    /// The value at the beginning, 0...1.
    public var first: Double
    /// The value at the end, 0...1.
    public var last: Double
    /// The part of training after which it is constant.
    public var duration: Double

    /// - Precondition: values in 0...1 and a duration in (0, 1].
    public init(from first: Double, to last: Double, over duration: Double = 1) {
        require(
            (0...1).contains(first) && (0...1).contains(last) && duration > 0 && duration <= 1,
            "a schedule goes between values in 0...1 over a part of training, got \(first), \(last), \(duration)")
        (self.first, self.last, self.duration) = (first, last, duration)
    }

    /// The same value throughout.
    public static func constant(_ value: Double) -> LinearSchedule { LinearSchedule(from: value, to: value) }

    /// The value after a part of training in 0...1.
    public func value(at part: Double) -> Double { first + (last - first) * min(1, part / duration) }
}
