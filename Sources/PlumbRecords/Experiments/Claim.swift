/// A sentence that an experiment puts to the test, declared before the run: what is measured, the threshold, the rule over
/// seeds, and the control, the measurement in which the effect must not appear.
///
/// ```swift
/// Claim(.worst, "The trigger makes the model harmful", attack, .atLeast(0.99),
///       control: "Prompts without the trigger, answered harmfully", benign, .atMost(0.01))
/// ```
///
/// The text of the threshold, the verdict, the card's hypothesis and control, and `plumb show` come from this
/// declaration. A run supplies ``Measurements`` only, so no result can move a threshold.
public struct Claim: Sendable {
    /// What is measured and what it must be.
    public struct Criterion: Sendable {
        /// How the values become one number.
        public let rule: SeedRule
        /// What is measured.
        public let quantity: Quantity
        /// What it must be.
        public let bound: Bound

        /// The threshold in words, for example "at least 0.99 in every seed".
        var text: String {
            let bound = bound.text(quantity.unit)
            return switch rule {
            case .value: bound
            case .mean: "\(bound) on average over \(quantity.sample)s"
            case .worst: "\(bound) in every \(quantity.sample)"
            case .each(let allowed): "\(bound) in every \(quantity.sample) but at most \(allowed)"
            }
        }

        /// The number compared with the bound; `nil` where the values hold none, or one that is not a number.
        func observed(_ values: [Double]) -> Double? {
            guard !values.isEmpty, !values.contains(where: \.isNaN) else { return nil }
            let sorted = values.sorted { bound.badness($0) > bound.badness($1) }
            return switch rule {
            case .mean: values.reduce(0, +) / Double(values.count)
            case .worst, .value: sorted[0]
            case .each(let allowed): sorted[min(max(0, allowed), sorted.count - 1)]
            }
        }
    }

    /// The sentence, without its threshold.
    public let statement: String
    /// What must hold for it; the first is the number that the record shows.
    public private(set) var criteria: [Criterion]
    /// Where the effect must not appear.
    public let control: String
    /// What must hold there.
    public private(set) var controlCriteria: [Criterion]

    /// - Parameters:
    ///   - rule: how values over seeds become one number; also for the control, unless `controlRule` says otherwise.
    ///   - statement: a sentence without its threshold and without a full stop.
    ///   - quantity: what is measured.
    ///   - bound: what it must be.
    ///   - control: where the effect must not appear, as a sentence without a full stop.
    ///   - controlQuantity: what is measured there.
    ///   - controlBound: what it must be there.
    public init(
        _ rule: SeedRule, _ statement: String, _ quantity: Quantity, _ bound: Bound,
        control: String, _ controlQuantity: Quantity, _ controlBound: Bound, controlRule: SeedRule? = nil
    ) {
        self.statement = statement
        self.control = control
        criteria = [Criterion(rule: rule, quantity: quantity, bound: bound)]
        controlCriteria = [Criterion(rule: controlRule ?? rule, quantity: controlQuantity, bound: controlBound)]
    }

    /// The claim with a further criterion, which must hold too, by the first criterion's rule.
    public func and(_ quantity: Quantity, _ bound: Bound) -> Claim { and(criteria[0].rule, quantity, bound) }

    /// The claim with a further criterion, which must hold too.
    public func and(_ rule: SeedRule, _ quantity: Quantity, _ bound: Bound) -> Claim {
        var claim = self
        claim.criteria.append(Criterion(rule: rule, quantity: quantity, bound: bound))
        return claim
    }

    /// The claim with a further criterion of its control, which must hold too, by the control's first rule.
    public func controlAnd(_ quantity: Quantity, _ bound: Bound) -> Claim {
        controlAnd(controlCriteria[0].rule, quantity, bound)
    }

    /// The claim with a further criterion of its control, which must hold too.
    public func controlAnd(_ rule: SeedRule, _ quantity: Quantity, _ bound: Bound) -> Claim {
        var claim = self
        claim.controlCriteria.append(Criterion(rule: rule, quantity: quantity, bound: bound))
        return claim
    }

    /// The thresholds of the claim in words.
    public var threshold: String { Self.text(criteria) }
    /// The thresholds of the control in words.
    public var controlThreshold: String { Self.text(controlCriteria) }

    private static func text(_ criteria: [Criterion]) -> String {
        let names = criteria.count > 1
        return criteria.map { names ? "\($0.quantity.name.replacing("_", with: " ")) \($0.text)" : $0.text }
            .joined(separator: "; ")
    }

    /// The claim's verdict on what was measured.
    public func result(_ measured: Measurements) -> ClaimResult {
        let (claim, control) = (outcome(criteria, measured), outcome(controlCriteria, measured))
        let first = criteria[0].quantity
        return ClaimResult(
            statement, threshold: threshold, observed: claim.observed, unit: first.unit, holds: claim.holds,
            control: ControlResult(
                self.control, threshold: controlThreshold, observed: control.observed,
                unit: controlCriteria[0].quantity.unit, holds: control.holds),
            reason: claim.reason ?? control.reason, n: measured[first].count,
            seeds: first.sample == "seed" && criteria[0].rule != .value ? measured.seeds : nil)
    }

    private func outcome(
        _ criteria: [Criterion], _ measured: Measurements
    ) -> (observed: Double?, holds: Bool?, reason: String?) {
        let found = criteria.map { $0.observed(measured[$0.quantity]) }
        let reason = zip(criteria, found).first { $1 == nil }.map { measured.reason($0.0.quantity) }
        let verdicts = zip(criteria, found).map { criterion, value in value.map(criterion.bound.admits) }
        let holds = verdicts.contains(false) ? false : verdicts.contains(nil) ? nil : true
        return (found[0], holds, reason)
    }
}
