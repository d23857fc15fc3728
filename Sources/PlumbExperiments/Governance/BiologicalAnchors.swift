public import PlumbGovernance
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// When could the computation for transformative AI be afforded, and which assumption decides it?
///
/// The biological anchors report as a model: seven anchors give a distribution of the computation needed, growth of
/// hardware, spending and algorithms gives what can be afforded, and each assumption is put to its ends in turn.
public struct BiologicalAnchorsForecast: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Independent samples of the whole model.", 1...1000) public var seeds = 4
        @Setting("Draws in each.", 100...10_000_000) public var draws = 20_000
        /// What is needed.
        public var anchors = BiologicalAnchors()
        /// What can be afforded.
        public var supply = ComputeSupply()
        /// The tornado chart.
        public var sensitivity = TimelineSensitivity()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.draws, paper.seeds, paper.draws) = (2, 4000, 10, 400_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "biological-anchors", title: "Biological anchors", direction: "forecasts: biological anchors",
        question:
            "When could the computation for transformative AI be afforded, by the numbers of the biological anchors "
            + "report, and which of them moves the answer most?",
        method:
            "Draw the computation needed from a mixture of seven anchors, in Rethink Priorities' version of the report's "
            + "numbers. Let hardware, spending and algorithms grow, and find the first year in which each draw is "
            + "affordable. Put each assumption to its low and high end in turn: the 5 % and 95 % quantiles of what is "
            + "uncertain, stated factors and decades for what is held for known. Every number is a setting.",
        limits: "The numbers are beliefs of 2020, and computation is the only obstacle. A draw shares its brain and "
            + "scaling exponent in all places where they stand; Rethink Priorities' program draws them anew in each, which "
            + "widens single anchors. The ends of known numbers are a choice, and so is their order in the tornado chart.",
        references: [
            Reference(authors: "Cotra", title: "Forecasting TAI with Biological Anchors", year: 2020),
            Reference(authors: "Dickens, Wildeford", title: "Future Assessment Model", year: 2024),
        ],
        minutes: 0.3)

    static let requirement = Quantity("median_requirement", unit: "log10 FLOP", isHeadline: true)
    static let year = Quantity("median_year", isHeadline: true)
    static let reference = [(2036, 0.192), (2050, 0.506), (2060, 0.602), (2100, 0.779)]
    static func probability(_ year: Int) -> Quantity {
        Quantity("probability_by_\(year)", isHeadline: year == 2036 || year == 2100)
    }
    static let still = Quantity("probability_without_growth")
    static let largest = Quantity("largest_swing", unit: "years")
    static let lead = Quantity("lead_of_the_largest_swing", unit: "years")
    static let leadOfTheRest = Quantity("lead_where_that_assumption_is_known", unit: "years")

    public var claims: [Claim] {
        let swing = Claim(
            .worst, "One assumption moves the median year far more than any other: its swing leads", Self.lead,
            .atLeast(20),
            control: "Where that assumption is known to be its median, no other leads so", Self.leadOfTheRest,
            .atMost(15))
        guard settings.anchors == BiologicalAnchors(), settings.supply == ComputeSupply() else { return [swing] }
        var known = Claim(
            .worst, "The report's numbers give the reference's median requirement, median year and probabilities",
            Self.requirement, .within(0.2, of: 35.0),
            control: "Without growth of hardware, spending, algorithms and output the median draw is never affordable",
            Self.still, .atMost(0.05)
        ).and(Self.year, .within(1, of: 2050))
        for (year, probability) in Self.reference {
            known = known.and(Self.probability(year), .within(0.015, of: probability))
        }
        return [known.development(missed: 0, of: 50), swing.development(missed: 0, of: 50)]
    }

    let settings: Settings
    private let model: TrainingRequirement
    public init(_ settings: Settings) throws {
        (self.settings, model) = (settings, try settings.anchors.requirement())
    }

    private struct Outcome: Codable {
        var anchors: [[Double]] = [], requirement: [Double] = [], years: [Double] = [], curve: [Double] = []
        var still = 0.0, swings: [Swing] = [], rest: [Swing] = []
    }
    private static let quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]

    public func run(in context: inout RunContext) async throws -> Findings {
        let (settings, model, trials) = (settings, model, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("sampling") { trial in
            let (supply, draws) = (settings.supply, settings.draws)
            let requirements = model.samples(draws, key: trial.key)
            let forecast = TimelineForecast(requirements, supply)
            var outcome = Outcome()
            outcome.requirement = Self.quantiles.map(forecast.requirement)
            outcome.years = Self.quantiles.map(forecast.year)
            outcome.curve = (supply.firstYear...supply.lastYear).map(forecast.probability)
            outcome.still = TimelineForecast(requirements, supply.withoutGrowth).probability(by: supply.lastYear)
            outcome.anchors = Anchor.allCases.map { anchor in
                let sorted = model.samples(draws, of: anchor, key: trial.key).sorted()
                return Self.quantiles.map { Statistics.quantile(sorted, $0) }
            }
            try trial.checkpoint()
            outcome.swings = settings.sensitivity.swings(model, supply, samples: draws, key: trial.key)
            try trial.checkpoint()
            if let top = RequirementVariable.allCases.first(where: { $0.rawValue == outcome.swings.first?.assumption })
            {
                outcome.rest = settings.sensitivity.swings(
                    model.knowing(top, atQuantile: 0.5), supply, samples: draws, key: trial.key)
            }
            return outcome
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        let swings = Swing.means(outcomes.map(\.swings))
        let titles = Self.quantiles.map { "\(Int(($0 * 100).rounded())) %" }
        return Findings(summary: summary(measured, swings), claims: claims, from: measured) {
            measured.metrics(Self.requirement, Self.year)
            Self.reference.map { measured.metric(Self.probability($0.0)) }
            measured.metrics(Self.still, Self.largest, Self.lead, Self.leadOfTheRest)
            measured.table(
                "requirements", title: "Computation needed, log10 FLOP with the algorithms of the first year",
                rowLabel: "anchor", columnLabel: "quantile", rows: Anchor.allCases.map(\.title) + ["mixture"],
                columns: titles,
                cells: (0...Anchor.allCases.count).map { row in
                    Self.quantiles.indices.map { column in
                        outcomes.map { row < $0.anchors.count ? $0.anchors[row][column] : $0.requirement[column] }
                    }
                }, unit: "log10 FLOP")
            measured.table(
                "years", title: "When it is affordable; \(settings.supply.lastYear + 1) stands for never",
                rowLabel: "", columnLabel: "quantile", rows: ["year"], columns: titles,
                cells: [Self.quantiles.indices.map { column in outcomes.map { $0.years[column] } }])
            timeline(outcomes, measured)
            BarChart(
                title: "What moves the median year",
                caption: "Each assumption at its low and its high end, all others as "
                    + "they are. A median after the last year counts as the year after it.",
                categories: swings.map(\.assumption), categoryLabel: "assumption",
                y: Axis("shift of the median", unit: "years"),
                series: [
                    BarChart.Series("low end", values: swings.map(\.low)),
                    BarChart.Series("high end", values: swings.map(\.high)),
                ])
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        let supply = settings.supply
        measured[Self.requirement] = outcomes.map { $0.requirement[2] }
        measured[Self.year] = outcomes.map { $0.years[2] }
        for (year, _) in Self.reference {
            measured[Self.probability(year)] = outcomes.map { outcome in
                guard year >= supply.firstYear else { return 0 }
                return outcome.curve[min(year, supply.lastYear) - supply.firstYear]
            }
        }
        measured[Self.still] = outcomes.map(\.still)
        measured[Self.largest] = outcomes.map { $0.swings.first?.size ?? .nan }
        measured[Self.lead] = outcomes.map { Swing.lead($0.swings) }
        measured[Self.leadOfTheRest] = outcomes.map { Swing.lead($0.rest) }
        return measured
    }

    private func timeline(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let years = (settings.supply.firstYear...settings.supply.lastYear).map(Double.init)
        let markers = zip(Self.quantiles, 0...).filter { [0.25, 0.5].contains($0.0) }.map { fraction, place in
            LineChart.Marker("\(Int(fraction * 100)) %", x: Statistics.mean(outcomes.map { $0.years[place] }))
        }
        return LineChart(
            title: "The computation is affordable by this year",
            caption: "The probability that it is, with the years by "
                + "which a quarter and half of the draws are, and without any growth.",
            x: Axis("year"), y: Axis("probability"),
            series: [
                measured.line("with growth", over: years, curves: outcomes.map(\.curve)),
                measured.line(
                    "without growth", over: years, curves: outcomes.map { outcome in years.map { _ in outcome.still } }),
            ], markers: markers)
    }

    private func summary(_ measured: Measurements, _ swings: [Swing]) -> String {
        func percent(_ year: Int) -> String { Phrase.percent(measured.mean(Self.probability(year))) }
        let (year, last) = (measured.mean(Self.year), settings.supply.lastYear)
        let found = year > Double(last) ? "no year until \(last)" : "the year \(Int(year.rounded()))"
        return
            "Half of the draws are affordable by \(found), at 10^\(Phrase.number(measured.mean(Self.requirement))) FLOP in "
            + "the middle: \(percent(2036)) by 2036, \(percent(2050)) by 2050 and \(percent(2100)) by 2100. Without growth "
            + "it is \(Phrase.percent(measured.mean(Self.still))) by \(last). What moves the median most is "
            + "\(swings.first?.assumption ?? "nothing"), by \(Phrase.number(measured.mean(Self.largest))) years between its "
            + "ends and \(Phrase.number(measured.mean(Self.lead))) years more than any other assumption. Where it is known, the "
            + "largest swing leads by \(Phrase.number(measured.mean(Self.leadOfTheRest))) years."
    }
}
