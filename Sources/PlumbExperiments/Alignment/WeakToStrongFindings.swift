internal import Foundation
internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

/// Turns what was measured of students and supervisors into claims, metrics and figures.
struct WeakToStrongFindings {
    let settings: WeakToStrong.Settings
    let outcomes: [WeakToStrongStudy.Outcome]
    let seeds: OverSeeds

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims,
            figures: [.barChart(accuracies), .scatter(identity), .barChart(gaps), .barChart(networks)], notes: notes)
    }

    // MARK: Numbers

    typealias Value = (WeakToStrongStudy.Outcome) -> Double

    func mean(_ value: Value) -> Double { Statistics.mean(outcomes.map(value)) }

    func interval(_ name: String, _ value: Value) -> (lower: Double, upper: Double) {
        seeds.interval(name, outcomes.map(value))
    }

    private func metric(_ name: String, _ value: Value) -> Metric {
        seeds.metric(name, outcomes.map(value), method: "percentile bootstrap over splits, 2,000 resamples")
    }

    func points(_ kind: MisfitPoint.Kind) -> [MisfitPoint] {
        outcomes.flatMap { $0.misfits.filter { $0.kind == kind } }
    }

    /// The largest; NaN where one is none or there is nothing.
    private func largestViolation(_ kind: MisfitPoint.Kind) -> Double {
        Statistics.greatest(points(kind).map { abs($0.violation) })
    }

    private func meanViolation(_ kind: MisfitPoint.Kind) -> Double {
        Statistics.mean(points(kind).map { abs($0.violation) })
    }

    // MARK: Claims

    private var claims: [ClaimResult] {
        let lower = interval("gap_recovered", \.gap.recovered).lower
        let same = mean(\.sameCapacity.recovered)
        let better = mean { $0.gap.weakToStrong > $0.gap.weak ? 1 : 0 }
        let shuffled = mean(\.shuffled)
        let (exact, outside) = (largestViolation(.population), meanViolation(.outside))
        // Where the ceiling is not above the supervisor, a worse student would seem to recover something.
        let hasGap = outcomes.allSatisfy { $0.gap.ceiling > $0.gap.weak }
        return [
            seeds.claim(
                "The student recovers a part of the gap between its supervisor and its ceiling",
                "lower end of the mean's 95 % interval above 0, and a gap in every split", lower, "of the gap",
                holds: lower > 0 && hasGap,
                ControlResult(
                    "A student that sees what its supervisor sees", threshold: "at most 0.05 in either direction, mean",
                    observed: same, unit: "of the gap", holds: abs(same) <= 0.05)),
            seeds.claim(
                "The student is better than the supervisor whose labels it learned", "in at least 0.8 of splits",
                better,
                "of splits", holds: better >= 0.8,
                ControlResult(
                    "The accuracy that the same labels in random order teach", threshold: "at most 0.15, mean",
                    observed: shuffled, holds: shuffled <= 0.15)),
            seeds.claim(
                "In squared error the student gains what it disagrees with its supervisor: "
                    + "err(weak) = err(student) + misfit",
                "to 1e-9 of err(weak), for every supervisor", exact, "of err(weak)", holds: exact <= 1e-9,
                ControlResult(
                    "With a target that the student cannot be, the sides differ", threshold: "by at least 0.01, mean",
                    observed: outside, unit: "of err(weak)", holds: outside >= 0.01)),
        ]
    }

    private var metrics: [Metric] {
        [
            metric("gap_recovered", \.gap.recovered), metric("weak_accuracy", \.gap.weak),
            metric("student_accuracy", \.gap.weakToStrong), metric("ceiling_accuracy", \.gap.ceiling),
            metric("gap_recovered_from_scores", \.softGap.recovered),
            metric("gap_recovered_same_capacity", \.sameCapacity.recovered),
            metric("gap_recovered_same_capacity_from_scores", \.sameCapacitySoft.recovered),
            metric("shuffled_labels_accuracy", \.shuffled),
            metric("squared_error_gap_recovered") { outcome in
                let exact = outcome.misfits.first { $0.kind == .population && $0.weakLabels == settings.weakLabels }
                return exact?.recovered ?? .nan
            },
            Metric("identity_violation_population", largestViolation(.population), n: points(.population).count),
            Metric("identity_violation_fresh_inputs", meanViolation(.fresh), n: points(.fresh).count),
            Metric("identity_violation_target_outside", meanViolation(.outside), n: points(.outside).count),
            metric("network_weak_accuracy", \.network.plain.weak),
            metric("network_plain_accuracy", \.network.plain.weakToStrong),
            metric("network_confidence_accuracy", \.network.confident.weakToStrong),
            metric("network_ceiling_accuracy", \.network.plain.ceiling),
            metric("network_plain_gap_recovered", \.network.plain.recovered),
            metric("network_confidence_gap_recovered", \.network.confident.recovered),
        ]
    }

    // MARK: Sentences

    private var summary: String {
        let bounds = interval("gap_recovered", \.gap.recovered)
        let failed = claims.count { !$0.passes }
        return "A supervisor with \(settings.weakLabels) labels is right on \(percent(mean(\.gap.weak))) of pictures, "
            + "the student that it taught on \(percent(mean(\.gap.weakToStrong))), the same student with true labels on "
            + "\(percent(mean(\.gap.ceiling))): \(number(mean(\.gap.recovered))) of the gap is recovered "
            + "[\(number(bounds.lower)), \(number(bounds.upper))], and \(number(mean(\.sameCapacity.recovered))) by a "
            + "student that sees no more than its supervisor. In squared error the gain equals the misfit to "
            + String(format: "%.0e", largestViolation(.population)) + " of the supervisor's error."
            + (failed == 0 ? "" : " \(failed) of \(claims.count) claims failed.")
    }

    private var notes: [String] {
        [
            "The gap recovered is that of each split, then averaged; splits share pictures.",
            "On fresh pictures the two sides of the equation differ by \(number(meanViolation(.fresh))) of err(weak) on "
                + "average, the sampling error of the student's regression.",
            "Networks tell odd digits from even ones, because the confidence loss is one of two classes: plain "
                + "cross-entropy recovers \(number(mean(\.network.plain.recovered))) of their gap, the confidence loss "
                + "\(number(mean(\.network.confident.recovered))). No claim is made about them.",
        ]
    }

    private func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }
    private func number(_ value: Double) -> String { String(format: "%.3f", value) }
}
