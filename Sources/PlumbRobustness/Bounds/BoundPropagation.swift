internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Bounds of what a network can compute for inputs in a box, by interval bound propagation (Gowal et al. 2018,
/// arXiv:1810.12715) and by backward linear bounds (CROWN: Zhang et al. 2018, arXiv:1811.00866; Xu et al. 2020,
/// arXiv:2002.12920; α-CROWN: Xu et al. 2020, arXiv:2011.13824).
///
/// With ``Rounding/outward`` a bound holds for the network in exact arithmetic and for every float32 evaluation of it, in
/// whatever order its sums are added and whether or not products are fused with additions: each operation's rounding error
/// is bounded by ``FloatError`` and added, both the network's and the bound's own. It is assumed that every operation of the
/// network rounds to float32 or better, and that its sigmoid and tanh err by at most 2⁻²⁰ of their value, or 2⁻⁴⁰.
///
/// Linear bounds fail in being loose rather than in being wrong: how much they lose grows with the box and with the number
/// of layers.
public struct BoundPropagation: Sendable {
    /// How the arithmetic of the bounds is rounded.
    public enum Rounding: String, Sendable, CaseIterable {
        /// Away from what is bounded: sound.
        case outward
        /// To the nearest float32, as verifiers commonly do: not sound, and kept for comparison.
        case nearest
    }

    /// How bounds are computed.
    public enum Method: Sendable, Equatable {
        /// From the input forward, each number on its own.
        case intervals
        /// Linear bounds from what is asked for back to the input.
        case linear
        /// Linear bounds whose lower slopes at ReLUs are improved by so many steps of gradient ascent.
        case optimized(steps: Int)
    }

    let network: NetworkGraph
    let nodes: [BoundNode]
    let rounding: Rounding
    /// Which nodes a relaxed node reads: their bounds decide how good its relaxation is.
    let relaxationInputs: Set<Int>

    /// Prepares the bounds of a network.
    ///
    /// - Throws: ``BoundError`` naming an operation that has no bound.
    public init(_ network: NetworkGraph, rounding: Rounding = .outward) throws {
        (self.network, self.rounding) = (network, rounding)
        let nodes = try BoundNode.nodes(of: network)
        self.nodes = nodes
        relaxationInputs = Set(nodes.filter(\.isRelaxed).flatMap(\.inputs))
    }

    /// Bounds of every node's value for inputs in each of the boxes.
    ///
    /// Bounds of what activations and max pooling read are the intersection of linear bounds and intervals.
    ///
    /// - Shapes: `box` `[B, n]`; results `[B, …]`, flat, one a node.
    public func nodeBounds(_ box: Interval, _ method: Method = .linear) -> [Interval] {
        check(box)
        return bounds(box, method, known: [:])
    }

    /// Bounds of the network's output for inputs in each of the boxes.
    ///
    /// - Shapes: `box` `[B, n]`; result `[B, K]`.
    public func callAsFunction(_ box: Interval, _ method: Method = .linear) -> Interval {
        let values = nodeBounds(box, method)
        guard method != .intervals else { return values[nodes.count - 1] }
        return refined(nodes.count - 1, values, method, only: { _, _ in true })
    }

    /// Lower bounds of weighted sums of the output, each sample with its own sums.
    ///
    /// A classifier's margins are sums with 1 at the label and -1 at another class.
    ///
    /// - Shapes: `box` `[B, n]`; `weights` `[B · M, K]`, M sums a sample; result `[B, M]`.
    public func lowerBounds(_ box: Interval, of weights: Tensor, _ method: Method = .linear) -> Tensor {
        let values = nodeBounds(box, method)
        let output = nodes.count - 1
        require(
            weights.shape.count == 2 && weights.shape[1] == nodes[output].width && box.count > 0
                && weights.shape[0] % box.count == 0,
            "sums of \(nodes[output].width) outputs of \(box.count) samples cannot have weights \(weights.shape)")
        let each = weights.shape[0] / box.count
        let samples = (0..<weights.shape[0]).map { $0 / each }
        // Through a last linear layer the sums go back to the intervals that it reads, which loses nothing.
        var last = 0
        if method == .intervals {
            if case .linear = nodes[output].kind { last = nodes[output].inputs[0] } else { last = output }
        }
        var pass = BackwardPass(self, values, last: last)
        let query = LinearQuery(node: output, weights: weights, samples: samples)
        guard case .optimized(let steps) = method else { return Tensor(pass.bounds(query), shape: [box.count, each]) }
        var ascent = SlopeAscent(steps: steps)
        return Tensor(ascent.bounds(query, &pass), shape: [box.count, each])
    }

    private func check(_ box: Interval) {
        require(box.width == nodes[0].width, "a network of \(nodes[0].width) inputs has no box \(box.lower.shape)")
    }

    /// - Parameter known: bounds that are known otherwise, by node.
    func bounds(_ box: Interval, _ method: Method, known: [Int: Interval]) -> [Interval] {
        var values = [box]
        for index in nodes.indices.dropFirst() {
            var value = interval(index, nodes[index].inputs.map { values[$0] })
            if let known = known[index] { value = value.intersection(known) }
            values.append(value)
            guard method != .intervals, relaxationInputs.contains(index), !isExact(index) else { continue }
            let isRectified = nodes.contains { node in
                if case .activation(.relu) = node.kind { node.inputs.contains(index) } else { false }
            }
            values[index] = refined(index, values, method) { lower, upper in !isRectified || (lower < 0 && upper > 0) }
        }
        return values
    }

    /// Whether intervals are as good as linear bounds: one linear map of the box.
    private func isExact(_ index: Int) -> Bool {
        switch nodes[index].kind {
        case .linear, .convolution, .averagePool, .scale:
            var source = nodes[index].inputs[0]
            while case .move(let places) = nodes[source].kind, places.count == 1 { source = nodes[source].inputs[0] }
            return source == 0
        default: return false
        }
    }

    /// The bounds of a node, those for which `only` holds improved by linear bounds.
    private func refined(
        _ index: Int, _ values: [Interval], _ method: Method, only: (Float, Float) -> Bool
    ) -> Interval {
        let (interval, width) = (values[index], nodes[index].width)
        var (lower, upper) = (interval.lower.elements, interval.upper.elements)
        let open = lower.indices.filter { only(lower[$0], upper[$0]) }
        // Rows of coefficients are held for every node at once.
        let chunk = max(1, (1 << 23) / (nodes.map(\.width).max() ?? 1))
        for start in stride(from: 0, to: open.count, by: chunk) {
            let places = open[start..<min(start + chunk, open.count)]
            let weights = Tensor(shape: [2 * places.count, width]) { y in
                y.initialize(repeating: 0)
                for (row, place) in places.enumerated() {
                    y[2 * row * width + place % width] = 1
                    y[(2 * row + 1) * width + place % width] = -1
                }
            }
            let query = LinearQuery(
                node: index, weights: weights, samples: places.flatMap { [$0 / width, $0 / width] })
            var pass = BackwardPass(self, values)
            var found: [Float]
            if case .optimized(let steps) = method {
                var ascent = SlopeAscent(steps: steps)
                found = ascent.bounds(query, &pass)
            } else {
                found = pass.bounds(query)
            }
            for (row, place) in places.enumerated() {
                lower[place] = max(lower[place], found[2 * row])
                upper[place] = min(upper[place], -found[2 * row + 1])
            }
        }
        return Interval(
            lower: Tensor(lower, shape: interval.lower.shape), upper: Tensor(upper, shape: interval.lower.shape))
    }
}
