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
        let study = language
        let allowed = SeedRule.each(allowing: settings.seeds / 4)
        let fall = Claim(
            allowed,
            "PPO with a small penalty raises the reward learned from \(study.middle) comparisons to the end, and the gold "
                + "reward falls from its peak", Networks.fall, .atLeast(0.2),
            control: "Where PPO optimizes the gold reward itself that hardly falls", Networks.idealFall, .atMost(0.2)
        ).and(Networks.gain, .atLeast(0.1))
        let choice = Claim(
            allowed,
            "The best of n = \(study.choices.last ?? 1) by the same reward has a higher gold reward than a text of the policy, "
                + "and there is no fall up to that n", Networks.chosenGold, .atLeast(0.25),
            control: "By a reward learned from random labels it is hardly higher", Networks.shuffledGold, .atMost(0.25)
        ).and(Networks.chosenFall, .atMost(0.1))
        let order = Claim(
            allowed,
            "\(study.counts.last ?? 0) comparisons make the gold reward's peak by PPO higher than \(study.counts[0]) do",
            Networks.peakGain, .above(0),
            control: "As many random labels do not", Networks.shuffledPeakGain, .atMost(0)
        )
        let penalty = Claim(
            allowed,
            "With a penalty of \(study.weights.last ?? 0) the gold reward hardly falls from its peak",
            Networks.penalizedFall, .atMost(0.2),
            control: "With a penalty of \(study.weights[0]) it does", Networks.fall, .atLeast(0.2)
        )
        let width = Claim(
            allowed,
            "Learned from the same \(study.middle) comparisons, the narrowest proxy ends PPO farther above the gold reward "
                + "than the widest", Networks.widthGap, .above(0),
            control: "The best of n = \(study.choices.last ?? 1) by the two shows no such difference",
            Networks.chosenWidthGap, .within(0.5, of: 0)
        )
        return [fall, choice] + (study.widths.count > 1 ? [width] : []) + (study.counts.count > 1 ? [order] : [])
            + (study.weights.count > 1 ? [penalty] : [])
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
            Networks.fall, Networks.gain, Networks.peakGain, Networks.idealFall, Networks.penalizedFall,
            Networks.shuffledPeakGain)
        measured.metrics(Networks.gapChange, Networks.widthGap, Networks.chosenWidthGap)
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
        return
            "Optimized by PPO for a reward learned from \(language.middle) comparisons, a small language model's gold reward "
            + "falls by \(number(Networks.fall)) standard deviations from its peak while the learned reward gains "
            + "\(number(Networks.gain)); optimized for the gold reward itself it falls by \(number(Networks.idealFall)), and "
            + "with a penalty of \(language.weights.last ?? 0) by \(number(Networks.penalizedFall)). The best of "
            + "\(language.choices.last ?? 1) by the same reward gains \(number(Networks.chosenGold)) without a fall worth "
            + "naming (\(number(Networks.chosenFall))). \(language.counts.last ?? 0) comparisons instead of "
            + "\(language.counts.first ?? 0) make the peak higher by \(number(Networks.peakGain)), as many random labels by "
            + "\(number(Networks.shuffledPeakGain))."
    }
}
