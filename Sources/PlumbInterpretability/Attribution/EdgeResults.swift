internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Edge attribution against exact patching over one or more pairs: the numbers that claims are about.
public struct EdgeResults: Sendable {
    /// One comparison a pair.
    public let pairs: [EdgeComparison]

    /// The comparisons of pairs in their order.
    public init(_ pairs: [EdgeComparison]) { self.pairs = pairs }

    /// The correlation of EAP-IG's scores with the exact effects.
    public static let integrated = Quantity("edge_pearson_integrated", per: "pair", isHeadline: true)
    /// The same with gradients shuffled among readers.
    public static let integratedShuffled = Quantity("edge_pearson_integrated_shuffled", per: "pair")
    /// The correlation of EAP's scores with the exact effects.
    public static let plain = Quantity("edge_pearson_plain", per: "pair", isHeadline: true)
    /// The same with gradients shuffled among readers.
    public static let plainShuffled = Quantity("edge_pearson_plain_shuffled", per: "pair")
    /// EAP-IG's relative error as a part of EAP's, over the same edges.
    public static let errorRatio = Quantity("edge_error_ratio", per: "pair")
    /// The same along a wrong path.
    public static let elsewhereRatio = Quantity("edge_error_ratio_elsewhere", per: "pair")
    /// EAP's relative error.
    public static let plainError = Quantity("edge_error_plain", per: "pair")
    /// EAP-IG's relative error.
    public static let integratedError = Quantity("edge_error_integrated", per: "pair")
    /// The correlation of EAP's scores with the slope of the exact effect for a small part of the change.
    public static let slope = Quantity("edge_pearson_plain_slope", per: "pair")

    /// What claims are about.
    public static let claimed = [integrated, integratedShuffled, plain, plainShuffled, errorRatio, elsewhereRatio]

    /// What is claimed of both methods, over `edges` edges of the highest scores and as many random ones.
    public static func claims(edges: Int) -> [Claim] {
        let shuffled =
            "The same with gradients shuffled among readers, over its own highest edges and the random ones"
        return [
            Claim(
                .each(allowing: 1),
                "EAP-IG scores edges as exact patching does: the correlation of score and effect over the \(edges) "
                    + "highest edges and \(edges) random ones", integrated, .atLeast(0.9),
                control: shuffled, integratedShuffled, .within(0.5, of: 0)
            ).development(missed: 1, controlMissed: 0, of: 53),
            Claim(
                .each(allowing: 1),
                "EAP, by one gradient, does so less well: the same correlation over its own highest edges and the random "
                    + "ones", plain, .atLeast(0.4), control: shuffled, plainShuffled, .within(0.5, of: 0)
            ).development(missed: 0, controlMissed: 1, of: 53),
            Claim(
                .each(allowing: 2),
                "Integrating gradients on the way to the other prompt lowers the error: EAP-IG's relative error as a part "
                    + "of EAP's, over the same edges", errorRatio, .atMost(0.8),
                control: "As many gradients along a wrong path do not", elsewhereRatio, .atLeast(0.8)
            ).development(missed: 2, controlMissed: 2, of: 53),
        ]
    }

    /// The quantities as metrics, with the counts and times of the first pair.
    public func metrics(_ measured: Measurements) -> [Metric] {
        measured.metrics(
            Self.plain, Self.integrated, Self.plainShuffled, Self.integratedShuffled, Self.plainError,
            Self.integratedError, Self.errorRatio, Self.elsewhereRatio, Self.slope) + (pairs.first?.metrics ?? [])
    }

    /// Notes the values of these quantities.
    public func measure(_ measured: inout Measurements) {
        func values(_ method: EdgeMethods.Method) -> [Double] { pairs.map { $0.agreement(method).pearson } }
        measured[Self.integrated] = values(.integrated)
        measured[Self.integratedShuffled] = values(.integratedShuffled)
        measured[Self.plain] = values(.plain)
        measured[Self.plainShuffled] = values(.plainShuffled)
        measured[Self.errorRatio] = pairs.map { $0.errorRatio(.integrated) }
        measured[Self.elsewhereRatio] = pairs.map { $0.errorRatio(.elsewhere) }
        measured[Self.plainError] = pairs.map { $0.agreement(.plain).error }
        measured[Self.integratedError] = pairs.map { $0.agreement(.integrated).error }
        measured[Self.slope] = pairs.map { $0.slopeAgreement.pearson }
    }

    private func mean(_ number: (EdgeComparison) -> Double) -> Double { Statistics.mean(pairs.map(number)) }

    /// The agreement of every method with exact patching, mean over pairs.
    public var agreements: Table {
        let methods = EdgeMethods.Method.allCases
        return Table(
            "edge_agreement",
            title: "Edges: scores against exact patching, over each method's highest edges and random edges, mean over "
                + "pairs", rowLabel: "method", columnLabel: "agreement", rows: methods.map(\.rawValue),
            columns: [
                "Pearson", "Spearman", "relative error", "error, edges of EAP and EAP-IG", "Pearson, random edges",
            ],
            values: methods.map { method in
                [
                    mean { $0.agreement(method).pearson }, mean { $0.agreement(method).spearman },
                    mean { $0.agreement(method).error }, mean { $0.agreement(method, over: $0.shared).error },
                    mean { $0.agreement(method, over: $0.random).pearson },
                ]
            })
    }

    /// Where the squared error of each method lies, by what the edges end in, mean over pairs.
    public var errorShares: Table {
        let kinds = EdgeComparison.kinds
        return Table(
            "edge_errors", title: "Squared error by reader, in parts of EAP's whole, mean over pairs",
            rowLabel: "reader", columnLabel: "method", rows: kinds,
            columns: ["EAP", "EAP-IG", "edges compared"],
            values: kinds.indices.map { kind in
                [
                    mean { $0.errorShares[kind][0] }, mean { $0.errorShares[kind][1] },
                    mean { $0.kindCounts[kind] },
                ]
            })
    }

    /// How well both methods predict the exact effects of edges, against the control, in a sentence.
    public var finding: String {
        func number(_ method: EdgeMethods.Method) -> String { Phrase.number(mean { $0.agreement(method).pearson }) }
        return "Over the edges of the highest scores and random ones, exact effects correlate with EAP's scores by "
            + "\(number(.plain)) and with EAP-IG's by \(number(.integrated)), mean over pairs, and by "
            + "\(number(.plainShuffled)) and \(number(.integratedShuffled)) where gradients are shuffled among readers; "
            + "EAP-IG's error is \(Phrase.percent(mean { $0.errorRatio(.integrated) })) of EAP's over the same edges."
    }

    /// Which edges the methods disagree on, and why, in two sentences.
    public var explanation: String {
        let shares = EdgeComparison.kinds.indices.map { kind in mean { $0.errorShares[kind][0] } }
        let order = shares.indices.sorted { shares[$0] > shares[$1] }
        guard let worst = order.first else { return "" }
        let slope = mean { $0.slopeAgreement.pearson }
        let reason =
            slope >= 0.99
            ? ": they are right for small steps, and the errors come from the size of the step."
            : ", so the size of the step does not explain all of the errors."
        return "\(Phrase.percent(shares[worst])) of EAP's squared error lies in edges that end in "
            + "\(EdgeComparison.kinds[worst]). EAP's scores correlate with the slope of the exact effect for a "
            + "\(Phrase.percent(Double(EdgeStudy.smallPart))) step by \(Phrase.number(slope))\(reason)"
    }
}
