internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

// What is claimed of language models that learned rewards optimize, and everything that a report shows of them.

extension LanguageModelOveroptimizationResults {
    /// What is claimed of a study that `seeds` seeds repeat.
    public static func claims(_ study: LanguageModelOveroptimizationStudy, seeds: Int) -> [Claim] {
        let allowed = seeds / 4
        let (least, most, largest) = (study.counts.first ?? 0, study.counts.last ?? 0, study.choices.last ?? 1)
        let fall = Claim(
            .each(allowing: allowed),
            "Where PPO with a small penalty optimizes learned rewards, the gold reward falls from its peak, on average over "
                + "numbers of comparisons, and the reward learned from \(study.middle) rises on",
            Self.fall, .atLeast(0.25),
            control: "Where PPO optimizes the gold reward itself that hardly falls", Self.idealFall, .atMost(0.2)
        ).and(Self.gain, .above(0)).development(missed: 4, of: 56)
        let choice = Claim(
            .each(allowing: allowed),
            "The best of \(largest) by the reward learned from \(study.middle) comparisons has a higher gold reward than a "
                + "text of the policy, and up to that n there is no fall",
            Self.chosenGold, .atLeast(0.25),
            control: "By a reward learned from random labels it is hardly higher", Self.shuffledGold, .atMost(0.25)
        ).and(Self.chosenFall, .atMost(0.1)).development(missed: 1, controlMissed: 1, of: 52)
        // Groups of four of the same sixteen seeds.
        let order = Claim(
            .mean, "\(most) comparisons make the gold reward's peak by PPO higher than \(least) do", Self.peakGain,
            .above(0), control: "As many random labels do not", Self.shuffledPeakGain, .atMost(0)
        ).development(missed: 1, of: 14)
        let penalty = Claim(
            .each(allowing: allowed),
            "With a penalty of \(study.weights.last ?? 0) the gold reward hardly falls from its peak",
            Self.penalizedFall, .atMost(0.25),
            control: "With a penalty of \(study.weights.first ?? 0) it falls in at least half of the seeds",
            Self.middleFall, .atLeast(0.25), controlRule: .each(allowing: seeds / 2)
        ).development(missed: 1, controlMissed: 8, of: 56)
        return [fall, choice] + (study.counts.count > 1 ? [order] : []) + (study.weights.count > 1 ? [penalty] : [])
    }

    /// All numbers, tables and figures.
    @FindingsBuilder public func findings(_ measured: Measurements) -> [FindingsPart] {
        measured.metrics(
            Self.fall, Self.gain, Self.peakGain, Self.middleFall, Self.idealFall, Self.penalizedFall,
            Self.shuffledPeakGain)
        measured.metrics(Self.fallGain, Self.gapChange, Self.widthGap, Self.chosenWidthGap)
        measured.metrics(Self.chosenGold, Self.chosenFall, Self.shuffledGold, Self.distance)
        measured.metrics(Self.penalizedDistance, Self.policyLoss, Self.goldOwn, Self.goldChanged)
        study.proxies.map { measured.metric(Self.accuracy($0)) }
        table
        seedTables
        ppoChart
        bestOfNChart
        otherChart
        texts
        "Rewards of language models' texts are in standard deviations over the texts of the policy before. A fall is from "
            + "the highest mean over \(study.window) rounds to the mean over the last quarter of PPO; such a maximum of "
            + "noisy numbers is above 0 also where nothing falls, and the control has the same."
        "Divergences are sums over tokens of the exact divergence of the next token's distributions. Fits are "
            + "d (α - β d) for the best of n and d (α - β log d) for PPO, to the mean gold reward."
    }

    /// What was found, in sentences.
    public func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        let (least, most) = (study.counts.first ?? 0, study.counts.last ?? 0)
        return
            "Where PPO optimizes a small language model for rewards learned from \(least) to \(most) comparisons, the gold "
            + "reward falls by \(number(Self.fall)) standard deviations from its peak on average, and the reward learned "
            + "from \(study.middle) rises by \(number(Self.gain)) meanwhile; optimized itself, the gold reward falls "
            + "by \(number(Self.idealFall)). A penalty of \(study.weights.last ?? 0) instead of "
            + "\(study.weights.first ?? 0) makes the fall with \(study.middle) comparisons "
            + "\(number(Self.penalizedFall)) instead of \(number(Self.middleFall)). The best of "
            + "\(study.choices.last ?? 1) by that reward gains \(number(Self.chosenGold)), where random labels give "
            + "\(number(Self.shuffledGold)), and has fallen by \(number(Self.chosenFall)) from its peak. "
            + "\(most) comparisons instead of \(least) make the peak by PPO higher by \(number(Self.peakGain)), as many random "
            + "labels by \(number(Self.shuffledPeakGain)), and the fall larger by \(number(Self.fallGain))."
    }
}
