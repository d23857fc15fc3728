import Foundation
import PlumbInterpretability
import PlumbLearning
import PlumbRecords
import PlumbTensor
import Testing

/// Examples for the tests of probes.
enum Planted {
    /// Rows of normal noise of some width; the label adds `shift` along the first feature, plus or minus.
    static func examples(
        _ count: Int, width: Int, shift: Double, groups: Int? = nil, key: RandomKey
    ) throws -> ProbeExamples {
        var random = key.generator()
        let labels = (0..<count).map { $0 % 2 == 0 }
        let rows = labels.flatMap { label in
            (0..<width).map { feature in random.normal() + (feature == 0 ? (label ? shift : -shift) : 0) }
        }
        return try ProbeExamples(
            DoubleMatrix(rows, rows: count, columns: width), labels: labels,
            groups: groups.map { groups in (0..<count).map { "\($0 / 2 % groups)" } })
    }
}

@Suite struct LinearProbeTests {
    @Test("The mean difference of two points on each side is known by hand")
    func meanDifferenceByHand() throws {
        let examples = try ProbeExamples(
            DoubleMatrix([3, 1, 5, 1, 0, 0, 2, -2], rows: 4, columns: 2), labels: [true, true, false, false])
        let probe = try LinearProbe(meanDifference: examples)
        #expect(probe.direction == [3, 2])
        // Half-way between (4, 1) and (1, -1) lies (2.5, 0), where 3 · 2.5 = 7.5.
        #expect(probe.offset == -7.5)
        #expect(probe.scores(DoubleMatrix([2.5, 0, 4, 1], rows: 2, columns: 2)) == [0, 6.5])
        #expect(probe.accuracy(examples) == 1)
    }

    @Test("Whitening by a diagonal covariance divides each feature's difference by its variance")
    func whiteningByHand() throws {
        // Within classes the first feature has variance 1 and the second 4; the means differ by (2, 2).
        let rows: [Double] = [2, 4, 0, 4, 2, 0, 0, 0, 0, 2, -2, 2, 0, -2, -2, -2]
        let examples = try ProbeExamples(
            DoubleMatrix(rows, rows: 8, columns: 2), labels: (0..<8).map { $0 < 4 })
        let probe = try LinearProbe(whitenedMeanDifference: examples, shrinkage: 0)
        #expect(abs(probe.direction[0] - 2) < 1e-12 && abs(probe.direction[1] - 0.5) < 1e-12)
        // All of the covariance shrunken, it is 2.5 times the identity.
        let plain = try LinearProbe(whitenedMeanDifference: examples, shrinkage: 1)
        #expect(abs(plain.direction[0] - 0.8) < 1e-12 && abs(plain.direction[1] - 0.8) < 1e-12)
    }

    @Test("Scores of the whitened mean difference do not depend on the basis of the activations")
    func whiteningInvariance() throws {
        let examples = try Planted.examples(60, width: 4, shift: 0.5, key: RandomKey(1))
        var random = RandomKey(2).generator()
        let basis = DoubleMatrix((0..<16).map { _ in random.normal() }, rows: 4, columns: 4)
        let turned = try ProbeExamples(
            examples.activations.product(basis).addingToRows([1, -2, 3, 0.5]), labels: examples.labels)
        let scores = try LinearProbe(whitenedMeanDifference: examples, shrinkage: 0).scores(examples.activations)
        let others = try LinearProbe(whitenedMeanDifference: turned, shrinkage: 0).scores(turned.activations)
        for (a, b) in zip(scores, others) { #expect(abs(a - b) < 1e-8) }
        // The plain mean difference does depend on it.
        let plain = try LinearProbe(meanDifference: examples).scores(examples.activations)
        let plainOthers = try LinearProbe(meanDifference: turned).scores(turned.activations)
        #expect(zip(plain, plainOthers).contains { abs($0 - $1) > 1e-3 })
    }

    @Test("The logistic probe of two points solves its equation")
    func logisticByHand() throws {
        // At x = ±1 the minimum has 2 σ(-w) = λ w.
        for penalty in [0.1, 1, 10] {
            let examples = try ProbeExamples(DoubleMatrix([1, -1], rows: 2, columns: 1), labels: [true, false])
            let probe = try LinearProbe(logistic: examples, penalty: penalty)
            let w = probe.direction[0]
            #expect(abs(2 / (1 + exp(w)) - penalty * w) < 1e-6)
            #expect(abs(probe.offset) < 1e-9)
        }
    }

    @Test("The logistic probe is where no weight or offset makes the loss smaller")
    func logisticIsMinimal() throws {
        let examples = try Planted.examples(80, width: 3, shift: 0.4, key: RandomKey(3))
        let probe = try LinearProbe(logistic: examples, penalty: 2)
        let standard = Standardization(of: examples.activations)
        func loss(_ direction: [Double], _ offset: Double) -> Double {
            let scores = LinearProbe(direction: direction, offset: offset).scores(examples.activations)
            let penalty = zip(direction, standard.scales).reduce(0) { $0 + pow($1.0 * $1.1, 2) }
            return zip(scores, examples.labels).reduce(penalty) { $0 + log1p(exp($1.1 ? -$1.0 : $1.0)) }
        }
        let least = loss(probe.direction, probe.offset)
        for feature in 0..<3 {
            for step in [-1e-3, 1e-3] {
                var direction = probe.direction
                direction[feature] += step
                #expect(loss(direction, probe.offset) > least)
            }
        }
        #expect(loss(probe.direction, probe.offset + 1e-3) > least)
        #expect(loss(probe.direction, probe.offset - 1e-3) > least)
    }

    @Test("The logistic probe agrees with the exact fit of comparisons where there is no offset")
    func logisticAgainstPreferences() throws {
        var random = RandomKey(4).generator()
        let half = (0..<30).map { _ in (0..<3).map { _ in random.normal() } }
        let answers = half.map { $0[0] + random.normal() > 0 }
        // Each example with its opposite: means are 0, and so is the offset.
        let rows = half + half.map { $0.map { -$0 } }
        let labels = answers + answers.map { !$0 }
        let examples = try ProbeExamples(DoubleMatrix(rows.flatMap { $0 }, rows: 60, columns: 3), labels: labels)
        let standard = Standardization(of: examples.activations)(examples.activations)
        let exact = try LinearPreferences(
            differences: (0..<60).map { Array(standard.row($0)) }, mu: labels.map { $0 ? 1 : 0 }, penalty: 3)
        let probe = try LinearProbe(logistic: examples, penalty: 3)
        let scales = Standardization(of: examples.activations).scales
        for feature in 0..<3 {
            #expect(abs(probe.direction[feature] * scales[feature] - exact.weights[feature]) < 1e-6)
        }
    }

    @Test("A sparse probe takes the features whose means differ most, in standard deviations")
    func sparseChoosesFeatures() throws {
        // The third feature differs by 2 with deviation 0, or nearly so, the first by 10 with a large one.
        let rows: [Double] = [30, 0, 1, -10, 0, 1.1, 20, 0, -1, -20, 0.5, -1.1]
        let examples = try ProbeExamples(
            DoubleMatrix(rows, rows: 4, columns: 3), labels: [true, true, false, false])
        let probe = try LinearProbe(sparse: examples, features: 1)
        #expect(probe.support == [2])
        #expect(probe.direction[0] == 0 && probe.direction[1] == 0 && probe.direction[2] > 0)
        let all = try LinearProbe(sparse: examples, features: 3)
        let dense = try LinearProbe(logistic: examples)
        for (a, b) in zip(all.direction, dense.direction) { #expect(abs(a - b) < 1e-9) }
    }

    @Test("The area under the ROC curve of a known ranking is counted by hand")
    func areaByHand() throws {
        let probe = LinearProbe(direction: [1], offset: 0)
        let examples = try ProbeExamples(
            DoubleMatrix([1, 2, 3, 4, 5], rows: 5, columns: 1), labels: [false, true, false, true, true])
        // Of 6 pairs the positive 2 loses to 3, the others win.
        #expect(abs(probe.auroc(examples) - 5.0 / 6) < 1e-12)
        let reversed = LinearProbe(direction: [-1], offset: 0)
        #expect(abs(reversed.auroc(examples) - 1.0 / 6) < 1e-12)
        #expect(probe.cosine(reversed) == -1)
    }

    @Test("What cannot be fitted is refused in a sentence")
    func refusals() throws {
        let two = DoubleMatrix([1, 2, 3, 4], rows: 2, columns: 2)
        let single = try ProbeExamples(two, labels: [true, true])
        for method in [
            ProbeMethod.logistic(penalty: 1), .meanDifference, .whitenedMeanDifference(shrinkage: 0.1),
            .sparse(features: 1, penalty: 1),
        ] {
            #expect {
                try method.fit(single)
            } throws: { "\($0)".contains("examples of both classes") }
        }
        #expect {
            try ProbeExamples(DoubleMatrix([1, .nan], rows: 1, columns: 2), labels: [true])
        } throws: { "\($0)".contains("not finite") }
        #expect {
            try ProbeExamples(two, labels: [true])
        } throws: { "\($0)".contains("as many labels") }
        #expect {
            try LinearProbe(whitenedMeanDifference: ProbeExamples(two, labels: [true, false]), shrinkage: 0)
        } throws: { "\($0)".contains("covariance") }
        let few = try Planted.examples(4, width: 6, shift: 1, key: RandomKey(1))
        #expect {
            try LinearProbe(whitenedMeanDifference: few, shrinkage: 0)
        } throws: { "\($0)".contains("shrinkage above") }
    }
}

@Suite struct ProbeReportTests {
    @Test("No group is in two parts of a split, and every example is in one")
    func splitKeepsGroups() throws {
        let examples = try Planted.examples(120, width: 2, shift: 1, groups: 20, key: RandomKey(5))
        let split = try ProbeSplit(groups: examples.groups, labels: examples.labels, key: RandomKey(1))
        let parts = [split.training, split.validation, split.test]
        #expect(parts.flatMap { $0 }.sorted() == Array(0..<120))
        let groups = parts.map { Set($0.map { examples.groups[$0] }) }
        #expect(groups.map(\.count) == [10, 4, 6])
        #expect(groups[0].isDisjoint(with: groups[1]) && groups[0].isDisjoint(with: groups[2]))
        #expect(groups[1].isDisjoint(with: groups[2]))
        #expect(try split == ProbeSplit(groups: examples.groups, labels: examples.labels, key: RandomKey(1)))
        #expect(try split != ProbeSplit(groups: examples.groups, labels: examples.labels, key: RandomKey(2)))
    }

    @Test("Too few groups, and parts of one class, are refused")
    func splitRefuses() {
        #expect {
            try ProbeSplit(groups: ["a", "a", "b", "b"], labels: [true, false, true, false], key: RandomKey(1))
        } throws: { "\($0)".contains("2 groups are too few") }
        #expect {
            try ProbeSplit(
                groups: ["a", "b", "c", "d"], labels: [true, false, true, false], key: RandomKey(1))
        } throws: { "\($0)".contains("one class only") }
    }

    @Test("A report finds a planted direction, and its controls find nothing")
    func reportWithControls() throws {
        let training = try Planted.examples(200, width: 20, shift: 1.5, groups: 50, key: RandomKey(6))
        let other = try Planted.examples(200, width: 20, shift: 1.5, key: RandomKey(7))
        let test = try ProbeExamples(
            other.activations, labels: other.labels, groups: other.groups.map { "test \($0)" })
        for method in [
            ProbeMethod.logistic(penalty: 1), .meanDifference, .whitenedMeanDifference(shrinkage: 0.1),
            .sparse(features: 2, penalty: 1),
        ] {
            let report = try ProbeReport(method, training: training, test: test, controls: 20, key: RandomKey(1))
            #expect(report.auroc > 0.95 && report.accuracy > 0.85)
            #expect(abs(report.shuffled - 0.5) < 0.12)
            #expect(report.shuffledLabels.count == 20 && report.randomFeatures.count == 20)
            #expect(report.random < 0.8)
            let interval = try #require(report.interval)
            #expect(interval.lower <= report.auroc && report.auroc <= interval.upper)
            #expect(try report == ProbeReport(method, training: training, test: test, controls: 20, key: RandomKey(1)))
        }
    }

    @Test("Where there is nothing to read a report says so")
    func reportOfNothing() throws {
        let training = try Planted.examples(300, width: 10, shift: 0, groups: 30, key: RandomKey(8))
        let other = try Planted.examples(300, width: 10, shift: 0, key: RandomKey(9))
        let test = try ProbeExamples(
            other.activations, labels: other.labels, groups: other.groups.map { "test \($0)" })
        let report = try ProbeReport(.logistic(penalty: 1), training: training, test: test, key: RandomKey(1))
        #expect(abs(report.auroc - 0.5) < 0.12)
    }

    @Test("A group on both sides, or another width, is refused")
    func reportRefuses() throws {
        let training = try Planted.examples(20, width: 3, shift: 1, groups: 5, key: RandomKey(1))
        #expect {
            try ProbeReport(.meanDifference, training: training, test: training, key: RandomKey(1))
        } throws: { "\($0)".contains("split by groups") }
        let wide = try Planted.examples(20, width: 4, shift: 1, groups: 5, key: RandomKey(1))
        #expect {
            try ProbeReport(.meanDifference, training: training, test: wide, key: RandomKey(1))
        } throws: { "\($0)".contains("width 3") }
    }

    @Test("Layers are chosen by validation areas: the best, or the earliest that nearly reaches it")
    func layerChoice() {
        let areas = [0.5, 0.7, 0.96, 0.98, 0.97]
        #expect(LayerChoice.best.layer(areas) == 3)
        // 95 % of 0.48 above 0.5 is 0.956.
        #expect(LayerChoice.earliestInformative.layer(areas) == 2)
        #expect(LayerChoice.best.layer([.nan, 0.4, 0.4]) == 1)
        #expect(LayerChoice.earliestInformative.layer([0.3, 0.4]) == 1)
        #expect(LayerChoice.best.layer([.nan]) == nil)
    }
}

@Suite struct ConsistencyProbeTests {
    /// Pairs of statements and negations: noise that differs between the sides by a constant, and truth along one
    /// direction, with opposite signs on the two sides.
    static func pairs(
        _ count: Int, width: Int, key: RandomKey
    ) -> (positive: DoubleMatrix, negative: DoubleMatrix, labels: [Bool]) {
        var random = key.generator()
        let labels = (0..<count).map { _ in random.uniform() < 0.5 }
        func side(_ sign: Double, _ shift: Double) -> DoubleMatrix {
            DoubleMatrix(
                labels.flatMap { label in
                    (0..<width).map { feature in
                        0.5 * random.normal() + shift + (feature == 1 ? (label ? 2 : -2) * sign : 0)
                    }
                }, rows: count, columns: width)
        }
        return (side(1, 3), side(-1, -3), labels)
    }

    @Test("The loss of a pair is that of the paper")
    func lossByHand() {
        #expect(ConsistencyProbe.loss(1, 0) == 0)
        #expect(ConsistencyProbe.loss(0.5, 0.5) == 0.25)
        #expect(abs(ConsistencyProbe.loss(0.9, 0.3) - (0.04 + 0.09)) < 1e-12)
        #expect(ConsistencyProbe.loss(1, 1) == 2)
    }

    @Test("A planted truth is found without labels, up to sign, and labels give the sign", arguments: [true, false])
    func findsPlantedDirection(scales: Bool) throws {
        let (positive, negative, labels) = Self.pairs(100, width: 6, key: RandomKey(1))
        var search = ConsistencyProbe.Search()
        (search.scalesFeatures, search.learningRate) = (scales, 0.01)
        let probe = try ConsistencyProbe(positive: positive, negative: negative, search: search, key: RandomKey(2))
        let area = probe.auroc(positive: positive, negative: negative, labels: labels)
        #expect(max(area, 1 - area) > 0.99)
        #expect(probe.losses.count == 10 && probe.losses.allSatisfy { $0.isFinite })
        let (others, otherNegations, otherLabels) = Self.pairs(100, width: 6, key: RandomKey(3))
        let oriented = probe.oriented(by: labels, positive: positive, negative: negative)
        #expect(oriented.auroc(positive: others, negative: otherNegations, labels: otherLabels) > 0.99)
        let opposite = oriented.opposite.auroc(positive: others, negative: otherNegations, labels: otherLabels)
        #expect(opposite < 0.01)
    }

    @Test("From pairs that are no negations it learns nothing of the truth")
    func inconsistentPairs() throws {
        let (positive, negative, labels) = Self.pairs(200, width: 6, key: RandomKey(4))
        var areas: [Double] = []
        for index in 0..<8 {
            var random = RandomKey(5)[index].generator()
            let exchanged = negative.gathered(Array(0..<200).shuffled(using: &random))
            let probe = try ConsistencyProbe(positive: positive, negative: exchanged, key: RandomKey(6)[index])
            let oriented = probe.oriented(by: labels, positive: positive, negative: exchanged)
            areas.append(oriented.auroc(positive: positive, negative: negative, labels: labels))
        }
        #expect(abs(Statistics.mean(areas) - 0.5) < 0.25)
    }

    @Test("Sides that are no pairs are refused")
    func refusals() {
        let (two, three) = (DoubleMatrix(rows: 2, columns: 3), DoubleMatrix(rows: 3, columns: 3))
        #expect {
            try ConsistencyProbe(positive: two, negative: three, key: RandomKey(1))
        } throws: { "\($0)".contains("are no pairs") }
        let one = DoubleMatrix(rows: 1, columns: 3)
        #expect {
            try ConsistencyProbe(positive: one, negative: one, key: RandomKey(1))
        } throws: { "\($0)".contains("2 pairs or more") }
        let broken = DoubleMatrix([1, 2, .infinity, 4, 5, 6], rows: 2, columns: 3)
        #expect {
            try ConsistencyProbe(positive: two, negative: broken, key: RandomKey(1))
        } throws: { "\($0)".contains("not finite") }
    }
}
