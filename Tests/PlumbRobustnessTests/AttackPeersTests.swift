import Foundation
import PlumbData
import PlumbModels
import PlumbNN
import PlumbRobustness
import PlumbTensor
import Testing

/// The same network and pictures attacked by foolbox and torchattacks, recorded by `Scripts/record-attacks.py`.
struct AttackPeersTests {
    private struct Recorded: Decodable {
        struct Within: Decodable {
            var attack: String, norm: PerturbationNorm
            var radius: Double
            var accuracies: [Double]
        }
        struct Smallest: Decodable {
            var attack: String
            var size: Double, broken: Double
        }
        var clean: Double
        var within: [Within], smallest: [Smallest]
    }

    private let recorded: Recorded
    private let network: NetworkGraph
    private let images: Tensor
    private let labels: [Int]

    init() throws {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Golden")
        recorded = try JSONDecoder().decode(
            Recorded.self, from: Data(contentsOf: folder.appendingPathComponent("attacks.json")))
        let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent("attacks.safetensors"))
        func tensor(_ name: String) throws -> Tensor { try file.tensor(name).dequantized() }
        let layers = try (1...3).map { index in
            Linear(weight: Weight(try tensor("fc\(index).weight")), bias: try tensor("fc\(index).bias"))
        }
        network = NetworkGraph(MLP(layers, activation: .relu))
        (images, labels) = (try tensor("images"), try tensor("labels").elements.map { Int($0) })
    }

    private func attack(_ row: Recorded.Within) throws -> any Attack {
        let set = PerturbationSet(row.norm, radius: row.radius)
        return switch row.attack {
        case "FGSM": FGSM(set)
        case "PGD": PGD(set, relativeStep: 0.1)
        case "APGD-CE": AutoPGD(set, .crossEntropy)
        case "APGD-DLR": AutoPGD(set, .differenceOfLogitsRatio)
        case "APGD-T": AutoPGD(set, .targets(9))
        case "FAB-T": FAB(set)
        default: try #require(row.attack == "Square" ? SquareAttack(set, queries: 2000) : nil)
        }
    }

    @Test("Attacks within a radius leave the accuracy that foolbox's and torchattacks' leave, or less")
    func leavesTheSameAccuracy() throws {
        for row in recorded.within {
            let found = try attack(row).run(network, images: images, labels: labels, key: RandomKey(1))
            let high = (row.accuracies.max() ?? 0) + (row.attack == "FGSM" ? 0 : 0.02)
            #expect(found.accuracy <= high, "\(row.attack) \(row.norm) \(row.radius): \(found.accuracy)")
            // A step without chance must be the same step.
            if row.attack == "FGSM" { #expect(abs(found.accuracy - high) < 1e-6) }
        }
    }

    @Test("Smallest changes are as small as foolbox's")
    func isAsSmall() throws {
        let answers = network(images).argmaxOfRows()
        let right = labels.indices.filter { answers[$0] == labels[$0] }
        for row in recorded.smallest {
            let attack: any Attack = row.attack == "DeepFool" ? DeepFool() : CarliniWagner(steps: 500)
            let found = try attack.run(
                network, images: images.gathered(right), labels: right.map { labels[$0] }, key: RandomKey(1))
            let sizes = right.indices.filter { found.succeeded[$0] }.map { found.distances[$0] }
            let mean = sizes.reduce(0, +) / Double(sizes.count)
            #expect(mean <= row.size * 1.02, "\(row.attack): \(mean) against \(row.size)")
            #expect(Double(sizes.count) / Double(right.count) >= row.broken - 0.01)
        }
    }
}
