internal import Foundation
public import PlumbRecords

/// What each assumption of the takeoff model does to the year of full automation and to the years that lead there.
public struct TakeoffSensitivity: SettingGroup {
    @Setting("Decades by which computation, gaps, ceilings and amounts are lowered and raised.", 0.001...10)
    public var decades = 1.0
    @Setting("Factor by which returns, exponents and growths are divided and multiplied.", 1.001...10)
    public var factor = 1.25

    /// One decade, and a quarter.
    public init() {}

    /// The swings of one measure of the history, largest first.
    ///
    /// - Parameters:
    ///   - world: what is held otherwise.
    ///   - measure: of a history, in years; `nil` where it has none, which leaves an end without a number.
    ///   - checkpoint: called before each run.
    /// - Throws: ``GovernanceError`` where the world cannot be run; what `checkpoint` throws.
    public func swings(
        _ world: TakeoffAssumptions, checkpoint: () throws -> Void, measure: (TakeoffPath) -> Double?
    ) throws -> [Swing] {
        let center = measure(try TakeoffModel(world).run()) ?? .nan
        var swings: [Swing] = []
        func add(_ name: String, _ changed: (Double) -> TakeoffAssumptions) throws {
            let ends = try [-1.0, 1].map { side in
                try checkpoint()
                // An end that no world can have, such as a run larger than all chips, has no number.
                guard let model = try? TakeoffModel(changed(side)) else { return Double.nan }
                return (measure(model.run()) ?? .nan) - center
            }
            swings.append(Swing(assumption: name, low: ends[0], high: ends[1]))
        }
        for (name, path) in Self.amounts {
            try add(name) { side in
                var changed = world
                changed[keyPath: path] *= side < 0 ? 1 / pow(10, decades) : pow(10, decades)
                return changed
            }
        }
        for (name, path) in Self.rates {
            try add(name) { side in
                var changed = world
                changed[keyPath: path] *= side < 0 ? 1 / factor : factor
                return changed
            }
        }
        func size(_ swing: Swing) -> Double { swing.size.isNaN ? .infinity : swing.size }
        return swings.sorted { size($0) > size($1) }
    }

    private static var amounts: [(String, WritableKeyPath<TakeoffAssumptions, Double>)] {
        [
            ("training requirement", \.trainingRequirement), ("training gap", \.trainingGap),
            ("running requirement", \.runtimeRequirement), ("hardware's ceiling", \.hardwareCeiling),
            ("software's ceiling", \.softwareCeiling), ("money cap before wake-up", \.moneyCap),
        ]
    }

    private static var rates: [(String, WritableKeyPath<TakeoffAssumptions, Double>)] {
        [
            ("returns to hardware research", \.hardwareReturns), ("returns to software research", \.softwareReturns),
            ("parallelization", \.parallelization), ("trade-off of training and running", \.tradeoff),
            ("substitution among tasks", \.laborSubstitution), ("wake-up trigger", \.wakeTrigger),
            ("growth of compute spending after wake-up", \.computeSpending[1]),
            ("growth of training's share after wake-up", \.trainingShare[1]),
        ]
    }
}
