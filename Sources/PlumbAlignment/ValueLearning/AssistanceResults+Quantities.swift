public import PlumbRecords
internal import PlumbTensor

// What claims about both games compare with thresholds.

extension AssistanceResults {
    private static func whole(_ name: String) -> Quantity { Quantity(name, per: "run") }

    /// The largest distance of a mean incentive, over seeds, from the closed form for a rational human.
    public static let incentiveDeviation = whole("incentive_deviation")
    /// The same distance in each seed, in standard errors.
    public static let incentiveErrors = Quantity("incentive_deviation_errors", unit: "standard errors")
    /// The least incentive to wait for a rational human, exact or played.
    public static let leastIncentive = whole("least_incentive")
    /// The incentive to wait for a human of temperature 4, at an expected utility of 1.
    public static let noisyIncentive = Quantity("noisy_human_incentive")
    /// The incentive to wait for a rational human, at an expected utility of 1.
    public static let rationalIncentive = Quantity("rational_human_incentive")
    /// The largest distance of a noisy human's game from its integral, in standard errors.
    public static let noisyErrors = Quantity("noisy_incentive_deviation", unit: "standard errors")
    /// What best responses earn together.
    public static let teachingValue = whole("teaching_value")
    /// What demonstration by an expert earns.
    public static let demonstrationValue = whole("demonstration_value")
    /// What best responses earn with a robot that knows θ.
    public static let informedValue = whole("known_theta_value")
    /// What teaching gains over demonstration with a robot that cannot make some of both.
    public static let limitedGain = whole("teaching_gain_of_limited_robot")
    /// The larger distance of the searched values from their closed forms.
    public static let closedFormDeviation = whole("search_deviation")
    /// The largest distance of the played supplies game from its closed form, in standard errors.
    public static let suppliesErrors = Quantity("supplies_deviation", unit: "standard errors")
    /// What teaching gained over demonstration on the same draws of θ.
    public static let teachingGain = Quantity("teaching_gain_played", isHeadline: true)

    /// Notes the values of these quantities.
    public func measure(_ measured: inout Measurements) {
        let (rational, noisy) = (rational, noisy)
        measured.set(Self.incentiveDeviation, Statistics.greatest(rational.map { abs($0.played - $0.exact) }))
        measured[Self.incentiveErrors] = largestErrors(rational)
        measured.set(Self.leastIncentive, Statistics.least(rational.flatMap { [$0.exact, $0.played] }))
        measured[Self.noisyIncentive] = outcomes.map { $0.noisy.last?.incentive ?? .nan }
        measured[Self.rationalIncentive] = outcomes.map { played in
            zip(AssistanceGames.means, played.rational).first { $0.0 == 1 }?.1.incentive ?? .nan
        }
        measured[Self.noisyErrors] = largestErrors(noisy)
        measured.set(Self.teachingValue, search.value)
        measured.set(Self.demonstrationValue, search.demonstration)
        measured.set(Self.informedValue, game.informedValue)
        measured.set(Self.limitedGain, limited.value - limited.demonstration)
        measured.set(Self.closedFormDeviation, searchDeviation)
        measured[Self.suppliesErrors] = suppliesErrors
        measured[Self.teachingGain] = outcomes.map { $0.supplies.first - $0.supplies.second }
    }
}

extension AssistanceResults {
    /// What both games show, with the closed forms as thresholds.
    public static let claims = [
        Claim(
            .value, "An uncertain robot gains by waiting for a rational human, as much as the closed form says",
            incentiveDeviation, .atMost(0.005),
            control: "Waiting for a very noisy human (temperature 4, expected utility 1) costs it, as much as the "
                + "integral says", noisyIncentive, .atMost(-0.3), controlRule: .worst
        ).and(.value, leastIncentive, .above(0)).and(.worst, incentiveErrors, .atMost(4))
            .controlAnd(.worst, noisyErrors, .atMost(4)),
        Claim(
            .value,
            "Best responses find the teaching policy, which earns more than demonstrating, as the closed forms "
                + "and play say", teachingValue, .within(0.01, of: 69.272),
            control: "Teaching gains nothing if the robot cannot make some of both", limitedGain,
            .within(0.01, of: 0)
        ).and(.value, demonstrationValue, .within(0.01, of: 69))
            .and(.value, closedFormDeviation, .atMost(0.01)).and(.worst, suppliesErrors, .atMost(4)),
    ]
}
