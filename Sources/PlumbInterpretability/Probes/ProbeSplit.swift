internal import PlumbBasics
public import PlumbTensor

/// Which examples fit a probe, which choose its layer or settings, and which judge it. No group is in two parts.
public struct ProbeSplit: Sendable, Codable, Equatable {
    /// Examples that fit the probe.
    public let training: [Int]
    /// Examples that choose among probes.
    public let validation: [Int]
    /// Examples that judge the one chosen; nothing is chosen by them.
    public let test: [Int]

    /// Deals groups out at random.
    ///
    /// - Parameters:
    ///   - groups: the group of each example.
    ///   - labels: of each example; every part must have both.
    ///   - validation: the share of the groups that choose.
    ///   - test: the share of the groups that judge; 0 where others do.
    ///   - key: of the deal; the same key and groups give the same split.
    /// - Throws: ``ProbeError`` where there are too few groups for three parts, or a part lacks a class.
    public init(
        groups: [String], labels: [Bool], validation: Double = 0.2, test: Double = 0.3, key: RandomKey
    ) throws {
        require(
            validation > 0 && test >= 0 && validation + test < 1,
            "the shares \(validation) and \(test) leave no training")
        require(groups.count == labels.count, "\(labels.count) labels need as many groups, got \(groups.count)")
        var seen: Set<String> = []
        var names = groups.filter { seen.insert($0).inserted }
        var random = key["split"].generator()
        names.shuffle(using: &random)
        let (chosen, judged) = (
            max(1, Int((validation * Double(names.count)).rounded())),
            test == 0 ? 0 : max(1, Int((test * Double(names.count)).rounded()))
        )
        guard names.count > chosen + judged else {
            throw ProbeError(
                "\(names.count) groups are too few to fit a probe, to choose its layer and to judge it: give each "
                    + "example the group of what it is about, and take 3 groups or more")
        }
        let held = Set(names.prefix(judged)), choosing = Set(names[judged..<judged + chosen])
        let rows = groups.indices
        self.test = rows.filter { held.contains(groups[$0]) }
        self.validation = rows.filter { choosing.contains(groups[$0]) }
        training = rows.filter { !held.contains(groups[$0]) && !choosing.contains(groups[$0]) }
        for (name, part) in [("training", training), ("validation", self.validation), ("test", self.test)]
        where Set(part.map { labels[$0] }).count < 2 && !(test == 0 && name == "test") {
            throw ProbeError(
                "the \(name) part has \(part.count) examples of one class only: take more groups, or groups with both "
                    + "classes"
            )
        }
    }
}
