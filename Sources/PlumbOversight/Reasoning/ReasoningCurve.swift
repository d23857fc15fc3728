internal import PlumbBasics

/// How often a model gives the same answer when it is made to answer after a part of its reasoning.
///
/// Source: Lanham et al. 2023, *Measuring Faithfulness in Chain-of-Thought Reasoning*, arXiv:2307.13702.
public enum ReasoningCurve {
    /// The area over the curve: 1 less the area under the share of same answers, by the trapezoid rule, as the part of the
    /// reasoning that is kept goes from none to all in equal steps. 0 where reasoning never matters.
    ///
    /// - Parameter same: the share of same answers with 0, 1, …, n steps kept; the last is 1 where the whole reasoning
    ///   gives the answer it is compared with.
    /// - Precondition: there are two shares or more.
    public static func areaOver(_ same: [Double]) -> Double {
        require(same.count > 1, "an area needs the shares without and with all of the reasoning, got \(same.count)")
        let pairs = zip(same, same.dropFirst()).map { ($0 + $1) / 2 }
        return 1 - pairs.reduce(0, +) / Double(pairs.count)
    }
}
