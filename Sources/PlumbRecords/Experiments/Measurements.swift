/// What a run measured: for each quantity one value a seed, pair or task, in their order.
public struct Measurements: Sendable {
    /// The seeds of the run's trials, in the order of the values.
    public let seeds: [UInt64]
    private var values: [Quantity: [Double]] = [:]
    private var reasons: [Quantity: String] = [:]

    /// Nothing measured yet.
    public init(seeds: [UInt64]) { self.seeds = seeds }

    /// The values of a quantity; empty where it was not measured.
    public subscript(_ quantity: Quantity) -> [Double] {
        get { values[quantity] ?? [] }
        set { values[quantity] = newValue }
    }

    /// Notes one value of the whole run.
    public mutating func set(_ quantity: Quantity, _ value: Double) { values[quantity] = [value] }

    /// Notes one value of the whole run, or why there is none, as a sentence without a full stop.
    public mutating func set(_ quantity: Quantity, _ value: Double?, because reason: @autoclosure () -> String) {
        if let value { set(quantity, value) } else { leave(quantity, because: reason()) }
    }

    /// Notes that a quantity could not be measured, and why, as a sentence without a full stop.
    public mutating func leave(_ quantity: Quantity, because reason: String) {
        values[quantity] = []
        reasons[quantity] = reason
    }

    /// Why a quantity has no number.
    public func reason(_ quantity: Quantity) -> String {
        if let reason = reasons[quantity] { return reason }
        let name = quantity.name.replacing("_", with: " ")
        let found = self[quantity]
        guard found.count > 1 else { return "\(name) could not be measured" }
        return "\(name) could not be measured in \(found.count(where: \.isNaN)) of \(found.count) \(quantity.sample)s"
    }

    /// The verdicts of claims on what was measured.
    public func results(_ claims: [Claim]) -> [ClaimResult] { claims.map { $0.result(self) } }
}
