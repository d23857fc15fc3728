internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What a language model shows that a bag of words teaches, by a probe and by LoRA, an outcome a split of the texts.
public struct LanguageModelWeakToStrongResults {
    private let study: LanguageModelWeakToStrong
    private let measured: Measurements

    /// The results of a study, one outcome a seed; those of LoRA for the first seeds, or for none.
    public init(
        _ study: LanguageModelWeakToStrong, _ outcomes: [LanguageModelWeakToStrong.Outcome],
        tuned: [TunedStudent.Outcome] = [], seeds: [UInt64]
    ) {
        self.study = study
        var measured = Measurements(seeds: seeds)
        measured[Self.weakText] = outcomes.map(\.plain.weak)
        measured[Self.plainText] = outcomes.map(\.plain.weakToStrong)
        measured[Self.ceilingText] = outcomes.map(\.plain.ceiling)
        measured[Self.doubtingText] = outcomes.map(\.confident.weakToStrong)
        measured[Self.equalText] = outcomes.map(\.equal.weakToStrong)
        measured[Self.shuffledText] = outcomes.map(\.shuffled)
        measured[Self.plainPart] = outcomes.map(\.plain.recovered)
        measured[Self.doubtingPart] = outcomes.map(\.confident.recovered)
        measured[Self.equalPart] = outcomes.map(\.equal.recovered)
        measured[Self.gapText] = outcomes.map { $0.plain.ceiling - $0.plain.weak }
        measured[Self.gainText] = outcomes.map { $0.plain.weakToStrong - $0.plain.weak }
        measured[Self.advantageText] = outcomes.map(\.advantage)
        measured.setLowerEnd(Self.end, of: Self.plainPart)
        if !tuned.isEmpty {
            measured[Self.tunedText] = tuned.map(\.plain.weakToStrong)
            measured[Self.tunedCeiling] = tuned.map(\.plain.ceiling)
            measured[Self.tunedDoubting] = tuned.map(\.confident.weakToStrong)
            measured[Self.tunedUninformed] = tuned.map(\.uninformed)
            measured[Self.tunedGain] = tuned.map { $0.plain.weakToStrong - $0.plain.weak }
            measured[Self.tunedPart] = tuned.map(\.plain.recovered)
            measured[Self.tunedDoubtingPart] = tuned.map(\.confident.recovered)
        }
        self.measured = measured
    }

    private static func accuracy(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity("text_\(name)_accuracy", unit: "of the texts", per: "split", isHeadline: isHeadline)
    }
    private static func recovered(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity("text_gap_recovered_\(name)", unit: "of the gap", per: "split", isHeadline: isHeadline)
    }
    private static let weakText = accuracy("weak", isHeadline: true)
    private static let plainText = accuracy("student", isHeadline: true)
    private static let ceilingText = accuracy("ceiling", isHeadline: true)
    private static let doubtingText = accuracy("confidence")
    private static let equalText = accuracy("equal_student"), shuffledText = accuracy("shuffled_labels")
    private static let plainPart = recovered("student", isHeadline: true), doubtingPart = recovered("confidence")
    private static let equalPart = recovered("equal_student")
    private static let end = Quantity("text_gap_recovered_student_lower_end", unit: "of the gap", per: "run")
    private static let gapText = Quantity("text_gap", unit: "of the texts", per: "split")
    private static let gainText = Quantity("text_student_gain", unit: "of the texts", per: "split")
    private static let tunedText = accuracy("lora_student", isHeadline: true), tunedCeiling = accuracy("lora_ceiling")
    private static let tunedDoubting = accuracy("lora_confidence")
    private static let tunedUninformed = accuracy("lora_uninformative_labels")
    private static let tunedGain = Quantity("text_lora_student_gain", unit: "of the texts", per: "split")
    private static let tunedPart = recovered("lora_student"), tunedDoubtingPart = recovered("lora_confidence")
    private static let advantageText = Quantity("text_confidence_advantage", unit: "of the texts", per: "split")

    /// What is claimed of the probe and of a bag of words in its place, and of the language model itself where it is
    /// trained.
    public static func claims(isTuned: Bool) -> [Claim] { probeClaims + (isTuned ? [tunedClaim] : []) }

    private static let tunedClaim = Claim(
        .mean, "The language model itself, trained with LoRA, is more accurate than the bag of words that taught it",
        tunedGain, .above(0),
        control:
            "Taught by labels that are right for half of the praise and half of the blame, it has an accuracy near "
            + "chance", tunedUninformed, .within(0.1, of: 0.5))
    private static let probeClaims = [
        Claim(
            .value,
            "A probe of the language model recovers a part of the gap between the bag of words that taught it and its "
                + "ceiling: the lower end of the mean's 95 % interval", end, .above(0),
            control: "A bag of words in its place recovers nothing", equalPart, .within(0.1, of: 0), controlRule: .mean
        ).and(.worst, gapText, .above(0)),
        Claim(
            .mean, "The probe is more accurate than the bag of words whose labels it learned", gainText,
            .above(0), control: "Taught by the same labels, shuffled, it has an accuracy near chance", shuffledText,
            .within(0.1, of: 0.5)),
    ]

    /// Numbers and figures of the model `name`.
    public func findings(of name: String) -> Findings {
        Findings(summary: summary(name), claims: Self.claims(isTuned: isTuned), from: measured) {
            measured.metrics(Self.weakText, Self.plainText, Self.ceilingText, Self.plainPart)
            measured.metrics(Self.doubtingText, Self.doubtingPart, Self.advantageText, Self.gapText, Self.gainText)
            measured.metrics(Self.equalText, Self.equalPart, Self.shuffledText)
            if isTuned {
                measured.metrics(Self.tunedText, Self.tunedCeiling, Self.tunedPart, Self.tunedGain)
                measured.metrics(Self.tunedDoubting, Self.tunedDoubtingPart, Self.tunedUninformed)
            }
            measured.barChart(
                title: "Between the bag of words and the ceiling",
                caption: "Accuracy in telling praise from blame on unseen texts.", y: Axis("accuracy"),
                [
                    "bag of words": Self.weakText, "equal student": Self.equalText, "probe": Self.plainText,
                    "probe, confidence loss": Self.doubtingText, "probe, true labels": Self.ceilingText,
                    "probe, shuffled labels": Self.shuffledText,
                ])
            if isTuned { tunedChart }
            "The gap recovered is that of each split, then averaged; splits share texts."
        }
    }

    private var isTuned: Bool { !measured[Self.tunedText].isEmpty }

    private var tunedChart: BarChart {
        measured.barChart(
            title: "The language model itself, trained with LoRA",
            caption: "Accuracy on unseen texts, on the first \(measured[Self.tunedText].count) splits.",
            y: Axis("accuracy"),
            [
                "weak labels": Self.tunedText, "confidence loss": Self.tunedDoubting,
                "true labels": Self.tunedCeiling, "uninformative labels": Self.tunedUninformed,
            ])
    }

    private func summary(_ name: String) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        let tuned =
            isTuned
            ? " Trained with LoRA on its labels, \(name) itself is right on \(percent(Self.tunedText)), with true labels on "
                + "\(percent(Self.tunedCeiling))." : ""
        return
            "A bag of words with \(study.labeledTexts) labeled texts is right on \(percent(Self.weakText)) of "
            + "texts, a probe of \(name) that it taught on \(percent(Self.plainText)), and the same probe with true labels "
            + "on \(percent(Self.ceilingText)). The probe recovers \(number(Self.plainPart)) of the gap, with the "
            + "confidence loss \(number(Self.doubtingPart)); a bag of words in its place \(number(Self.equalPart)).\(tuned)"
    }
}
