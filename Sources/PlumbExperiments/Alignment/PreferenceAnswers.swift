internal import Foundation
internal import PlumbBasics
internal import PlumbAlignment
internal import PlumbData
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// Learning from the answers of a person: there is no hidden reward, so the claim is about answers held back.
extension LearningFromPreferences {
    func learn(from path: String, in context: inout RunContext) async throws -> Findings {
        let url = URL(fileURLWithPath: path)
        guard obstacle(at: path) != nil || FileManager.default.fileExists(atPath: path) else {
            throw PreferenceError("there is no file \(path): plumb preferences ask --out \(path) makes one")
        }
        let contents = try PreferenceQuestions(study, seed: context.seed).answers(in: url)
        let answers = contents.comparisons
        let usable = answers.count { $0.mu != nil }
        guard usable >= PreferenceQuestions.fewest else {
            throw PreferenceError(
                "\(path) holds \(usable) answers that can be learned from, and at least \(PreferenceQuestions.fewest) "
                    + "are needed: plumb preferences ask --out \(path)")
        }
        let hash = FileHash.sha256(of: contents.bytes)
        context.record(input: InputFile(path: path, sha256: hash, bytes: contents.bytes.count, role: "answers"))
        let study = study
        let trials = Trials(context, count: settings.seeds)
        // Other answers are another question: a resumed run then begins anew.
        let label = "learning from \(answers.count) answers, \(hash.prefix(8))"
        let learned = try await trials.run(label) { trial in
            try study.learn(from: answers, key: trial.key) { part in
                try trial.checkpoint()
                trial.session.reporter.progress("learning", part)
            }
        }
        return AnswerFindings(
            answers: answers, torn: contents.torn, learned: learned, study: study, seeds: OverSeeds(trials.seeds),
            key: RandomKey(context.seed)["intervals"]
        ).findings
    }
}

/// Turns what was learned from somebody's answers into claims, numbers and pictures.
struct AnswerFindings {
    let answers: [Comparison<Int>]
    /// What is said of a last line that was cut off.
    let torn: String?
    let learned: [GridPreferenceStudy.Learned]
    let study: GridPreferenceStudy
    let seeds: OverSeeds
    let key: RandomKey

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: [claim], tables: [table], figures: [heatMap, grids],
            notes: [
                "An answer is foretold when the walk that was preferred has the higher learned return; a tie counts half. "
                    + "Each is foretold by a reward learned from four fifths of the answers without it, with "
                    + "\(seeds.seeds.count) seeds.",
                "The answers came from a file, not from the simulated teacher that the method speaks of; questions were "
                    + "not chosen by the ensemble.",
                "Nobody knows the reward in whose name the questions were answered, so nothing is said of how good the "
                    + "plan is.",
            ] + [torn].compactMap { $0 })
    }

    /// For each answer, how often it was foretold, over the seeds.
    private func rates(_ agreement: (GridPreferenceStudy.Learned) -> [Double?]) -> [Double] {
        answers.indices.compactMap { index in
            let found = learned.compactMap { agreement($0)[index] }
            return found.isEmpty ? nil : Statistics.mean(found)
        }
    }

    private func metric(_ name: String, _ rates: [Double]) -> Metric {
        let bounds = Statistics.bootstrapMean(rates, key: key[name])
        return Metric(
            name, Statistics.mean(rates),
            interval: Interval(lower: bounds.lower, upper: bounds.upper, method: "percentile bootstrap over answers"),
            n: rates.count, seeds: seeds.seeds)
    }

    private var foretold: Metric { metric("agreement", rates(\.agreement)) }
    private var guessed: Metric { metric("agreement_shuffled", rates(\.shuffledAgreement)) }

    private var metrics: [Metric] {
        [
            foretold, guessed, Metric("answers", Double(answers.count)),
            Metric("answers_skipped", Double(answers.count { $0.mu == nil })),
        ]
    }

    private var claim: ClaimResult {
        let (foretold, guessed) = (foretold, guessed)
        return seeds.claim(
            "The learned reward foretells answers that it has not seen",
            "more than half of them, by the lower end of the interval", foretold.interval?.lower ?? .nan,
            holds: foretold.interval.map { $0.lower > 0.5 } ?? false, n: foretold.n,
            ControlResult(
                "Learned from the same answers dealt out anew it does not", threshold: "at most 0.6 of them",
                observed: guessed.value, holds: guessed.value <= 0.6))
    }

    private var summary: String {
        let (found, guess) = (foretold, guessed)
        func percent(_ value: Double) -> String { value.isFinite ? "\(Int((100 * value).rounded())) %" : "none" }
        return
            "From \(answers.count) answers a reward was learned that foretells \(percent(found.value)) of those held back; "
            + "learned from answers dealt out anew it foretells \(percent(guess.value))."
            + (claim.passes ? "" : " Too few answers, or answers without an order, teach nothing: the claim failed.")
    }

    // MARK: Pictures

    /// The reward learned from all answers, the mean over seeds.
    private var reward: [Double] {
        (0..<study.rows * study.columns).map { cell in Statistics.mean(learned.map { $0.reward[cell] }) }
    }

    private func rows<Value>(_ values: [Value]) -> [[Value]] {
        (0..<study.rows).map { Array(values[$0 * study.columns..<($0 + 1) * study.columns]) }
    }

    private var table: Table {
        Table(
            "reward", title: "Learned reward", rowLabel: "row", columnLabel: "column",
            rows: (1...study.rows).map(String.init), columns: (1...study.columns).map(String.init),
            values: rows(reward))
    }

    private var heatMap: Figure {
        .heatMap(
            HeatMap(
                table: "reward", title: "Learned reward",
                caption:
                    "The reward of each cell that explains the answers, the mean of \(seeds.seeds.count) seeds: 0 is "
                    + "the mean of the grid and 1 about a standard deviation.",
                center: 0, valueLabel: "reward"))
    }

    private var grids: Figure {
        let reward = reward
        let (least, most) = (reward.min() ?? 0, reward.max() ?? 1)
        let path = learned.first.map { study.floor.path(of: $0.plan, from: 0) } ?? []
        let glyphs = (0..<study.rows * study.columns).map { $0 == 0 ? "A" : " " }
        return .grids(
            GridFigure(
                title: "Where the learned reward leads",
                caption: "The learned reward, and the best way from the upper left corner by the first seed's.",
                panels: [
                    GridFigure.Panel(
                        "learned reward, best plan", rows: rows(glyphs).map { $0.joined() },
                        path: path.map { GridFigure.Cell($0 / study.columns, $0 % study.columns) },
                        values: rows(reward.map { most > least ? ($0 - least) / (most - least) : 0 }))
                ], legend: [GridFigure.Glyph("A", "start", .agent), GridFigure.Glyph(" ", "", .floor)],
                valueLabel: "reward, from lowest to highest"))
    }
}
