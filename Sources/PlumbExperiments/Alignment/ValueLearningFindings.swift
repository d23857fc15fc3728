internal import Foundation
internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

/// Turns recovered rewards and played games into claims, metrics and figures.
struct ValueLearningFindings {
    let settings: ValueLearning.Settings
    let evidence: ValueLearningEvidence
    let seeds: OverSeeds

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims, tables: [games],
            figures: [lossCurve, correlationCurve, rewards, incentives, supplies],
            notes: [
                "What acting on a recovered reward loses is (V* - V) / (V* - V of random actions) on the true reward: 0 for "
                    + "the best policy, 1 for random actions.",
                "A recovered reward is acted on by the policy that is best for it. The demonstrator itself, which errs, "
                    + "loses \(text(Statistics.mean(evidence.outcomes.map(\.inverse.demonstratorLoss)), 2)).",
                "The robot of the off-switch game believes the utility of acting to be normal with deviation 1; waiting "
                    + "and deciding alone are played on the same utilities.",
            ])
    }

    // MARK: Claims

    private var claims: [ClaimResult] {
        [lossClaim, ratioClaim, correlationClaim, offSwitchClaim, noisyClaim, suppliesClaim]
    }

    private var lossClaim: ClaimResult {
        let (loss, random) = (evidence.ends(evidence.losses).many, evidence.ends(evidence.randomLosses).many)
        return seeds.claim(
            "Acting on the reward recovered from \(settings.demonstrations) demonstrations loses next to nothing",
            "at most 0.02, mean over grids", loss, holds: loss <= 0.02,
            ControlResult(
                "Recovered from as many by a demonstrator that acts at random", threshold: "at least 0.8",
                observed: random, holds: random >= 0.8))
    }

    private var ratioClaim: ClaimResult {
        let (losses, random) = (evidence.ends(evidence.losses), evidence.ends(evidence.randomLosses))
        let (ratio, randomRatio) = (losses.many / losses.few, random.many / random.few)
        return seeds.claim(
            "More demonstrations leave less to lose: \(settings.demonstrations) against \(evidence.counts.first ?? 0)",
            "at most a third, ratio of means over grids", ratio, holds: ratio <= 1.0 / 3,
            ControlResult(
                "The same ratio for the random demonstrator", threshold: "at least two thirds", observed: randomRatio,
                holds: randomRatio >= 2.0 / 3))
    }

    private var correlationClaim: ClaimResult {
        let correlation = evidence.ends(evidence.correlations)
        let random = abs(evidence.ends(evidence.randomCorrelations).many)
        return seeds.claim(
            "The recovered reward comes to resemble the true one",
            "correlation at least 0.7 at the most demonstrations, and higher than at the fewest", correlation.many,
            holds: correlation.many >= 0.7 && correlation.many > correlation.few,
            ControlResult(
                "Recovered from the random demonstrator", threshold: "between -0.2 and 0.2", observed: random,
                holds: random <= 0.2))
    }

    private var offSwitchClaim: ClaimResult {
        let distances = evidence.rational.map { abs($0.played - $0.exact) }
        let errors = evidence.rational.map(\.standardErrors)
        let distance = ValueLearningEvidence.worst(distances)
        return seeds.claim(
            "A robot that is unsure gains by waiting for a rational human, as much as the closed form says",
            "every mean over seeds within 0.005, every seed within 4 standard errors, all incentives above 0", distance,
            holds: distance <= 0.005 && ValueLearningEvidence.worst(errors) <= 4
                && evidence.rational.allSatisfy { $0.exact > 0 && $0.played > 0 },
            ControlResult(
                "A robot that is sure gains nothing, whatever it expects", threshold: "at most 0",
                observed: evidence.sure, holds: evidence.sure <= 0))
    }

    private var noisyClaim: ClaimResult {
        let cost = evidence.noisy.last?.played ?? .nan
        let errors = ValueLearningEvidence.worst(evidence.noisy.map(\.standardErrors))
        let gain = zip(ValueLearningOutcome.means, evidence.rational).first { $0.0 == 1 }?.1.played ?? .nan
        return seeds.claim(
            "Waiting for a human that errs often costs the robot: temperature 4, expected utility 1",
            "at most -0.3; all six noisy games within 4 standard errors of their integrals in every seed", cost,
            holds: cost <= -0.3 && errors <= 4,
            ControlResult(
                "Waiting for a rational human at the same expected utility gains", threshold: "above 0",
                observed: gain, holds: gain > 0))
    }

    private var suppliesClaim: ClaimResult {
        let search = evidence.search
        let isExact =
            abs(search.value - evidence.best) <= 0.01 && abs(search.demonstration - evidence.demonstration) <= 0.01
        let gap = evidence.informed.value - evidence.informed.demonstration
        return seeds.claim(
            "Best responses find the teaching policy worth \(text(evidence.best, 3)), where demonstrating is worth "
                + text(evidence.demonstration, 3),
            "both within 0.01 of 69.272 and 69.000 and of their closed forms; play within 4 standard errors in every seed",
            search.value,
            holds: isExact && abs(search.value - 69.272) <= 0.01 && abs(search.demonstration - 69) <= 0.01
                && evidence.suppliesStandardErrors <= 4,
            ControlResult(
                "What teaching gains if the robot knows what is wanted", threshold: "nothing, within 1e-9",
                observed: gap,
                holds: abs(gap) <= 1e-9))
    }

    // MARK: Numbers

    private var metrics: [Metric] {
        let counts = evidence.counts
        func each(_ name: String, _ values: [[Double]]) -> [Metric] {
            zip(counts, values).map { seeds.metric("\(name)_\($0)_demonstrations", $1) }
        }
        let gaps = evidence.outcomes.map { $0.inverse.points.last?.recovered.visitGap ?? .nan }
        let gains = evidence.outcomes.map { $0.supplies.first - $0.supplies.second }
        return each("loss", evidence.losses) + each("correlation", evidence.correlations)
            + each("random_loss", evidence.randomLosses) + each("random_correlation", evidence.randomCorrelations) + [
                seeds.metric("visit_gap_\(counts.last ?? 0)_demonstrations", gaps),
                seeds.metric("demonstrator_loss", evidence.outcomes.map(\.inverse.demonstratorLoss)),
                Metric("teaching_value", evidence.search.value),
                Metric("demonstration_value", evidence.search.demonstration),
                Metric("known_theta_value", evidence.informed.value),
                seeds.metric("teaching_gain_played", gains),
            ]
    }

    func interval(_ values: [Double], _ name: String) -> (lower: Double, upper: Double) {
        seeds.interval(name, values)
    }

    private var summary: String {
        let (losses, correlation) = (evidence.ends(evidence.losses), evidence.ends(evidence.correlations))
        let first = evidence.counts.first ?? 0
        return
            "Acting on the reward recovered from \(first) demonstrations loses \(text(100 * losses.few, 1)) % of what there "
            + "is to lose, from \(settings.demonstrations) \(text(100 * losses.many, 1)) % (correlation with the true reward "
            + "\(text(correlation.many, 2))); from a random demonstrator "
            + "\(text(100 * evidence.ends(evidence.randomLosses).many, 0)) %. A robot that expects nothing of acting, but is unsure, gains "
            + "\(text(evidence.rational.first?.played ?? .nan, 3)) by waiting for a rational human, and one that is sure "
            + "nothing. A human who teaches earns \(text(evidence.search.value, 3)) with the robot, one who demonstrates "
            + "\(text(evidence.search.demonstration, 3)). "
            + (claims.allSatisfy(\.passes) ? "All claims hold." : "Not every claim holds: see below which.")
    }

    func text(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
