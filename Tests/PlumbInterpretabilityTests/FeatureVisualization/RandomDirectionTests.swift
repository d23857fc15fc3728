import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbInterpretability

@Suite("Random directions beside units")
struct RandomDirectionTests {
    @Test("A direction gives up what it has of a channel until the two are uncorrelated, worked by hand")
    func handWorked() {
        // Activations of two channels over three images: a = (0, 2, 4), b = (0, 1, 5). The direction (1, 1) has a + b, and
        // cov(a + b, a) / var(a) = 18 / 8.
        let changed = RandomDirection.uncorrelated([1, 1], with: 0, own: [0, 3, 9], other: [0, 2, 4])
        #expect(changed == [1 - 18.0 / 8, 1])
        // A channel that never changes goes with nothing.
        #expect(RandomDirection.uncorrelated([1, 1], with: 0, own: [0, 3, 9], other: [2, 2, 2]) == [1, 1])
    }

    @Test("Over the data set the changed directions of a network are uncorrelated with their units")
    func network() throws {
        let network = NetworkGraph.convolutional(
            image: [8, 8, 2], channels: [5, 4], hidden: 6, classes: 3, key: RandomKey(1))
        let images = Tensor.uniform([40, 8, 8, 2], bound: 0.5, key: RandomKey(2)) + 0.5
        let units = ["conv1", "conv2", "fc1"].map {
            VisualizedUnit.channel(1, at: .outside(Site(rawValue: "\($0).hook_out")))
        }
        let drawn = try units.enumerated().map {
            try RandomDirection.drawn(beside: $1, of: network, key: RandomKey(3)[$0])
        }
        let changed = try RandomDirection.uncorrelated(drawn, with: units, over: images, by: network)
        let found = try DataSetExamples(of: units + changed, in: images, by: network).activations
        for index in units.indices {
            guard case .direction(let before) = drawn[index].part, case .direction(let after) = changed[index].part
            else {
                Issue.record("not a direction")
                return
            }
            #expect(before.indices.allSatisfy { $0 == 1 ? before[$0] != after[$0] : before[$0] == after[$0] })
            let (a, b) = (found[index].map(Double.init), found[units.count + index].map(Double.init))
            let (meanA, meanB) = (a.reduce(0, +) / 40, b.reduce(0, +) / 40)
            func moment(_ x: [Double], _ y: [Double], _ meanX: Double, _ meanY: Double) -> Double {
                zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
            }
            let size = (moment(a, a, meanA, meanA) * moment(b, b, meanB, meanB)).squareRoot()
            #expect(abs(moment(a, b, meanA, meanB)) < 1e-3 * size)
        }
    }
}
