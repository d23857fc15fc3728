import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbRobustness

/// The networks of the bound tests.
enum BoundNetworks {
    /// Two inputs, two ReLUs and one output, whose bounds can be worked out by hand.
    static let toy: NetworkGraph = {
        func layer(_ rows: [[Float]]) -> Linear {
            Linear(weight: Weight(Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])))
        }
        return NetworkGraph(MLP([layer([[1, -1], [2, -1]]), layer([[1, -1]])], activation: .relu))
    }()
    static let toyBox = Interval(
        lower: Tensor([-1, -2] as [Float], shape: [1, 2]), upper: Tensor([2, 1] as [Float], shape: [1, 2]))

    static func perceptron(_ sizes: [Int], _ activation: Activation = .relu, seed: UInt64) -> NetworkGraph {
        NetworkGraph(MLP(sizes, activation: activation, initializer: .heNormal, key: RandomKey(seed)))
    }

    /// A network with every operation that has a bound.
    static func everything(_ activation: Activation = .relu) throws -> NetworkGraph {
        func key(_ name: String) -> RandomKey { RandomKey(6)[name] }
        let convolution = Convolution2D(inputs: 2, outputs: 3, kernel: 3, padding: 1, key: key("conv"))
        return try NetworkGraph(
            inputShape: [2, 6, 6],
            nodes: [
                .init("input", .input, inputs: []),
                .init("last", .transpose([1, 2, 0]), inputs: [0]),
                .init("conv", .convolution(convolution), inputs: [1]),
                .init("act", .activation(activation), inputs: [2]),
                .init("sum", .sum, inputs: [2, 3]),
                .init("max", .maxPool(MaxPool2D(window: 3, stride: 2)), inputs: [4]),
                .init("mean", .averagePool(AveragePool2D(window: 3, stride: 1)), inputs: [4]),
                .init("flat", .reshape([12]), inputs: [5]),
                .init("flat2", .reshape([48]), inputs: [6]),
                .init("both", .concatenate(axis: 0), inputs: [7, 8]),
                .init(
                    "scaled", .scale(.normal([60], key: key("s")), offset: .normal([60], key: key("o"))), inputs: [9]),
                .init("fc", .linear(Linear(inputs: 60, outputs: 8, key: key("fc"))), inputs: [10]),
                .init("act2", .activation(activation), inputs: [11]),
                .init("out", .linear(Linear(inputs: 8, outputs: 4, key: key("out"))), inputs: [12]),
            ])
    }
}

struct BoundTests {
    static let methods: [BoundPropagation.Method] = [.intervals, .linear, .optimized(steps: 4)]

    private func near(_ bounds: Interval, _ lower: Float, _ upper: Float) -> Bool {
        let (l, u) = (bounds.lower.item, bounds.upper.item)
        return l <= lower && u >= upper && l > lower - 1e-4 && u < upper + 1e-4
    }

    @Test("The toy network has the bounds that are worked out by hand")
    func toyNetwork() throws {
        let bounds = try BoundPropagation(BoundNetworks.toy)
        #expect(near(bounds(BoundNetworks.toyBox, .intervals), -6, 4))
        #expect(near(bounds(BoundNetworks.toyBox, .linear), -3, 3))
        #expect(near(bounds(BoundNetworks.toyBox, .optimized(steps: 40)), -3, 2))
    }

    @Test(
        "Bounds enclose what sampled inputs give, for every operation and method",
        arguments: [Activation.relu, .tanh, .sigmoid])
    func enclosesSamples(_ activation: Activation) throws {
        for network in [
            try BoundNetworks.everything(activation), BoundNetworks.perceptron([72, 16, 16, 4], activation, seed: 3),
        ] {
            let points = Tensor.normal([2, 72], key: RandomKey(9))
            for radius in [1e-6, 0.1] {
                let box = Interval(around: points, radius: radius)
                for method in Self.methods {
                    let found = try BoundPropagation(network)(box, method)
                    for sample in 0..<2 {
                        let inside = Self.samples(box, sample, 200)
                        let outputs = network(inside)
                        let bounds = found.gathered([Int](repeating: sample, count: inside.shape[0]))
                        #expect(bounds.contains(outputs), "\(activation) \(radius) \(method)")
                    }
                }
            }
        }
    }

    /// Inputs within a sample's box, half of them corners.
    static func samples(_ box: Interval, _ sample: Int, _ count: Int) -> Tensor {
        var generator = RandomKey(11)[sample].generator()
        let (lower, upper) = (box.lower[sample].elements, box.upper[sample].elements)
        return Tensor(shape: [count, box.width]) { y in
            for i in 0..<count * box.width {
                let (l, u) = (lower[i % box.width], upper[i % box.width])
                let share = i / box.width < count / 2 ? (generator.next() & 1 == 0 ? 0 : 1) : Float(generator.uniform())
                y[i] = share == 0 ? l : share == 1 ? u : min(u, max(l, l + share * (u - l)))
            }
        }
    }

    @Test("Linear bounds are never looser than intervals where both are known, and optimized ones than linear ones")
    func orderOfMethods() throws {
        let network = BoundNetworks.perceptron([20, 24, 24, 5], seed: 4)
        let bounds = try BoundPropagation(network)
        let box = Interval(around: .normal([4, 20], key: RandomKey(5)), radius: 0.1)
        let found = Self.methods.map { bounds(box, $0) }
        for (loose, tight) in zip(found, found.dropFirst()) {
            let (l, u) = (loose.lower.elements, loose.upper.elements)
            #expect(zip(l, tight.lower.elements).allSatisfy { $0 <= $1 })
            #expect(zip(u, tight.upper.elements).allSatisfy { $0 >= $1 })
        }
        let widths = found.map { zip($0.upper.elements, $0.lower.elements).reduce(Float(0)) { $0 + $1.0 - $1.1 } }
        #expect(widths[1] < 0.8 * widths[0])
        #expect(widths[2] < 0.99 * widths[1])
    }

    @Test("Outward bounds of a point enclose sums in any order; those rounded to nearest do not")
    func anyOrderOfSums() throws {
        let network = MLP([64, 48, 10], activation: .relu, initializer: .heNormal, key: RandomKey(12))
        let points = Tensor.normal([8, 64], key: RandomKey(13))
        let box = Interval(around: points, radius: 0)
        let sound = try BoundPropagation(NetworkGraph(network))
        let naive = try BoundPropagation(NetworkGraph(network), rounding: .nearest)
        for method in [BoundPropagation.Method.intervals, .linear] {
            let (outer, nearest) = (sound(box, method), naive(box, method))
            var escapes = 0
            for order in 0..<40 {
                let outputs = ReorderedSums(network, key: RandomKey(14)[order])(points)
                #expect(outer.contains(outputs))
                escapes += nearest.contains(outputs) ? 0 : 1
            }
            #expect(escapes > 20)
            let width = zip(outer.upper.elements, outer.lower.elements).map { $0 - $1 }.max() ?? 1
            #expect(width < 1e-3)
        }
    }

    @Test("An operation without a bound is named before any work")
    func operationsWithoutBounds() {
        #expect(
            throws: BoundError(
                "node act1 is gelu, for which there is no bound: there are bounds of relu, sigmoid and tanh")
        ) { try BoundPropagation(BoundNetworks.perceptron([3, 3, 2], .gelu, seed: 1)) }
    }

    @Test("Weights too large for float32 give bounds that exclude nothing")
    func overflow() throws {
        let layer = Linear(weight: Weight(Tensor(repeating: 3e38, shape: [4, 4])))
        let network = NetworkGraph(MLP([layer, layer, layer], activation: .relu))
        let box = Interval(around: Tensor(repeating: 1, shape: [1, 4]), radius: 0.5)
        for method in Self.methods {
            let found = try BoundPropagation(network)(box, method)
            #expect(found.upper.elements.allSatisfy { $0 == .infinity })
        }
    }

    @Test(
        "Lines above and below sigmoid and tanh hold everywhere between the ends",
        arguments: [Activation.tanh, .sigmoid])
    func sigmoidLines(_ function: Activation) {
        var generator = RandomKey(15).generator()
        for _ in 0..<300 {
            let ends = [Float(generator.normal() * 6), Float(generator.normal() * 6)].sorted()
            let x = Interval(lower: Tensor([ends[0]], shape: [1, 1]), upper: Tensor([ends[1]], shape: [1, 1]))
            let lines = Relaxation(function, x, .outward)
            for step in 0...200 {
                let z = ends[0] + (ends[1] - ends[0]) * Float(step) / 200
                let value = Double(function(Tensor([z])).item)
                let (low, high) = (
                    Double(lines.lowerSlope[0]) * Double(z) + Double(lines.lowerIntercept[0]),
                    Double(lines.upperSlope[0]) * Double(z) + Double(lines.upperIntercept[0])
                )
                #expect(low <= value && value <= high, "\(ends) at \(z)")
            }
        }
    }
}
