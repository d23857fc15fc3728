internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

// What claims about over-optimization compare with thresholds.

extension OveroptimizationResults {
    private static func whole(_ name: String, _ unit: String = "") -> Quantity {
        Quantity(name, unit: unit, per: "run")
    }

    /// n at the peak of the mean curve of rewards learned from m comparisons.
    public static func bestN(_ m: Int) -> Quantity { whole("best_n_with_\(m)_comparisons") }
    /// The highest gold reward of that curve less its last.
    public static func fall(_ m: Int) -> Quantity { whole("fall_with_\(m)_comparisons") }
    /// The smallest rise of the gold reward from one n to the next where extremes cost nothing.
    public static func costlessRise(_ m: Int) -> Quantity { whole("smallest_rise_without_cost_\(m)") }
    /// The smallest gain in place or height of the peak from one number of comparisons to the next.
    public static let peakGain = whole("smallest_peak_gain")
    /// The smallest rise from one n to the next where answers are chosen by the gold reward.
    public static let idealRise = whole("smallest_rise_by_gold_reward")
    /// The smallest rise of the learned reward from one n to the next.
    public static let rise = whole("smallest_rise_of_learned_reward")
    /// Steps in which the learned reward rises and the gold reward falls: the fewest over numbers of comparisons.
    public static let diverging = whole("diverging_steps", "steps")
    /// The same where extremes cost nothing: the most over numbers of comparisons.
    public static let costlessDiverging = whole("diverging_steps_without_cost", "steps")
    /// The greatest mean gold reward where answers are chosen by a reward learned from shuffled labels.
    public static let shuffledGold = whole("greatest_gold_shuffled_labels")
    /// How much later the worst member of an ensemble peaks: the least lower end over numbers of comparisons.
    public static let worstDelay = whole("least_delay_worst", "doublings of n")
    /// The same for an ensemble's mean less some of its standard deviations.
    public static let cautiousDelay = whole("least_delay_cautious", "doublings of n")
    /// How far the ensemble's mean moves the peak, in either direction: the most over numbers of comparisons.
    public static let meanDelay = whole("greatest_delay_mean", "doublings of n")

    /// Notes the values of these quantities.
    public func measure(_ measured: inout Measurements) {
        let counts = study.counts
        for m in counts {
            measured.set(Self.bestN(m), bestN(m))
            measured.set(Self.fall(m), fall(m))
            measured.set(Self.costlessRise(m), smallestRise(gold(m, \.costless)))
        }
        measured.set(Self.peakGain, smallestPeakGain)
        measured.set(Self.idealRise, smallestRise(ideal))
        measured.set(Self.rise, Statistics.least(counts.map { smallestRise(proxy($0, \.single)) }))
        measured.set(Self.diverging, Statistics.least(counts.map { divergingSteps($0, \.single) }))
        measured.set(Self.costlessDiverging, Statistics.greatest(counts.map { divergingSteps($0, \.costless) }))
        measured.set(Self.shuffledGold, Statistics.greatest(counts.flatMap { gold($0, \.shuffled).mean }))
        setLeastDelay(Self.worstDelay, \.worst, &measured)
        setLeastDelay(Self.cautiousDelay, \.cautious, &measured)
        measured.set(Self.meanDelay, Statistics.greatest(counts.map { abs(delay($0, \.mean).doublings) }))
    }

    private func setLeastDelay(_ quantity: Quantity, _ choice: Choice, _ measured: inout Measurements) {
        let ends = study.counts.compactMap { delay($0, choice).interval?.lower }
        if ends.count == study.counts.count {
            measured.set(quantity, Statistics.least(ends))
        } else {
            measured.leave(
                quantity,
                because: "an interval needs \(Measurements.fewestForInterval) tasks, there are \(tasks.count)")
        }
    }

    private static let headlines: Set = ["peak"]

    /// Peak, height, delays and directions of rewards learned from m comparisons.
    public func metrics(_ m: Int, _ measured: Measurements) -> [Metric] {
        func mean(_ name: String, _ values: [Double]) -> Metric {
            measured.metric(Quantity("\(name)_\(m)", per: "task"), values)
        }
        func metric(_ name: String, _ value: Double, _ unit: String, _ interval: Interval?) -> Metric {
            Metric(
                "\(name)_\(m)", value, unit: unit, interval: interval, n: tasks.count, seeds: measured.seeds,
                isHeadline: m == study.counts.last && Self.headlines.contains(name))
        }
        func delayed(_ name: String, _ choice: Choice) -> Metric {
            let delay = delay(m, choice)
            return metric("delay_\(name)", delay.doublings, "doublings", delay.interval)
        }
        let (gold, peak) = (gold(m, \.single), peak(m))
        return [
            metric("peak", peak.n, "n", peak.interval), mean("cosine", outcomes(m).map(\.cosine)),
            metric("gold_at_peak", Statistics.greatest(gold.mean), "", nil),
            mean("gold_at_\(study.sizes.last ?? 1)", gold.curves.map { $0.last ?? .nan }),
            delayed("worst", \.worst), delayed("cautious", \.cautious), delayed("mean", \.mean),
            mean("cosine_shuffled", outcomes(m).map(\.shuffledCosine)),
        ]
    }
}
