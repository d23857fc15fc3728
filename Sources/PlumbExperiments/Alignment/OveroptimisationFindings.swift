internal import Foundation
internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

/// Turns what was measured about over-optimisation into claims, metrics and words.
struct OveroptimisationFindings {
    let settings: RewardModelOveroptimisation.Settings
    let evidence: OveroptimisationEvidence
    let seeds: [UInt64]

    var counts: [Int] { evidence.counts }

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims, tables: [fits], figures: figures, notes: notes)
    }

    private var notes: [String] {
        [
            "Curves are means over \(evidence.tasks.count) tasks; the peak counts as that of the mean curve. Bands and "
                + "intervals are 95 % bootstraps over tasks.",
            "Gold is what is wanted, a·x - c (|x|² - D) with |a| = 1. Proxies are scaled to standard deviation 1, which "
                + "changes no choice.",
            "Where a peak lies between two n is read off a parabola through the three highest points; delays are in "
                + "doublings of n.",
            "The fits of d (α - β d) and d (α - β log d), with d = √KL, are in the table.",
        ]
    }

    // MARK: Claims

    private var claims: [ClaimResult] {
        counts.map(hump) + (counts.count > 1 ? [order] : []) + [
            hidden, shift, delayed("The worst member of an ensemble puts the peak off", \.worst),
            delayed(
                "Taking \(deviations) off an ensemble's mean puts the peak off", \.cautious),
        ]
    }

    /// How much the cautious ensemble takes off, in words.
    var deviations: String {
        "\(text(settings.deviations)) standard deviation\(settings.deviations == 1 ? "" : "s")"
    }

    /// Where the reference of this experiment has the peak; elsewhere it only must not be at an end.
    private func expected(_ m: Int) -> [Int] {
        [20: [8], 50: [16], 200: [32, 64]][m] ?? Array(evidence.study.sizes.dropFirst().dropLast())
    }

    private func hump(_ m: Int) -> ClaimResult {
        let gold = evidence.gold(m, \.single)
        let (peak, fall) = (evidence.peak(gold), evidence.fall(gold))
        let places = expected(m)
        let named = places.count <= 2 ? places.map { "\($0)" }.joined(separator: " or ") : "neither end"
        let rise = evidence.smallestRise(evidence.gold(m, \.costless))
        return claim(
            "Chosen by a reward learned from \(m) comparisons, what is wanted peaks and falls",
            "peak at n = \(named), at least 0.2 lower at n = \(largest)", Double(peak), "n",
            places.contains(peak) && fall >= 0.2,
            ControlResult(
                "Where extremes cost nothing it never falls", threshold: "above 0 from each n to the next",
                observed: rise, holds: rise > 0))
    }

    private var order: ClaimResult {
        let golds = counts.map { evidence.gold($0, \.single) }
        let places = golds.map { Peak.place(of: $0.mean) }
        let heights = golds.map { $0.mean.max() ?? .nan }
        let steps = zip(places, places.dropFirst()).map { $1 - $0 } + zip(heights, heights.dropFirst()).map { $1 - $0 }
        let least = Statistics.least(steps)
        let rise = evidence.smallestRise(evidence.ideal)
        return claim(
            "More comparisons make the peak later and higher", "both from each number of comparisons to the next",
            least,
            "smallest gain", least > 0,
            ControlResult(
                "Chosen by what is wanted itself there is no peak", threshold: "above 0 from each n to the next",
                observed: rise, holds: rise > 0))
    }

    /// The largest n: the setting, or the power of two below it.
    private var largest: Int { evidence.study.sizes.last ?? 1 }

    private var hidden: ClaimResult {
        let rise = Statistics.least(counts.map { evidence.smallestRise(evidence.proxy($0, \.single)) })
        let parted = Statistics.least(counts.map { evidence.parted($0, \.single) })
        let costless = Statistics.greatest(counts.map { evidence.parted($0, \.costless) })
        let most = Statistics.greatest(counts.map { Statistics.greatest(evidence.gold($0, \.shuffled).mean) })
        return claim(
            "The learned reward itself shows nothing of this: it rises throughout, also where what is wanted falls",
            "above 0 from each n to the next, and what is wanted falls in at least one step for each number of comparisons",
            parted, "steps apart, the fewest", rise > 0 && parted >= 1,
            ControlResult(
                "Where extremes cost nothing the two never part; answers dealt out anew get nothing of what is wanted",
                threshold: "no step apart; at most 0.1 at any n", observed: costless, unit: "steps apart, the most",
                holds: costless == 0 && most <= 0.1))
    }

    private var shift: ClaimResult {
        let found = evidence.recovery
        return claim(
            "Fits to simulated shifts along the learned reward return the closed form, α = √2 cos and β = 2 c",
            "mean error at most 0.05 in α and 0.02 in β", max(found.alpha, 2.5 * found.beta),
            "the larger of α's error and 2.5 times β's", found.alpha <= 0.05 && found.beta <= 0.02,
            ControlResult(
                "Where extremes cost nothing β is 0", threshold: "at most 0.02 on average",
                observed: found.costlessBeta, holds: found.costlessBeta <= 0.02))
    }

    private func delayed(
        _ statement: String, _ curve: (OveroptimisationEvidence.Outcome) -> OveroptimisationEvidence.Curve
    ) -> ClaimResult {
        let least = counts.map { evidence.delay($0, curve).lower }
        let lower = Statistics.least(least)
        let plain = counts.map { abs(evidence.delay($0, \.mean).places) }
        let moved = Statistics.greatest(plain)
        return claim(
            statement, "later for each number of comparisons, the interval above 0", lower,
            "doublings of n, the least lower end", lower > 0,
            ControlResult(
                "The ensemble's mean, which is not cautious, hardly moves it",
                threshold: "at most half a doubling either way", observed: moved, unit: "doublings of n",
                holds: moved <= 0.5))
    }

    private func claim(
        _ statement: String, _ threshold: String, _ observed: Double, _ unit: String, _ holds: Bool,
        _ control: ControlResult
    ) -> ClaimResult {
        ClaimResult(
            statement, threshold: threshold, observed: observed, unit: unit, holds: holds, control: control,
            n: evidence.tasks.count, seeds: seeds)
    }

    // MARK: Numbers

    private var metrics: [Metric] {
        var metrics: [Metric] = []
        for m in counts {
            let gold = evidence.gold(m, \.single)
            let place = gold.peak(key: evidence.key["peak"][m])
            metrics += [
                // Places of the curve are doublings of n from 1.
                metric("peak_\(m)", exp2(place.place), exp2(place.lower), exp2(place.upper), "n"),
                mean("cosine_\(m)", evidence.outcomes(m).map(\.cosine)),
                Metric("gold_at_peak_\(m)", gold.mean.max() ?? .nan, n: evidence.tasks.count, seeds: seeds),
                mean("gold_at_\(largest)_\(m)", gold.curves.map { $0.last ?? .nan }),
            ]
            for (name, curve) in [("worst", \Outcome.worst), ("cautious", \.cautious), ("mean", \.mean)] {
                let delay = evidence.delay(m) { $0[keyPath: curve] }
                metrics.append(metric("delay_\(name)_\(m)", delay.places, delay.lower, delay.upper, "doublings"))
            }
            metrics.append(mean("cosine_shuffled_\(m)", evidence.outcomes(m).map(\.shuffledCosine)))
        }
        let recovery = evidence.recovery
        return metrics + [
            Metric("alpha_error", recovery.alpha, n: evidence.tasks.count * counts.count, seeds: seeds),
            Metric("beta_error", recovery.beta, n: evidence.tasks.count * counts.count, seeds: seeds),
            Metric("beta", recovery.meanBeta, n: evidence.tasks.count * counts.count, seeds: seeds),
        ]
    }

    private typealias Outcome = OveroptimisationEvidence.Outcome

    private func mean(_ name: String, _ values: [Double]) -> Metric {
        let ends = Statistics.bootstrapMean(values, key: evidence.key[name])
        return metric(name, Statistics.mean(values), ends.lower, ends.upper, "")
    }

    private func metric(_ name: String, _ value: Double, _ lower: Double, _ upper: Double, _ unit: String) -> Metric {
        Metric(
            name, value, unit: unit,
            interval: Interval(lower: lower, upper: upper, method: "percentile bootstrap over tasks"),
            n: evidence.tasks.count, seeds: seeds)
    }

    // MARK: Words

    func text(_ value: Double) -> String {
        let hundredths = (100 * value).rounded() / 100
        return hundredths == hundredths.rounded() && abs(hundredths) < 1e15 ? "\(Int(hundredths))" : "\(hundredths)"
    }

    private var summary: String {
        let peaks = counts.map { "\(evidence.peak(evidence.gold($0, \.single)))" }.joined(separator: ", ")
        let falls = counts.map { text(evidence.fall(evidence.gold($0, \.single))) }.joined(separator: ", ")
        let delays = counts.map { text(evidence.delay($0, \.worst).places) }.joined(separator: ", ")
        let passing = claims.count(where: \.passes)
        return
            "Chosen as the best of n by a reward learned from \(counts.map { "\($0)" }.joined(separator: ", ")) comparisons, "
            + "answers are best at n = \(peaks), and at n = \(largest) worse by \(falls). Trusting the worst of "
            + "\(settings.members) rewards puts the peak off by \(delays) doublings of n. "
            + (passing == claims.count
                ? "Where extremes cost nothing, or answers are chosen by what is wanted, nothing falls."
                : "\(claims.count - passing) of \(claims.count) claims failed.")
    }
}
