internal import PlumbAlignment
internal import PlumbGovernance
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbTensor

// Reward models that are networks, and a language model that is optimized by them.

extension RewardModelOveroptimization {
    private typealias Networks = LanguageModelOveroptimizationResults
    private var language: LanguageModelOveroptimizationStudy { settings.language }

    var languageModelClaims: [Claim] {
        let (study, allowed) = (language, settings.seeds / 4)
        let (least, most, largest) = (study.counts.first ?? 0, study.counts.last ?? 0, study.choices.last ?? 1)
        let fall = Claim(
            .each(allowing: allowed),
            "Where PPO with a small penalty optimizes learned rewards, the gold reward falls from its peak, on average over "
                + "numbers of comparisons, and the reward learned from \(study.middle) rises on",
            Networks.fall, .atLeast(0.25),
            control: "Where PPO optimizes the gold reward itself that hardly falls", Networks.idealFall, .atMost(0.2)
        ).and(Networks.gain, .above(0)).development(missed: 0, of: 16)
        let choice = Claim(
            .each(allowing: allowed),
            "The best of \(largest) by the reward learned from \(study.middle) comparisons has a higher gold reward than a "
                + "text of the policy, and up to that n there is no fall",
            Networks.chosenGold, .atLeast(0.25),
            control: "By a reward learned from random labels it is hardly higher", Networks.shuffledGold, .atMost(0.25)
        ).and(Networks.chosenFall, .atMost(0.1)).development(missed: 0, of: 12)
        // Groups of four of the same sixteen seeds.
        let order = Claim(
            .mean, "\(most) comparisons make the gold reward's peak by PPO higher than \(least) do", Networks.peakGain,
            .above(0), control: "As many random labels do not", Networks.shuffledPeakGain, .atMost(0)
        ).development(missed: 0, of: 4)
        let penalty = Claim(
            .each(allowing: allowed),
            "With a penalty of \(study.weights.last ?? 0) the gold reward hardly falls from its peak",
            Networks.penalizedFall, .atMost(0.25),
            control: "With a penalty of \(study.weights.first ?? 0) it falls in at least half of the seeds",
            Networks.middleFall, .atLeast(0.25), controlRule: .each(allowing: settings.seeds / 2)
        ).development(missed: 0, controlMissed: 3, of: 16)
        return [fall, choice] + (study.counts.count > 1 ? [order] : []) + (study.weights.count > 1 ? [penalty] : [])
    }

    func languageModels(_ trials: Trials) async throws -> LanguageModelOveroptimizationResults {
        let study = language
        let outcomes = try await trials.run("language models") { trial in
            try study.run(on: ShippedText.documentation, key: trial.key, in: trial.session)
        }
        return LanguageModelOveroptimizationResults(study, outcomes)
    }

    @FindingsBuilder func findings(
        _ results: LanguageModelOveroptimizationResults, _ measured: Measurements
    ) -> [FindingsPart] {
        measured.metrics(
            Networks.fall, Networks.gain, Networks.peakGain, Networks.middleFall, Networks.idealFall,
            Networks.penalizedFall,
            Networks.shuffledPeakGain)
        measured.metrics(Networks.fallGain, Networks.gapChange, Networks.widthGap, Networks.chosenWidthGap)
        measured.metrics(Networks.chosenGold, Networks.chosenFall, Networks.shuffledGold, Networks.distance)
        measured.metrics(Networks.penalizedDistance, Networks.policyLoss, Networks.goldOwn, Networks.goldChanged)
        language.proxies.map { measured.metric(Networks.accuracy($0)) }
        results.table
        results.seedTables
        results.ppoChart
        results.bestOfNChart
        results.otherChart
        results.texts
        "Rewards of language models' texts are in standard deviations over the texts of the policy before. A fall is from "
            + "the highest mean over \(language.window) rounds to the mean over the last quarter of PPO; such a maximum of "
            + "noisy numbers is above 0 also where nothing falls, and the control has the same."
        "Divergences are sums over tokens of the exact divergence of the next token's distributions. Fits are "
            + "d (α - β d) for the best of n and d (α - β log d) for PPO, to the mean gold reward."
    }

    func languageModelSummary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        let (least, most) = (language.counts.first ?? 0, language.counts.last ?? 0)
        return
            "Where PPO optimizes a small language model for rewards learned from \(least) to \(most) comparisons, the gold "
            + "reward falls by \(number(Networks.fall)) standard deviations from its peak on average, and the reward learned "
            + "from \(language.middle) rises by \(number(Networks.gain)) meanwhile; optimized itself, the gold reward falls "
            + "by \(number(Networks.idealFall)). A penalty of \(language.weights.last ?? 0) instead of "
            + "\(language.weights.first ?? 0) makes the fall with \(language.middle) comparisons "
            + "\(number(Networks.penalizedFall)) instead of \(number(Networks.middleFall)). The best of "
            + "\(language.choices.last ?? 1) by that reward gains \(number(Networks.chosenGold)), where random labels give "
            + "\(number(Networks.shuffledGold)), and has fallen by \(number(Networks.chosenFall)) from its peak. "
            + "\(most) comparisons instead of \(least) make the peak by PPO higher by \(number(Networks.peakGain)), as many random "
            + "labels by \(number(Networks.shuffledPeakGain)), and the fall larger by \(number(Networks.fallGain))."
    }
}
