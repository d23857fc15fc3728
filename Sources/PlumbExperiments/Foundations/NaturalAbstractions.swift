internal import PlumbFoundations
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Which parts and properties of the world would any mind find? Those that far-away things tell of.
public struct NaturalAbstractions: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with a scene and samples of its own.", 1...1000)
        public var seeds = 6
        @Setting("Pictures of a scene.", 50...10_000)
        public var pictures = 500
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.pictures) = (1, 150)
        (paper.seeds, paper.pictures) = (50, 2000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "natural-abstractions", title: "Natural abstractions", direction: "deconfusion: natural abstractions",
        question: "Which parts and properties of the world would any mind come to speak of?",
        method:
            "Pass a state on through a Markov chain and measure, exactly, what its first state tells of the last. Measure how "
            + "well candidates for a shared latent mediate between two halves of a series of flips and can be read off each, and "
            + "what resampling every part from the others gives. Measure the rank of log-likelihoods of samples. Draw pictures "
            + "of a bottle on a table in random shades, and join pixels that tell of each other at a distance.",
        limits:
            "The chains, coins and pictures are small and made for the question; each object in the pictures has one hidden "
            + "shade, and texture reaches two pixels by construction. Information between pixels is that of normal "
            + "variables with their correlation. That agreement between latents extends from deterministic to stochastic ones is "
            + "open.",
        references: [
            Reference(
                authors: "Wentworth", title: "Information At A Distance Is Mediated By Deterministic Constraints",
                year: 2021),
            Reference(
                authors: "Wentworth", title: "Generalizing Koopman-Pitman-Darmois", year: 2021),
            Reference(authors: "Wentworth, Lorell", title: "Natural Latents: The Math", year: 2023),
        ],
        changes:
            "Objects stood a pixel aside in half of the pictures at first, and strips of pixels at their edges were found "
            + "as chunks of their own. Now they do in a fifth, and since some strips were still found, the claim became one "
            + "about the two largest chunks.",
        minutes: 0.3)

    private static let steps = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 1000]
    private static let flips = [5, 10, 20, 40]
    private static let parts = [3, 10, 30]
    private static let grids = [5, 9, 13, 17, 21, 25]

    private static func whole(_ name: String, _ unit: String = "nats", isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: unit, per: "run", isHeadline: isHeadline)
    }
    private static func blocks(_ step: Int) -> Quantity {
        whole("two_circles_information_\(step)", isHeadline: step == 1000)
    }
    private static func circle(_ step: Int) -> Quantity { whole("one_circle_information_\(step)") }
    private static func majority(_ flips: Int) -> Quantity { whole("majority_redundancy_error_\(flips)") }
    private static func majorityGiven(_ flips: Int) -> Quantity { whole("majority_given_bias_\(flips)") }
    private static func flip(_ flips: Int) -> Quantity { whole("first_flip_redundancy_error_\(flips)") }
    private static func resampled(_ parts: Int) -> Quantity { whole("resampled_mediation_error_\(parts)") }
    static let redrawn = whole("redrawn_mediation_error")
    static let gaussianRank = Quantity("gaussian_rank")
    static let cauchyRank = Quantity("cauchy_rank")
    static let overlap = Quantity("objects_overlap", unit: "of their union", isHeadline: true)
    static let found = Quantity("chunks_found", unit: "chunks", isHeadline: true)
    static let shuffledFound = Quantity("chunks_found_shuffled", unit: "chunks")
    static let within = Quantity("information_within_object", unit: "nats")
    static let between = Quantity("information_between_objects", unit: "nats")

    public var claims: [Claim] {
        [
            Claim(
                .value,
                "Of ln 10 nats that a state tells of itself, what two closed circles conserve is left after 1,000 steps",
                Self.blocks(1000), .within(1e-6, of: 0.693147),
                control: "In one circle of as many states nothing is left after 50", Self.circle(50),
                .within(1e-3, of: 0)
            ).and(Self.blocks(1), .within(1e-6, of: 1.247665)).and(Self.blocks(2), .within(1e-6, of: 0.761939))
                .and(Self.blocks(5), .within(1e-6, of: 0.693787)).controlAnd(
                    Self.circle(10), .within(1e-6, of: 0.036996)),
            Claim(
                .value, "The majority of 40 flips can be read off 40 others, and is nearly the bias", Self.majority(40),
                .within(1e-5, of: 0.00423),
                control: "Their first flip cannot", Self.flip(40), .atLeast(0.56)
            ).and(Self.majorityGiven(40), .within(1e-5, of: 0.00327)).and(Self.majority(5), .within(1e-5, of: 0.45613))
                .and(Self.majorityGiven(5), .within(1e-5, of: 0.33274)),
            Claim(
                .value,
                "Variables resampled from each other mediate between the originals, the better the more they are",
                Self.resampled(30), .atMost(1e-5),
                control: "Variables drawn anew do not", Self.redrawn, .within(1e-5, of: 0.14384)
            ).and(Self.resampled(3), .within(1e-6, of: 0.025322)).and(Self.resampled(10), .within(1e-6, of: 0.000231)),
            Claim(
                .worst, "Gaussian samples are summarized by two numbers, however finely their location is asked for",
                Self.gaussianRank, .within(0, of: 2), control: "Cauchy samples are not", Self.cauchyRank, .atLeast(20)),
            Claim(
                .each(allowing: max(1, settings.seeds / 12)),
                "The two largest chunks of pixels that tell of each other at a distance are the table and the bottle",
                Self.overlap,
                .atLeast(0.9),
                control: "Among pixels shuffled over the pictures there is no object", Self.shuffledFound,
                .within(0, of: 0)),
            Claim(
                .worst, "Distant pixels of one object tell of each other", Self.within, .atLeast(0.25),
                control: "Those of half a table and a bottle do not", Self.between, .atMost(0.02)),
        ]
    }

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    private struct Outcome: Codable {
        let scene: SceneStudy.Outcome, shuffled: Int, gaussian: [Int], cauchy: [Int]
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (SceneStudy(pictures: settings.pictures), Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("scenes") { trial in
            func ranks(_ family: SummaryRank.Family) throws -> [Int] {
                try Self.grids.map { try SummaryRank().rank(family, grid: $0, key: trial.key[family.rawValue]) }
            }
            let (gaussian, cauchy) = (try ranks(.gaussian), try ranks(.cauchy))
            try trial.checkpoint()
            let scene = study.run(key: trial.key["scene"])
            try trial.checkpoint()
            let shuffled = study.run(key: trial.key["scene"], shuffled: true).chunks.count
            return Outcome(scene: scene, shuffled: shuffled, gaussian: gaussian, cauchy: cauchy)
        }
        var measured = Measurements(seeds: trials.seeds)
        try measureExact(&measured)
        measured[Self.gaussianRank] = outcomes.map { Double($0.gaussian.last ?? 0) }
        measured[Self.cauchyRank] = outcomes.map { Double($0.cauchy.last ?? 0) }
        let scenes = outcomes.map(\.scene)
        measured[Self.overlap] = scenes.map(\.overlap)
        measured[Self.found] = scenes.map { Double($0.chunks.count) }
        measured[Self.shuffledFound] = outcomes.map { Double($0.shuffled) }
        (measured[Self.within], measured[Self.between]) = (scenes.map(\.within), scenes.map(\.between))
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.blocks(1000), Self.overlap, Self.found, Self.shuffledFound, Self.within, Self.between)
            measured.metrics(Self.gaussianRank, Self.cauchyRank, Self.redrawn)
            Self.flips.flatMap { measured.metrics(Self.majority($0), Self.majorityGiven($0), Self.flip($0)) }
            Self.parts.map { measured.metric(Self.resampled($0)) }
            AbstractionFigures.telephone(
                Self.steps, Self.steps.map { measured.mean(Self.blocks($0)) },
                Self.steps.map { measured.mean(Self.circle($0)) })
            AbstractionFigures.scene(scenes[0])
            AbstractionFigures.decay(scenes, measured)
            AbstractionFigures.ranks(Self.grids, outcomes.map(\.gaussian), outcomes.map(\.cauchy), measured)
            "The bound of natural latents holds: the majority of half of the flips, given the bias, is uncertain by at most "
                + "twice what reading it off the other half leaves open."
        }
    }

    private func measureExact(_ measured: inout Measurements) throws {
        let two = try MarkovChain.circles(blocks: 2, length: 5, lazy: 0.2).information(after: Self.steps)
        let one = try MarkovChain.circles(blocks: 1, length: 10, lazy: 0.2).information(after: Self.steps)
        for (index, step) in Self.steps.enumerated() {
            measured.set(Self.blocks(step), two[index])
            measured.set(Self.circle(step), one[index])
        }
        for flips in Self.flips {
            let coin = try CoinLatents(flips: flips)
            measured.set(Self.majority(flips), coin.majorityRedundancy)
            measured.set(Self.majorityGiven(flips), coin.majorityGivenBias)
            measured.set(Self.flip(flips), coin.flipRedundancy)
        }
        for n in Self.parts {
            let latent = Array(n..<2 * n)
            measured.set(Self.resampled(n), try JointGaussian.resampledStar(n).information([0], [1], given: latent))
        }
        let redrawn = JointGaussian.resampledStar(30, fromOthers: false)
        measured.set(Self.redrawn, try redrawn.information([0], [1], given: Array(30..<60)))
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "After 1,000 steps a chain of two closed circles still tells \(number(Self.blocks(1000))) nats of its start, one "
            + "circle \(number(Self.circle(1000))). In pictures of a bottle on a table the pixels that tell of each other at a "
            + "distance form \(number(Self.found)) chunks, the two largest of which overlap with the objects by "
            + "\(Phrase.percent(measured.mean(Self.overlap))) of their union; among shuffled pixels there are "
            + "\(number(Self.shuffledFound)). The majority of 40 flips is read off 40 others but for "
            + "\(number(Self.majority(40))) nats, the first flip but for \(number(Self.flip(40))). Gaussian samples have a "
            + "summary of \(number(Self.gaussianRank)) numbers, and Cauchy samples of \(number(Self.cauchyRank)) of the 24 "
            + "asked for."
    }
}
