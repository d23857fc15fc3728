internal import PlumbData
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

extension CertificationStudy {
    /// Evaluates a perceptron at sampled inputs in random orders of its sums, and compares with its bounds.
    ///
    /// A third of the inputs are the images themselves, a third lie within a tiny box around one, a third within a larger
    /// one, at corners and inside.
    func floating(_ network: NetworkGraph, _ data: LabeledImages, key: RandomKey) throws -> FloatingPoint {
        var result = FloatingPoint()
        let layers = network.nodes.compactMap { node -> Linear? in
            if case .linear(let layer) = node.operation { layer } else { nil }
        }
        let perceptron = MLP(layers, activation: .relu)
        let bounds = (try BoundPropagation(network), try BoundPropagation(network, rounding: .nearest))
        let sizes = [0, 1e-6, completeRadius]
        let rows = data.count
        let rounds = max(1, evaluations / (rows * sizes.count))
        var escapesOfPoints = 0
        for (part, radius) in sizes.enumerated() {
            let box = Interval(around: data.vectors, radius: radius, within: 0...1)
            let found = [bounds.0, bounds.1].map { bounds in [bounds(box, .intervals), bounds(box, .linear)] }
            for round in 0..<rounds {
                var sums = ReorderedSums(perceptron, key: key[part][round]["order"])
                sums.fused = round % 2 == 1
                let outputs = sums(Self.sample(box, key[part][round]["inputs"]))
                result.evaluations += rows
                let escapes = found.map { Self.outside(outputs, $0) }
                result.outwardEscapes += escapes[0]
                result.nearestEscapes += escapes[1]
                if part == 0 { escapesOfPoints += escapes[1] }
            }
        }
        result.nearestEscapesOfPoints = Double(escapesOfPoints) / Double(rounds * rows)
        let box = Interval(around: data.vectors, radius: completeRadius, within: 0...1)
        let exact = Self.exactIntervals(perceptron, box)
        let (outward, nearest) = (bounds.0(box, .intervals), bounds.1(box, .intervals))
        result.outwardTighter = Self.tighter(outward, than: exact)
        result.nearestTighter = Self.tighter(nearest, than: exact)
        let widths = zip(outward.upper.elements, outward.lower.elements).map { Double($0) - Double($1) }
        let extra = zip(widths, exact).map { $0 / ($1.upper - $1.lower) - 1 }
        result.extraWidth = Statistics.mean(extra)
        return result
    }

    /// An input from each box: half of them corners.
    private static func sample(_ box: Interval, _ key: RandomKey) -> Tensor {
        var random = key.generator()
        return Tensor(shape: box.lower.shape) { y in
            box.lower.withUnsafeElements { l in
                box.upper.withUnsafeElements { u in
                    for i in l.indices {
                        let isCorner = i / box.width % 2 == 0
                        let share = isCorner ? Float(random.next() & 1) : Float(random.uniform())
                        y[i] = share == 1 ? u[i] : min(u[i], max(l[i], l[i] + share * (u[i] - l[i])))
                    }
                }
            }
        }
    }

    /// The samples with an output outside of any of several bounds.
    private static func outside(_ outputs: Tensor, _ bounds: [Interval]) -> Int {
        let (values, width) = (outputs.elements, outputs.shape[1])
        let ends = bounds.map { ($0.lower.elements, $0.upper.elements) }
        return (0..<outputs.shape[0]).count { row in
            (row * width..<(row + 1) * width).contains { i in
                ends.contains { values[i] < $0.0[i] || values[i] > $0.1[i] }
            }
        }
    }

    /// Interval bounds in double precision, of logits one after another.
    private static func exactIntervals(_ perceptron: MLP, _ box: Interval) -> [(lower: Double, upper: Double)] {
        var lower = box.lower.elements.map { Double($0) }
        var upper = box.upper.elements.map { Double($0) }
        for (index, layer) in perceptron.layers.enumerated() {
            let (weight, bias) = (layer.weight.tensor().elements, layer.bias?.elements)
            let (inputs, outputs) = (layer.weight.inputs, layer.weight.outputs)
            var next: (lower: [Double], upper: [Double]) = ([], [])
            for row in 0..<box.count {
                for output in 0..<outputs {
                    var (low, high) = (Double(bias?[output] ?? 0), Double(bias?[output] ?? 0))
                    for input in 0..<inputs {
                        let w = Double(weight[output * inputs + input])
                        let (l, u) = (lower[row * inputs + input], upper[row * inputs + input])
                        low += w * (w >= 0 ? l : u)
                        high += w * (w >= 0 ? u : l)
                    }
                    let isLast = index + 1 == perceptron.layers.count
                    next.lower.append(isLast ? low : max(0, low))
                    next.upper.append(isLast ? high : max(0, high))
                }
            }
            (lower, upper) = next
        }
        return zip(lower, upper).map { ($0, $1) }
    }

    /// The share of ends that lie within the exact ones.
    private static func tighter(_ bounds: Interval, than exact: [(lower: Double, upper: Double)]) -> Double {
        let (lower, upper) = (bounds.lower.elements, bounds.upper.elements)
        let count = exact.indices.reduce(0) { count, i in
            count + (Double(lower[i]) > exact[i].lower ? 1 : 0) + (Double(upper[i]) < exact[i].upper ? 1 : 0)
        }
        return Double(count) / Double(2 * exact.count)
    }
}
