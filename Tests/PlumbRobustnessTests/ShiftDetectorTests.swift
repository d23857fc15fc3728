import Foundation
import PlumbModels
import PlumbNN
import PlumbRobustness
import PlumbTensor
import Testing

/// Detectors of shifted inputs, held to pytorch-ood 0.4.0 on the same network and pictures.
@Suite struct ShiftDetectorTests {
    /// What `Scripts/record-pytorch-ood.py` writes.
    private struct Recorded: Decodable {
        let auroc: [String: [String: Double]], passing: [String: [String: Double]]
        let weights: [[[Float]]], biases: [[Float]]
        let training: [[Float]], labels: [Int], sets: [String: [[Float]]]
        let neighbors: Int, dimensions: Int, step: Double

        static func read() throws -> Recorded {
            let file = try #require(Bundle.module.resourceURL).appendingPathComponent("Golden/pytorch-ood.json")
            return try JSONDecoder().decode(Recorded.self, from: Data(contentsOf: file))
        }

        var network: NetworkGraph {
            let layers = zip(weights, biases).map { rows, bias in
                Linear(
                    weight: Weight(Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])), bias: Tensor(bias))
            }
            return NetworkGraph(MLP(layers, activation: .relu))
        }

        func pictures(_ rows: [[Float]]) -> Tensor {
            Tensor(rows.flatMap { $0 }.map { $0 / 16 }, shape: [rows.count, 64])
        }
    }

    @Test func areasAreThoseOfPytorchOOD() throws {
        let recorded = try Recorded.read()
        let detectors = try FittedDetectors(
            [recorded.network], training: recorded.pictures(recorded.training), labels: recorded.labels,
            neighbors: recorded.neighbors, dimensions: recorded.dimensions, odinStep: recorded.step)
        let scores = try recorded.sets.mapValues { try detectors.scores(recorded.pictures($0)) }
        let inside = try #require(scores["inside"])
        #expect(recorded.auroc.count == 7)
        for (name, areas) in recorded.auroc {
            let detector = try #require(ShiftDetector(rawValue: name))
            for (set, area) in areas {
                let (shifted, kept) = (try #require(scores[set]?[detector]), try #require(inside[detector]))
                let found = Statistics.auroc(positives: shifted, negatives: kept)
                #expect(abs(found - area) < 1e-3, "\(name), \(set): \(found), pytorch-ood \(area)")
                let passing = ROCCurve.passingAt95(shifted: shifted, inside: kept)
                let expected = try #require(recorded.passing[name]?[set])
                #expect(abs(passing - expected) < 2.1 / 150, "\(name), \(set): \(passing), recorded \(expected)")
            }
        }
    }

    @Test func anEnsembleOfOneIsItsMember() throws {
        let logits = Tensor.normal([20, 5], standardDeviation: 3, key: RandomKey(1))
        let pairs = zip(LogitScores.ensemble([logits]), LogitScores.maximumProbability(logits))
        #expect(pairs.allSatisfy { abs($0 - $1) < 1e-12 })
    }

    @Test func theCurveHasTheAreaOfTheRanks() {
        var random = RandomKey(2).generator()
        let inside = (0..<80).map { _ in (random.normal() * 4).rounded() }
        let shifted = (0..<60).map { _ in (random.normal() * 4 + 3).rounded() }
        let curve = ROCCurve(shifted: shifted, inside: inside, points: 1000)
        var area = 0.0
        for (a, b) in zip(curve.falseAlarms.indices, curve.falseAlarms.indices.dropFirst()) {
            area += (curve.falseAlarms[b] - curve.falseAlarms[a]) * (curve.found[a] + curve.found[b]) / 2
        }
        #expect(abs(area - Statistics.auroc(positives: shifted, negatives: inside)) < 1e-12)
        #expect(curve.falseAlarms.last == 1 && curve.found.last == 1)
    }

    @Test func aNetworkWithoutALinearEndHasNoFeatures() throws {
        let network = try NetworkGraph(
            inputShape: [4], nodes: [.init("input", .input, inputs: []), .init("act", .activation(.relu), inputs: [0])])
        #expect(throws: RobustnessStudyError.self) { try RecordedOutputs(network, Tensor.zeros([2, 4])) }
    }
}
