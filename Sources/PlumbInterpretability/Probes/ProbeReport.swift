internal import PlumbBasics
public import PlumbRecords
public import PlumbTensor

/// How well a probe reads a label from activations that it was not fitted to, beside what the same method reads where
/// there is nothing to read.
///
/// A probe with many weights can learn the accidents of its examples (Hewitt, Liang 2019, *Designing and Interpreting
/// Probes with Control Tasks*, arXiv:1909.03368). Two controls therefore belong to every report: the method fitted to
/// shuffled labels, which shows what it learns without anything to learn, and features drawn at random, which show how
/// much of the label lies in any direction at all.
public struct ProbeReport: Sendable, Codable, Equatable {
    /// The method.
    public let method: ProbeMethod
    /// The fitted probe.
    public let probe: LinearProbe
    /// The scores of the test examples, in their order.
    public let scores: [Double]
    /// The labels of the test examples.
    public let labels: [Bool]
    /// The groups of the test examples.
    public let groups: [String]
    /// The area under the ROC curve on the test examples.
    public let auroc: Double
    /// The share of test examples on the right side of the threshold.
    public let accuracy: Double
    /// The 95 % percentile bootstrap interval of ``auroc`` over groups, 1,000 resamples; `nil` where a resample lacks a
    /// class.
    public let interval: Interval?
    /// The areas on the same test examples of probes fitted to shuffled labels.
    public let shuffledLabels: [Double]
    /// The areas on the same test examples of features drawn at random, their sign and threshold, or weights, being
    /// fitted.
    public let randomFeatures: [Double]

    /// Fits and judges a probe, and its controls.
    ///
    /// - Parameters:
    ///   - method: how the probe is fitted.
    ///   - training: what it is fitted to.
    ///   - test: what judges it.
    ///   - controls: how often labels are shuffled and features drawn.
    ///   - key: of shuffles, draws and the interval.
    /// - Throws: ``ProbeError`` where a class is missing, the widths differ, or a group is in both parts.
    public init(
        _ method: ProbeMethod, training: ProbeExamples, test: ProbeExamples, controls: Int = 10, key: RandomKey
    ) throws {
        require(controls > 0, "a report needs a control or more, got \(controls)")
        guard training.width == test.width else {
            throw ProbeError("a probe of width \(training.width) cannot read activations of width \(test.width)")
        }
        if let shared = Set(training.groups).intersection(test.groups).sorted().first {
            throw ProbeError(
                "the group \"\(shared)\" is among the examples that fit the probe and among those that judge it: split "
                    + "by groups")
        }
        _ = try test.classes()
        let probe = try method.fit(training)
        (self.method, self.probe) = (method, probe)
        (scores, labels, groups) = (probe.scores(test.activations), test.labels, test.groups)
        (auroc, accuracy) = (LinearProbe.auroc(scores, labels), LinearProbe.accuracy(scores, labels))
        interval = Self.interval(scores, labels, groups, key: key["interval"])
        shuffledLabels = try (0..<controls).map { index in
            var random = key["shuffled labels"][index].generator()
            return try method.fit(training.labeled(training.labels.shuffled(using: &random))).auroc(test)
        }
        randomFeatures = try (0..<controls).map { index in
            try method.random(training, key: key["random features"][index]).auroc(test)
        }
    }

    /// The 95 % percentile bootstrap interval of an area under the ROC curve, whole groups being drawn anew, 1,000
    /// resamples; `nil` where a resample lacks a class.
    ///
    /// - Parameters:
    ///   - scores: of examples.
    ///   - labels: of the same.
    ///   - groups: of the same; examples of one group are not independent.
    ///   - key: of the draws.
    public static func interval(
        _ scores: [Double], _ labels: [Bool], _ groups: [String], key: RandomKey
    ) -> Interval? {
        require(
            scores.count == labels.count && labels.count == groups.count,
            "\(scores.count) scores need as many labels and groups, got \(labels.count) and \(groups.count)")
        var members: [String: [Int]] = [:]
        var names: [String] = []
        for (index, group) in groups.enumerated() {
            if members[group] == nil { names.append(group) }
            members[group, default: []].append(index)
        }
        guard !names.isEmpty else { return nil }
        let ends = Statistics.bootstrap(of: names.count, key: key, resamples: 1000) { drawn in
            let rows = drawn.flatMap { members[names[$0]] ?? [] }
            return LinearProbe.auroc(rows.map { scores[$0] }, rows.map { labels[$0] })
        }
        guard ends.lower.isFinite, ends.upper.isFinite else { return nil }
        return Interval(
            lower: ends.lower, upper: ends.upper, method: "percentile bootstrap over groups, 1,000 resamples")
    }

    /// The mean area of probes of shuffled labels.
    public var shuffled: Double { Statistics.mean(shuffledLabels) }
    /// The mean area of random features.
    public var random: Double { Statistics.mean(randomFeatures) }
}

/// Which layer a probe reads, chosen by the validation examples.
public enum LayerChoice: String, Sendable, Codable, CaseIterable {
    /// The layer of the largest area; the earliest of equals.
    case best
    /// The earliest layer whose area above 0.5 is 95 % of the largest one's: the earliest informative layer (Mallen,
    /// Brumley, Kharchenko, Belrose 2023, *Eliciting Latent Knowledge from Quirky Language Models*, arXiv:2312.01037).
    /// Where late layers prepare what is said, what is known may be read before.
    case earliestInformative

    /// The index of the chosen layer.
    ///
    /// - Parameter areas: the area under the ROC curve on the validation examples of each layer; NaN is never chosen.
    /// - Returns: nil where no layer has a number.
    public func layer(_ areas: [Double]) -> Int? {
        let known = areas.indices.filter { areas[$0].isFinite }
        guard let first = known.first else { return nil }
        let best = known.reduce(first) { areas[$1] > areas[$0] ? $1 : $0 }
        guard self == .earliestInformative, areas[best] > 0.5 else { return best }
        return known.first { areas[$0] - 0.5 >= 0.95 * (areas[best] - 0.5) } ?? best
    }
}
