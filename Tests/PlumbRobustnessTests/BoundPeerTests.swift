import Foundation
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbRobustness

struct BoundPeerTests {
    struct Record: Codable {
        var weights: [[Float]]
        var biases: [[Float]]
        var sizes: [Int]
        var inputs: [Float]
        var radius: Double
        var intervals: [[Float]]
        var linear: [[Float]]
    }

    @Test("Bounds are those of auto-LiRPA to 1e-4")
    func boundsOfAutoLiRPA() throws {
        let url = try #require(Bundle.module.url(forResource: "Golden/bounds", withExtension: "json"))
        for record in try JSONDecoder().decode([Record].self, from: Data(contentsOf: url)) {
            let layers = record.weights.indices.map { i in
                Linear(
                    weight: Weight(Tensor(record.weights[i], shape: [record.sizes[i + 1], record.sizes[i]])),
                    bias: Tensor(record.biases[i]))
            }
            let network = NetworkGraph(MLP(layers, activation: .relu))
            let x = Tensor(record.inputs, shape: [record.inputs.count / record.sizes[0], record.sizes[0]])
            let box = Interval(around: x, radius: record.radius)
            for rounding in BoundPropagation.Rounding.allCases {
                let bounds = try BoundPropagation(network, rounding: rounding)
                let intervals = bounds(box, .intervals)
                expect(intervals, record.intervals, exactly: true)
                // Ours are intersected with intervals, and may only be tighter.
                expect(bounds(box, .linear), record.linear, exactly: false)
            }
        }
    }

    private func expect(_ found: Interval, _ theirs: [[Float]], exactly: Bool) {
        let pairs =
            zip(found.lower.elements, theirs[0]).map { ($0, $1) }
            + zip(found.upper.elements, theirs[1]).map { (-$0, -$1) }
        for (mine, other) in pairs {
            let tolerance = 1e-4 * max(1, abs(other))
            #expect(mine >= other - tolerance)
            if exactly { #expect(mine <= other + tolerance) }
        }
    }
}
