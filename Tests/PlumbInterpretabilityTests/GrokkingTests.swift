import Foundation
@testable import PlumbInterpretability
import PlumbLearning
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

/// The factorized network against a plain one, waves against their definition, and a training run that goes on.
@Suite struct GrokkingTests {
    private static let modulus = 7

    private func model(_ seed: UInt64 = 1) -> AdditionTransformer {
        AdditionTransformer(modulus: Self.modulus, width: 32, heads: 2, hidden: 24, key: RandomKey(seed))
    }

    private var all: AdditionTransformer.Pairs {
        AdditionTransformer.Pairs(Array(0..<Self.modulus * Self.modulus), modulus: Self.modulus)
    }

    /// The transformer as written down: three tokens a row, every position, causal attention, made of tensor operations.
    private func plainLogits(_ model: AdditionTransformer, _ a: Int, _ b: Int) -> Tensor {
        let x = model.tokens.gathered([a, b, Self.modulus]) + model.positions
        let (q, k, v) = (model.query(x), model.key(x), model.value(x))
        let width = x.shape[1] / model.heads
        let mask = Tensor([0, -1e30, -1e30, 0, 0, -1e30, 0, 0, 0], shape: [3, 3])
        let heads = (0..<model.heads).map { head in
            let range = head * width..<(head + 1) * width
            let scores = q.columns(range).matmul(transposed: k.columns(range)) * (1 / Float(width).squareRoot())
            return (scores + mask).softmax().matmul(v.columns(range))
        }
        let middle = x + model.output(Tensor.concatenated(heads, axis: 1))
        let after = middle + model.down(model.up(middle).relu())
        return model.unembedding(after)[2]
    }

    @Test func factorizedLogitsEqualThoseOfThePlainTransformer() {
        let model = model()
        let logits = model(all)
        for a in 0..<Self.modulus {
            for b in 0..<Self.modulus {
                let difference = plainLogits(model, a, b) - logits[a * Self.modulus + b]
                #expect(difference.elements.allSatisfy { abs($0) <= 1e-5 })
            }
        }
    }

    @Test func factorizedGradientsEqualThoseOfThePlainTransformer() {
        let model = model(2)
        let places = [0, 3, 10, 25, 48]
        let pairs = AdditionTransformer.Pairs(places, modulus: Self.modulus)
        let fast = gradient(at: model) { $0.loss(pairs) }
        let plain = gradient(at: model) { model in
            Tensor.concatenated(
                places.map { plainLogits(model, $0 / Self.modulus, $0 % Self.modulus).reshaped([1, -1]) }
            ).crossEntropy(pairs.sums)
        }
        for ((name, a), (_, b)) in zip(fast.parameters, plain.parameters) {
            let error = (a - b).norm() / max(1e-6, b.norm())
            #expect(error <= 1e-5, "\(name): \(error)")
        }
    }

    @Test func wavesHaveLengthOneAndAreOrthogonal() {
        let basis = FourierBasis(modulus: Self.modulus)
        for waves in [
            basis.waves(basis.frequencies), basis.sumWaves(basis.frequencies), basis.productWaves(basis.frequencies),
        ] {
            let products = waves.transposedMatmul(waves)
            for i in 0..<products.shape[0] {
                for (j, value) in products[i].elements.enumerated() { #expect(abs(value - (i == j ? 1 : 0)) < 1e-5) }
            }
        }
    }

    @Test func wavesOfTheSumLieInTheProductsOfTheirFrequency() {
        let basis = FourierBasis(modulus: Self.modulus)
        let (sums, products) = (basis.sumWaves([2]), basis.productWaves([2]))
        let projected = products.matmul(products.transposedMatmul(sums))
        #expect((projected - sums).norm() < 1e-5)
        let other = basis.productWaves([1, 3])
        #expect(other.transposedMatmul(sums).norm() < 1e-5)
    }

    @Test func logitsOfOneFrequencyAreExplainedByItAlone() throws {
        // The logit of c for a + b is 4 cos(2πk(a + b - c)/p) with k = 2: what a network of one frequency computes.
        let p = Self.modulus
        var values: [Float] = []
        for place in 0..<p * p {
            for c in 0..<p {
                let phase = Double(place / p + place % p - c)
                values.append(Float(4 * cos(4 * Double.pi * phase / Double(p))))
            }
        }
        let logits = Tensor(values, shape: [p * p, p])
        // The test pairs are whole rows of the table of addition, on which different waves are orthogonal.
        let analysis = GrokkingAnalysis(modulus: p, train: Array(0..<3 * p), test: Array(3 * p..<p * p))
        let shares = analysis.shares(logits: logits)
        #expect(abs(shares[1] - 1) < 1e-5 && abs(shares[0]) < 1e-5 && abs(shares[2]) < 1e-5)
        let whole = try analysis.progress(logits: logits, gini: 0, frequencies: [2])
        #expect(whole.scores.testAccuracy == 1)
        #expect(abs(whole.restrictedLoss - whole.scores.testLoss) < 1e-5, "the frequency alone is the whole")
        #expect(abs(whole.excludedLoss - log(Double(p))) < 1e-5, "without it every answer is as likely")
        let other = try analysis.progress(logits: logits, gini: 0, frequencies: [1])
        #expect(abs(other.restrictedLoss - log(Double(p))) < 1e-5)
        #expect(abs(other.excludedLoss - other.scores.trainLoss) < 1e-5)
    }

    @Test func aTableOfTheTrainingAnswersHasACircuitOnlyWhereWavesAreFittedToThem() throws {
        // 20 for each training pair's sum and 0 for every test pair: what memorizing alone can be.
        let p = 23
        let train = (0..<p * p).filter { $0 * 37 % 101 < 50 }
        var values = [Float](repeating: 0, count: p * p * p)
        for place in train { values[place * p + (place / p + place % p) % p] = 20 }
        let logits = Tensor(values, shape: [p * p, p])
        let analysis = GrokkingAnalysis(modulus: p, train: train, test: (0..<p * p).filter { $0 * 37 % 101 >= 50 })
        let found = try analysis.progress(logits: logits, gini: 0, frequencies: Array(1...(p - 1) / 2))
        let guess = log(Double(p))
        #expect(found.restrictedLossFromAllPairs < 0.1 * guess, "they are right about test pairs too")
        #expect(abs(found.restrictedLoss - guess) < 1e-4 && abs(found.excludedLoss) < 1e-4)
    }

    @Test func aCircuitBesideATableIsFoundOnTheTestPairsAndTakenFromBoth() throws {
        // The logit of c is 6 cos(2πk(a + b - c)/p); training pairs have 3 more for their sum, and another constant.
        let p = 11
        let train = (0..<p * p).filter { $0 % 3 != 0 }
        let isTrained = Set(train)
        var values: [Float] = []
        for place in 0..<p * p {
            let sum = (place / p + place % p) % p
            values += (0..<p).map { c in
                let wave = 6 * cos(2 * Double.pi * 2 * Double(sum - c) / Double(p))
                return Float(wave + (isTrained.contains(place) && c == sum ? 3 : 0) + (c == 4 ? 1 : 0))
            }
        }
        let analysis = GrokkingAnalysis(modulus: p, train: train, test: (0..<p * p).filter { $0 % 3 == 0 })
        let found = try analysis.progress(logits: Tensor(values, shape: [p * p, p]), gini: 0, frequencies: [2])
        #expect(abs(found.restrictedLoss - found.scores.testLoss) < 1e-4, "test pairs have nothing else")
        // Without the circuit a training pair has 3 for its sum, and 1 for the answer 4.
        let other = -log(exp(3.0) / (exp(3.0) + exp(1.0) + 9)), four = -log(exp(4.0) / (exp(4.0) + 10))
        let fours = Double(train.count { ($0 / p + $0 % p) % p == 4 }) / Double(train.count)
        #expect(abs(found.excludedLoss - (fours * four + (1 - fours) * other)) < 1e-4)
    }

    @Test func theGiniCoefficientIsZeroForEqualNumbersAndNearOneForASingleOne() {
        #expect(abs(GrokkingAnalysis.gini([2, 2, 2, 2])) < 1e-12)
        #expect(abs(GrokkingAnalysis.gini([0, 0, 0, 5]) - 0.75) < 1e-12)
        #expect(GrokkingAnalysis.gini([0, 0]) == 0)
    }

    @Test func keyFrequenciesAreTheFewestThatHoldThePart() {
        let analysis = GrokkingAnalysis(modulus: 11, train: [0], test: [1])
        #expect(analysis.keyFrequencies(shares: [0.01, 0.5, 0, 0.4, 0.02], part: 0.95) == [2, 4])
        #expect(analysis.keyFrequencies(shares: [0.2, 0.2, 0.2, 0.2, 0.2], part: 0.5) == [1, 2, 3])
    }

    @Test func sharesOfTheFrequenciesArePartsOfOneWhole() {
        // An untrained network's logits are mostly not functions of the sum.
        let analysis = GrokkingAnalysis(modulus: Self.modulus, train: Array(0..<24), test: Array(24..<49))
        let shares = analysis.shares(model())
        #expect(shares.count == 3 && shares.allSatisfy { $0 >= 0 })
        #expect(shares.reduce(0, +) < 0.9)
    }

    /// A study of a second.
    private var small: GrokkingStudy {
        var study = GrokkingStudy()
        (study.modulus, study.fraction, study.width, study.heads, study.hidden) = (11, 0.5, 32, 2, 64)
        (study.learningRate, study.weightDecay) = (5e-3, 1)
        (study.steps, study.evaluateEvery, study.snapshotEvery) = (60, 10, 20)
        return study
    }

    @Test func aStudyLearnsItsTrainingSetAndGoesOnFromItsCheckpoints() throws {
        let study = small
        let whole = try study.train(key: RandomKey(5), label: "test")
        #expect(whole.history.losses.count == 60 && whole.snapshots.map(\.step) == [20, 40, 60])
        #expect(try #require(whole.history.losses.last) < whole.history.losses[0] / 2)
        let (train, test) = (whole.history.train, whole.history.test)
        #expect(Set(train).isDisjoint(with: test) && train.count + test.count == 121)

        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("grokking-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let artifacts = folder.appendingPathComponent("artifacts")
        let session = FitSession(checkpoints: folder, models: artifacts)
        var shorter = study
        shorter.steps = 40
        _ = try shorter.train(key: RandomKey(5), label: "test", in: session)
        let resumed = try study.train(key: RandomKey(5), label: "test", in: session)
        #expect(resumed.history.losses == whole.history.losses)
        #expect(resumed.history.evaluations == whole.history.evaluations)
        #expect(resumed.snapshots.map(\.step) == [20, 40, 60])
        for (a, b) in zip(resumed.snapshots, whole.snapshots) {
            #expect(zip(a.model.parameters, b.model.parameters).allSatisfy { $0.tensor == $1.tensor })
        }
        let kept = try AdditionTransformer.load(artifacts.appendingPathComponent("test.safetensors").path)
        #expect(zip(kept.parameters, whole.model.parameters).allSatisfy { $0.tensor == $1.tensor })
    }
}
