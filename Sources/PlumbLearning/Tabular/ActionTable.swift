internal import PlumbBasics
public import PlumbTensor

/// The value of every action in every observation met so far: Q(o, a), [rows][A].
public struct ActionTable<Observation: Hashable & Sendable>: Sendable {
    /// A.
    public let actions: Int
    /// The value of what was not tried.
    public let initial: Double
    @usableFromInline var index: [Observation: Int] = [:]
    @usableFromInline var values: [Double] = []

    /// An empty table.
    public init(actions: Int, initial: Double = 0) {
        require(actions > 0, "a table needs actions")
        (self.actions, self.initial) = (actions, initial)
    }

    /// The number of observations met.
    public var count: Int { index.count }

    /// The row of `observation`, which is made where there is none.
    @inlinable public mutating func row(_ observation: Observation) -> Int {
        if let known = index[observation] { return known }
        let row = index.count
        index[observation] = row
        values.append(contentsOf: repeatElement(initial, count: actions))
        return row
    }

    /// A value by its row.
    @inlinable public subscript(row: Int, action: Int) -> Double {
        get { values[row * actions + action] }
        set { values[row * actions + action] = newValue }
    }

    /// The values of a row, [A].
    @inlinable public func values(inRow row: Int) -> ArraySlice<Double> {
        values[row * actions..<(row + 1) * actions]
    }

    /// The values of an observation, [A]; nil where it was never met.
    public func values(of observation: Observation) -> [Double]? { index[observation].map { Array(values(inRow: $0)) } }

    /// The best action of a row; equals are drawn from.
    @inlinable public func best(inRow row: Int, using random: inout RandomKey.Generator) -> Int {
        var (best, equals) = (0, 1)
        for action in 1..<max(1, actions) {
            if self[row, action] > self[row, best] {
                (best, equals) = (action, 1)
            } else if self[row, action] == self[row, best] {
                equals += 1
                if random.index(below: equals) == 0 { best = action }
            }
        }
        return best
    }

    /// The best action for an observation; one that was never met gets any action.
    public func best(_ observation: Observation, using random: inout RandomKey.Generator) -> Int {
        index[observation].map { best(inRow: $0, using: &random) } ?? random.index(below: actions)
    }
}
