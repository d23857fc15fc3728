public import PlumbGovernance
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Where do people disagree about catastrophe by AI, and what do this repository's own records do to their odds?
public struct Cruxes: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Groups of respondents drawn.", 1...1000) public var seeds = 8
        @Setting("Respondents of each camp.", 10...1_000_000) public var respondents = 2000
        @Setting("Pairs of respondents that talk.", 10...1_000_000) public var pairs = 1000
        @Setting("Worlds drawn from Carlsmith's chain.", 100...100_000_000) public var worlds = 1_000_000
        @Setting("Deviation of a respondent's log odds from the camp's.", 0...10) public var spread = 0.5
        @Setting("The runs whose records are evidence: standard, where this run is kept; none; or a folder.")
        public var records = "standard"
        @Setting("The preset by which an experiment without a record is run: quick or tiny.")
        public var evidence = "quick"
        /// The camps.
        public var positions = CruxPositions()
        /// What a record may do.
        public var updating = Updating()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.respondents, tiny.pairs, tiny.worlds) = (2, 200, 100, 20_000)
        (tiny.records, tiny.evidence) = ("none", "tiny")
        (paper.seeds, paper.respondents, paper.worlds) = (30, 10_000, 10_000_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "cruxes", title: "Cruxes of disagreement", direction: "deconfusion: disagreements about alignment",
        question:
            "How likely is a catastrophe by the premises of each camp, which premise divides them most, and what do "
            + "measured results do to their odds?",
        method:
            "Multiply Carlsmith's six credences, each given those before it, and draw worlds from the chain. Give four "
            + "camps' credences to the same premises; compute how much each premise matters, what knowing it is worth, and in "
            + "which order two people had best talk about them. Take the newest records of two experiments of this repository, "
            + "or run them, and move the odds of the third premise by the likelihood ratios of their claims: seeds that show "
            + "the effect against seeds of the control that show it.",
        limits:
            "Only Carlsmith's credences and the superforecasters' on premises 3 and 4 are real; the others illustrate two "
            + "positions. A likelihood ratio of a toy says whether its effect exists in the toy; how much that counts for the "
            + "world is a setting, not a result. Respondents are drawn, not asked.",
        references: [
            Reference(
                authors: "Carlsmith", title: "Is Power-Seeking AI an Existential Risk?", year: 2022, arXiv: "2206.13353"
            )
        ],
        minutes: 2)

    static let product = Quantity("probability_of_catastrophe", per: "run", isHeadline: true)
    static let sampled = Quantity("sampled_probability"), together = Quantity("sampled_where_premises_go_together")
    static let value = Quantity("value_of_knowing_the_camp", isHeadline: true),
        shuffled = Quantity("value_of_shuffled_camps")
    static let ordered = Quantity("order_closes_most_of_the_gap", unit: "of pairs", isHeadline: true)
    static let random = Quantity("random_premise_closes_most", unit: "of pairs")
    static let apart = Quantity("log_odds_apart_by_other_records", unit: "nats", per: "run")
    static let equal = Quantity("log_odds_apart_by_equal_records", unit: "nats", per: "run")

    public var claims: [Claim] {
        // The error of a million draws is 0.0002.
        var chain = Claim(
            .worst, "Worlds drawn from the chain give the product of the credences", Self.sampled,
            .within(4 * deviation, of: camps[0].conclusion),
            control: "Read as credences of each premise alone they can give far more, as the bounds say", Self.together,
            .atLeast(2 * camps[0].conclusion))
        if settings.positions.carlsmith == CruxPositions().carlsmith {
            chain = chain.and(.value, Self.product, .within(1e-12, of: 0.051376))
        }
        return [
            chain,
            Claim(
                .worst, "Knowing someone's camp moves the expected probability of catastrophe", Self.value,
                .atLeast(0.05),
                control: "Knowing a camp's name that was dealt at random does not", Self.shuffled, .atMost(0.02)),
            Claim(
                .worst, "Agreeing on the first premise of the double-crux order closes most of the gap, for most pairs",
                Self.ordered, .atLeast(0.7), control: "A random premise seldom does", Self.random, .atMost(0.3)),
            Claim(
                .value, "Two observers with even odds, each with another record, end apart", Self.apart, .atLeast(0.3),
                control: "With the same records they end with equal odds", Self.equal, .atMost(0)),
        ]
    }

    private var deviation: Double {
        let chance = camps[0].conclusion
        return (chance * (1 - chance) / Double(settings.worlds)).squareRoot()
    }

    let settings: Settings, camps: [Argument]
    public init(_ settings: Settings) throws {
        (self.settings, camps) = (settings, try settings.positions.camps())
        try RunContext.checkStore(named: settings.records)
        guard ["quick", "tiny"].contains(settings.evidence) else {
            throw SettingsError("--evidence is quick or tiny, found \(settings.evidence)")
        }
    }

    private struct Outcome: Codable {
        var sampled = 0.0, together = 0.0, value = 0.0, shuffled = 0.0, ordered = 0.0, random = 0.0
        var premises: [Double] = []
    }

    /// The experiments whose claims are evidence on premise 3, how the name of the claim's metric begins and ends, and
    /// whether it speaks for the premise.
    private static let sources: [(id: String, begins: String, ends: String, supports: Bool)] = [
        (ValueLearning.card.id, "loss_", "_demonstrations", false),
        (SpecificationGaming.card.id, "shift_deviation", "", true),
    ]
    private static let premise = 2

    public func run(in context: inout RunContext) async throws -> Findings {
        let (settings, camps, trials) = (settings, camps, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("respondents") { trial in
            let people = try Respondents(
                of: camps, count: settings.respondents, spread: settings.spread, key: trial.key["people"])
            let mixed = people.shuffled(key: trial.key)
            let best = people.orderIsBest(pairs: settings.pairs, key: trial.key)
            return Outcome(
                sampled: camps[0].sampled(settings.worlds, key: trial.key),
                together: camps[0].sampledTogether(settings.worlds, key: trial.key),
                value: people.valueOfCamp(\.conclusion), shuffled: mixed.valueOfCamp(\.conclusion),
                ordered: best.ordered,
                random: best.random,
                premises: camps[0].credences.indices.map { premise in people.valueOfCamp { $0.credences[premise] } })
        }
        var seen: [(Evidence, supports: Bool)] = []
        for source in Self.sources {
            let findings = try await findings(of: source.id, in: &context)
            if let evidence = Evidence(findings, of: source.id, named: source.begins, source.ends) {
                seen.append((evidence, source.supports))
            }
        }
        let measured = measured(outcomes, seen, seeds: trials.seeds)
        return Findings(summary: summary(measured, seen), claims: claims, from: measured) {
            measured.metrics(
                Self.product, Self.value, Self.ordered, Self.sampled, Self.together, Self.shuffled, Self.random,
                Self.apart, Self.equal)
            CruxTables.camps(camps, seen.map { settings.updating.shift($0.0, supports: $0.supports) }, Self.premise)
            CruxTables.premises(camps)
            CruxTables.evidence(seen, settings.updating)
            CruxTables.tornado(camps)
            BarChart(
                title: "What knowing someone's camp tells",
                caption: "By how much the expected credence in each premise moves "
                    + "once the camp is known; mean over groups of respondents.",
                categories: CruxPositions.premises, categoryLabel: "premise", y: Axis("expected move"),
                series: [
                    measured.bars(
                        "camp known", camps[0].credences.indices.map { place in outcomes.map { $0.premises[place] } })
                ])
        }
    }

    /// What the newest record of an experiment says; without a record, what a run of it finds.
    private func findings(of id: String, in context: inout RunContext) async throws -> Findings {
        if let store = context.store(named: settings.records),
            let newest = try context.newestRecord(of: id, in: store, role: "evidence")
        {
            return newest.record.findings
        }
        let experiment = try Catalogue.standard.experiment(id)
        let preset = settings.evidence == "tiny" ? "tiny" : nil
        return try await experiment.run(experiment.settings(preset: preset), in: &context).1
    }

    private func measured(
        _ outcomes: [Outcome], _ seen: [(Evidence, supports: Bool)], seeds: [UInt64]
    ) -> Measurements {
        var measured = Measurements(seeds: seeds)
        measured.set(Self.product, camps[0].conclusion)
        (measured[Self.sampled], measured[Self.together]) = (outcomes.map(\.sampled), outcomes.map(\.together))
        (measured[Self.value], measured[Self.shuffled]) = (outcomes.map(\.value), outcomes.map(\.shuffled))
        (measured[Self.ordered], measured[Self.random]) = (outcomes.map(\.ordered), outcomes.map(\.random))
        let both = seen.count == Self.sources.count
        let reason = "an experiment's record lacks the claim, or the claim is not about each seed"
        measured.set(
            Self.apart, both ? settings.updating.distance([seen[0]], [seen[1]]) : nil, because: reason)
        measured.set(Self.equal, both ? settings.updating.distance(seen, seen.reversed()) : nil, because: reason)
        return measured
    }

    private func summary(_ measured: Measurements, _ seen: [(Evidence, supports: Bool)]) -> String {
        func share(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let (pair, bounds) = (DoubleCrux(camps[0], camps[1]), camps[0].bounds)
        let ratios = seen.map { "\($0.0.experiment) \(Phrase.number($0.0.likelihoodRatio))" }
        return "Carlsmith's credences give a probability of \(Phrase.number(camps[0].conclusion)), drawn worlds "
            + "\(Phrase.number(measured.mean(Self.sampled))); read as credences of each premise alone they allow "
            + "\(Phrase.number(bounds.lowerBound)) to \(Phrase.number(bounds.upperBound)). Superforecasters' give "
            + "\(Phrase.number(camps[1].conclusion)), and the two had best talk about premise "
            + "\(CruxPositions.premises[pair.order[0]]). Knowing someone's camp moves the expected probability by "
            + "\(Phrase.number(measured.mean(Self.value))), a random label by \(Phrase.number(measured.mean(Self.shuffled))). The "
            + "double-crux order begins with the premise that closes most of the gap for \(share(Self.ordered)) of pairs, a "
            + "random premise is it for \(share(Self.random)). Likelihood ratios measured here: \(Phrase.list(ratios))."
    }
}
