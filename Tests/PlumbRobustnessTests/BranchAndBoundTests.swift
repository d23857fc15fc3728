import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbRobustness

struct BranchAndBoundTests {
    private func toy(_ weight: Double, atMost bound: Double) -> NetworkProperty {
        NetworkProperty(
            inputs: 2, outputs: 1,
            regions: [.init(lower: [-1, -2], upper: [2, 1], constraints: [.init([weight], atMost: bound)])])
    }

    @Test("The exact range of the toy network, -2 to 1, is found from both sides, by splits of ReLUs and of inputs")
    func exactRange() throws {
        for splitInputs in [0, 8] {
            var search = BranchAndBound()
            search.splitInputs = splitInputs
            #expect(try search.verify(BoundNetworks.toy, toy(1, atMost: -2.001), key: RandomKey(1)).verdict == .holds)
            #expect(try search.verify(BoundNetworks.toy, toy(-1, atMost: -1.001), key: RandomKey(1)).verdict == .holds)
            for (weight, bound) in [(1.0, -1.999), (-1, -0.999)] {
                let verdict = try search.verify(BoundNetworks.toy, toy(weight, atMost: bound), key: RandomKey(1))
                    .verdict
                guard case .violated(let x) = verdict else {
                    Issue.record("\(verdict)")
                    continue
                }
                #expect(weight * Double(BoundNetworks.toy(x).item) <= bound)
            }
        }
    }

    @Test("Verdicts on random networks are those of a fine grid of inputs")
    func gridTruth() throws {
        var (holds, violated) = (0, 0)
        for seed in 0..<12 {
            let network = BoundNetworks.perceptron([2, 8, 8, 3], seed: UInt64(100 + seed))
            let points = Tensor.normal([1, 2], key: RandomKey(UInt64(seed)))
            let box = Interval(around: points, radius: 0.4)
            let label = network(points).argmaxOfRows()[0]
            let property = NetworkProperty.robust(box, label: label, classes: 3)
            // The least margin over the grid is at most the exact one plus what a cell can hide.
            let (lower, upper) = (box.lower.elements, box.upper.elements)
            let side = 200
            let grid = Tensor(
                (0..<side * side).flatMap { cell -> [Float] in
                    let (i, j) = (Float(cell / side) / Float(side - 1), Float(cell % side) / Float(side - 1))
                    return [lower[0] + i * (upper[0] - lower[0]), lower[1] + j * (upper[1] - lower[1])]
                }, shape: [side * side, 2])
            let outputs = network(grid).elements
            var least = Float.infinity
            for row in 0..<side * side {
                for other in 0..<3 where other != label {
                    least = min(least, outputs[row * 3 + label] - outputs[row * 3 + other])
                }
            }
            for splitInputs in [0, 8] {
                var search = BranchAndBound()
                (search.starts, search.splitInputs) = (0, splitInputs)
                switch try search.verify(network, property, key: RandomKey(3)).verdict {
                case .holds:
                    holds += 1
                    #expect(least > 0)
                case .violated(let x):
                    violated += 1
                    #expect(box.contains(x))
                    #expect(network(x).argmaxOfRows()[0] != label || least <= 0.05)
                case let other: Issue.record("seed \(seed): \(other), least margin on the grid \(least)")
                }
            }
        }
        #expect(holds > 4 && violated > 4)
    }

    @Test("Limits of parts and of time are told apart")
    func limits() throws {
        let network = BoundNetworks.perceptron([10, 40, 40, 2], seed: 5)
        let points = Tensor.normal([1, 10], key: RandomKey(6))
        let box = Interval(around: points, radius: 1)
        // A little above what linear bounds give: true, and hard to show.
        let weights = Tensor([1, 0] as [Float], shape: [1, 2])
        let low = Double(try BoundPropagation(network).lowerBounds(box, of: weights, .optimized(steps: 30)).item)
        let bound = low + 0.05 * (Double(network(points).elements[0]) - low)
        let property = NetworkProperty(
            inputs: 10, outputs: 2,
            regions: [
                .init(
                    lower: box.lower.elements.map { Double($0) }, upper: box.upper.elements.map { Double($0) },
                    constraints: [.init([1, 0], atMost: bound)])
            ])
        var search = BranchAndBound()
        (search.starts, search.limit) = (0, 1)
        #expect(try search.verify(network, property, key: RandomKey(1)).verdict == .unknown)
        (search.limit, search.timeout) = (1_000_000, 0)
        #expect(try search.verify(network, property, key: RandomKey(1)).verdict == .timeout)
    }

    @Test("A property of other sizes than the network's is refused")
    func otherSizes() {
        #expect(
            throws: BoundError("the property is about 2 inputs and 1 outputs, the network has 3 and 2")
        ) {
            try BranchAndBound().verify(
                BoundNetworks.perceptron([3, 2], seed: 1), toy(1, atMost: 0), key: RandomKey(1))
        }
    }
}
