internal import PlumbData
internal import PlumbLearning
public import PlumbRecords
public import PlumbRobustness
internal import PlumbTensor

/// Which predictions of a network can be proved to withstand every small change of the image?
///
/// Bounds, a complete verifier and smoothing, on networks trained in several ways. Controls: attacks on the same images, the
/// same bounds on a network trained plainly, and the same bounds rounded to nearest.
public struct CertifiedDefense: Experiment {
    typealias Outcome = CertificationStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("Seeds; every network is trained once with each.", 1...1000) public var seeds = 2
        public var study = CertificationStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.points, tiny.study.completePoints, tiny.study.training.epochs) = (1, 10, 4, 2)
        (tiny.study.evaluations, tiny.study.draws, tiny.study.attackSteps, tiny.study.parts) = (600, 100, 5, 50)
        (tiny.study.ascentSteps, tiny.study.radii) = (2, [0.02, 0.1])
        (paper.seeds, paper.study.points, paper.study.completePoints, paper.study.draws) = (5, 360, 360, 10_000)
        (paper.study.evaluations, paper.study.parts, paper.study.ascentSteps) = (5_000_000, 100_000, 40)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "certified-defense", title: "Proved, not only not broken", direction: "robustness: certified defenses",
        question:
            "Which predictions of a network can be proved to withstand every change of the image within a radius, and is the "
            + "proof valid for the arithmetic in which the network runs?",
        method:
            "Train networks on digits plainly, on interval bounds, on adversarial points and with noise. Bound their margins "
            + "by intervals, by backward linear bounds (CROWN) and by optimized ones (α-CROWN), all rounded outward; decide "
            + "the rest of a small network by branch and bound (β-CROWN); certify L2 radii by randomized smoothing. Attack "
            + "the same images by projected gradient. Evaluate the small network in reordered float32 sums and compare with "
            + "outward bounds and with bounds rounded to nearest.",
        limits:
            "The networks are small and the images have 64 pixels: linear bounds lose more in larger ones. Proofs hold for "
            + "arithmetic that rounds every operation to float32 or better, not for lower precision. Smoothing certifies "
            + "another classifier than the network, with a probability of error of one in a thousand for each image.",
        references: [
            Reference(
                authors: "Gowal, Dvijotham, Stanforth, Bunel, Qin, Uesato, Arandjelovic, Mann, Kohli",
                title: "On the Effectiveness of Interval Bound Propagation", year: 2018, arXiv: "1810.12715"),
            Reference(
                authors: "Zhang, Weng, Chen, Hsieh, Daniel",
                title: "Efficient Neural Network Robustness Certification with General Activation Functions",
                year: 2018,
                arXiv: "1811.00866"),
            Reference(
                authors: "Wang, Zhang, Xu, Lin, Jana, Hsieh, Kolter",
                title: "Beta-CROWN: Efficient Bound Propagation with Per-neuron Split Constraints", year: 2021,
                arXiv: "2103.06624"),
            Reference(
                authors: "Cohen, Rosenfeld, Kolter", title: "Certified Adversarial Robustness via Randomized Smoothing",
                year: 2019, arXiv: "1902.02918"),
            Reference(
                authors: "Szász, Bánhelyi, Jelasity", title: "No Soundness in the Real World", year: 2025,
                arXiv: "2506.01054"),
        ], minutes: 1.5)

    static let contradictions = Quantity("certified_but_broken", unit: "images")
    static let openBroken = Quantity("uncertified_and_broken", unit: "of the uncertified")
    static let escapes = Quantity("outward_bounds_left", unit: "evaluations", isHeadline: true)
    static let nearestEscapes = Quantity(
        "nearest_bounds_left_at_the_images", unit: "of the evaluations", isHeadline: true)
    static let nearestTighter = Quantity("nearest_tighter_than_exact", unit: "of the bounds")
    static let outwardTighter = Quantity("outward_tighter_than_exact", unit: "of the bounds")
    static let extraWidth = Quantity("outward_extra_width", unit: "of the width")
    static let bounded = Quantity("certified_trained_on_intervals", unit: "of the images", isHeadline: true)
    static let plain = Quantity("certified_trained_plainly", unit: "of the images")
    static let undecided = Quantity("undecided_by_branch_and_bound", unit: "images")
    static let wrong = Quantity("verdicts_contradicted", unit: "images")
    static let gained = Quantity("certified_beyond_linear_bounds", unit: "of the images")
    static let exact = Quantity("certified_by_branch_and_bound", unit: "of the images", isHeadline: true)
    static let small = Quantity("certified_by_intervals", unit: "of the images")
    static let smoothed = Quantity("smoothed_at_half", unit: "of the images")
    static let smoothedPlain = Quantity("smoothed_at_half_trained_plainly", unit: "of the images")

    public let claims = [
        Claim(
            .worst, "No image that is certified is changed by the attack, at any radius, by any bound, in any network",
            contradictions, .atMost(0), control: "The attack changes images that are not certified", openBroken,
            .atLeast(0.3)),
        Claim(
            .worst, "No evaluation in reordered float32 sums leaves the outward bounds", escapes, .atMost(0),
            control: "The same evaluations leave bounds rounded to nearest, at the images themselves", nearestEscapes,
            .atLeast(0.3)
        ).and(outwardTighter, .atMost(0)).controlAnd(nearestTighter, .atLeast(0.3)),
        Claim(
            .worst, "A network trained on intervals is certified at the radius of its training", bounded,
            .atLeast(0.65),
            control: "The same bounds certify next to nothing of a network trained plainly", plain, .atMost(0.15)),
        Claim(
            .worst, "Branch and bound decides every image, and no attack contradicts it", undecided, .atMost(0),
            control: "Intervals alone certify next to nothing of the same network", small, .atMost(0.15)
        ).and(wrong, .atMost(0)).and(gained, .atLeast(0.02)),
        Claim(
            .worst, "Smoothing certifies an L2 radius of one half for a network trained with noise", smoothed,
            .atLeast(0.4), control: "It certifies less for a network trained without", smoothedPlain, .atMost(0.35)),
    ].map { $0.development(missed: 0, of: 4) }

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (digits, study) = (try await context.digits(), settings.study)
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("training and certifying") { trial in
            try study.run(digits, key: trial.key, in: trial.session)
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(outcomes, measured), claims: claims, from: measured) {
            measured.metrics(Self.bounded, Self.exact, Self.escapes, Self.nearestEscapes)
            measured.metrics(
                Self.plain, Self.contradictions, Self.openBroken, Self.small, Self.gained, Self.undecided, Self.wrong)
            measured.metrics(
                Self.nearestTighter, Self.outwardTighter, Self.extraWidth, Self.smoothed, Self.smoothedPlain)
            settings.study.radiusChart(outcomes)
            settings.study.bounds("plain", "A network trained plainly", outcomes.map(\.plain), measured)
            settings.study.bounds("intervals", "A network trained on intervals", outcomes.map(\.intervals), measured)
            settings.study.complete(outcomes, measured)
            settings.study.smoothing(outcomes, measured)
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        func put(_ quantity: Quantity, _ value: (Outcome) -> Double) { measured[quantity] = outcomes.map(value) }
        // The radius of training is 0.1, or the nearest that was asked for.
        let radii = settings.study.radii.sorted()
        let at = radii.indices.min { abs(radii[$0] - 0.1) < abs(radii[$1] - 0.1) } ?? 0
        put(Self.contradictions) { Double($0.plain.contradictions + $0.intervals.contradictions) }
        put(Self.openBroken) {
            Double($0.plain.openBroken + $0.intervals.openBroken) / Double(max(1, $0.plain.open + $0.intervals.open))
        }
        put(Self.escapes) { Double($0.floating.outwardEscapes) }
        put(Self.nearestEscapes) { $0.floating.nearestEscapesOfPoints }
        put(Self.nearestTighter) { $0.floating.nearestTighter }
        put(Self.outwardTighter) { $0.floating.outwardTighter }
        put(Self.extraWidth) { $0.floating.extraWidth }
        put(Self.bounded) { $0.intervals.certified[at][1] }
        put(Self.plain) { $0.plain.certified[at][1] }
        put(Self.undecided) { Double($0.complete.undecided) }
        put(Self.wrong) { Double($0.complete.contradictions) }
        put(Self.gained) { $0.complete.exact - $0.complete.linear }
        put(Self.exact) { $0.complete.exact }
        put(Self.small) { $0.complete.intervals }
        let half = settings.study.smoothingRadii.indices.min {
            abs(settings.study.smoothingRadii[$0] - 0.5) < abs(settings.study.smoothingRadii[$1] - 0.5)
        }
        put(Self.smoothed) { outcome in half.map { outcome.smoothed[$0] } ?? .nan }
        put(Self.smoothedPlain) { outcome in half.map { outcome.smoothedPlain[$0] } ?? .nan }
        return measured
    }

    private func summary(_ outcomes: [Outcome], _ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let evaluations = outcomes.reduce(0) { $0 + $1.floating.evaluations }
        return "Linear bounds certify \(percent(Self.bounded)) of the images of a network trained on intervals, and "
            + "\(percent(Self.plain)) of one trained plainly, at a radius of about 0.1. Of a small network trained on adversarial "
            + "points, branch and bound certifies \(percent(Self.exact)) where intervals certify \(percent(Self.small)), and "
            + "leaves \(Phrase.number(measured.mean(Self.undecided))) images undecided. In \(evaluations) evaluations with "
            + "reordered sums, \(Phrase.number(measured.mean(Self.escapes))) left the outward bounds; at the images "
            + "themselves \(percent(Self.nearestEscapes)) left bounds rounded to nearest."
    }
}
