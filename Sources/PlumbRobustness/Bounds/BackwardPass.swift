internal import PlumbNN
internal import PlumbTensor

/// Weighted sums of a node's numbers of which lower bounds are asked for: row i is a sum of sample `samples[i]`.
struct LinearQuery {
    let node: Int
    /// `[Q, n]`
    let weights: Tensor
    let samples: [Int]
}

/// Linear bounds carried from a node back to the input: for each row of a query, coefficients of each earlier value such
/// that their weighted sum plus a constant is at most the sum asked for.
struct BackwardPass {
    let propagation: BoundPropagation
    /// Bounds of the nodes before the one asked for.
    let values: [Interval]
    /// The node whose bounds end the way back; 0 for the input.
    let last: Int
    /// Coefficients of relaxed nodes' values, from the last call, where ``keepsCoefficients``.
    private(set) var kept: [Int: Tensor] = [:]
    var keepsCoefficients = false

    private var relaxations: [Int: Relaxation] = [:]
    private var pools: [Int: PoolRelaxation] = [:]
    private var terms: [Int: RoundingTerms] = [:]
    private var magnitudes: [Int: [Double]] = [:]
    private var constants: [Double] = []

    private var nodes: [BoundNode] { propagation.nodes }
    private var isOutward: Bool { propagation.rounding == .outward }

    init(_ propagation: BoundPropagation, _ values: [Interval], last: Int = 0) {
        (self.propagation, self.values, self.last) = (propagation, values, last)
    }

    /// A lower bound of each row's sum.
    ///
    /// - Parameters:
    ///   - slopes: the lower slope of each ReLU that may be on either side, for each row, `[Q, n]`, by node.
    ///   - multipliers: what is taken from the coefficients of a ReLU's argument, `[Q, n]`, by the ReLU's node.
    mutating func bounds(
        _ query: LinearQuery, slopes: [Int: Tensor] = [:], multipliers: [Int: Tensor] = [:]
    ) -> [Float] {
        constants = [Double](repeating: 0, count: query.samples.count)
        kept = [:]
        var coefficients = [Int: Tensor]()
        coefficients[query.node] = query.weights
        for index in stride(from: query.node, through: 0, by: -1) {
            guard let a = coefficients.removeValue(forKey: index) else { continue }
            if index <= last { return concrete(a, values[index], query) }
            addRounding(index, a, query)
            let node = nodes[index]
            switch node.kind {
            case .input: break
            case .linear(let map):
                if let bias = map.bias { add(bias, a) }
                push(map.backward.applied(to: a), node.inputs[0], &coefficients, query)
            case .convolution(let map):
                if let bias = map.bias { add(bias, a) }
                push(map.backward(a), node.inputs[0], &coefficients, query)
            case .scale(let scale, let offset):
                add(offset, a)
                push(a * Tensor(scale), node.inputs[0], &coefficients, query)
            case .averagePool(let windows):
                push(spread(a, windows, node.inputs[0], query), node.inputs[0], &coefficients, query)
            case .maxPool(let windows):
                if keepsCoefficients { kept[index] = a }
                push(chosen(a, index, windows, query), node.inputs[0], &coefficients, query)
            case .sum: for input in node.inputs { push(a, input, &coefficients, query) }
            case .move(let places):
                for (input, places) in zip(node.inputs, places) { push(taken(a, places), input, &coefficients, query) }
            case .activation(let function):
                if keepsCoefficients { kept[index] = a }
                let back = relaxed(a, index, function, query, slopes[index], multipliers[index])
                push(back, node.inputs[0], &coefficients, query)
            }
        }
        return constants.map(FloatError.down)
    }

    /// The lines that stand for an activation.
    mutating func relaxation(_ index: Int, _ function: Activation) -> Relaxation {
        if let found = relaxations[index] { return found }
        let made = Relaxation(function, values[nodes[index].inputs[0]], propagation.rounding)
        relaxations[index] = made
        return made
    }

    /// What stands for max pooling.
    mutating func pool(_ index: Int, _ windows: [[Int]]) -> PoolRelaxation {
        if let found = pools[index] { return found }
        let made = PoolRelaxation(windows, values[nodes[index].inputs[0]])
        pools[index] = made
        return made
    }

    private mutating func magnitudes(of index: Int) -> [Double] {
        if let found = magnitudes[index] { return found }
        let made = values[index].magnitudes
        magnitudes[index] = made
        return made
    }

    /// Takes from the constants what rounding may change at a node.
    private mutating func addRounding(_ index: Int, _ a: Tensor, _ query: LinearQuery) {
        guard isOutward else { return }
        if terms[index] == nil, let made = propagation.roundingTerms(index, values) { terms[index] = made }
        guard let terms = terms[index] else { return }
        let width = nodes[index].width
        a.withUnsafeElements { a in
            terms.shares.withUnsafeBufferPointer { shares in
                for (row, sample) in query.samples.enumerated() {
                    var sum = 0.0
                    for i in 0..<width { sum += Double(abs(a[row * width + i])) * shares[sample * width + i] }
                    constants[row] -= sum * FloatError.slack + terms.floors[sample]
                }
            }
        }
    }

    /// Adds the products of coefficients and a bias, which repeats where it is shorter.
    private mutating func add(_ bias: [Float], _ a: Tensor) {
        let width = a.shape[1]
        a.withUnsafeElements { a in
            bias.withUnsafeBufferPointer { bias in
                for row in constants.indices {
                    if isOutward {
                        var sum = 0.0
                        for i in 0..<width { sum += Double(a[row * width + i]) * Double(bias[i % bias.count]) }
                        constants[row] += sum
                    } else {
                        var sum: Float = 0
                        for i in 0..<width { sum += a[row * width + i] * bias[i % bias.count] }
                        constants[row] = Double(Float(constants[row]) + sum)
                    }
                }
            }
        }
    }

    /// Hands coefficients to a node, added to those that it has.
    private mutating func push(
        _ a: Tensor, _ index: Int, _ coefficients: inout [Int: Tensor], _ query: LinearQuery
    ) {
        guard let before = coefficients[index] else {
            coefficients[index] = a
            return
        }
        let sum = before + a
        coefficients[index] = sum
        guard isOutward else { return }
        let sizes = magnitudes(of: index)
        let width = nodes[index].width
        sum.withUnsafeElements { sum in
            for (row, sample) in query.samples.enumerated() {
                var error = 0.0
                for i in 0..<width { error += Double(abs(sum[row * width + i])) * sizes[sample * width + i] }
                constants[row] -= error * FloatError.unit * FloatError.slack
            }
        }
    }

    /// Through an activation, by the line that is on the right side for the sign of a coefficient.
    private mutating func relaxed(
        _ a: Tensor, _ index: Int, _ function: Activation, _ query: LinearQuery, _ slopes: Tensor?,
        _ multipliers: Tensor?
    ) -> Tensor {
        let lines = relaxation(index, function)
        let sizes = isOutward ? magnitudes(of: nodes[index].inputs[0]) : []
        let (width, isOutward) = (nodes[index].width, isOutward)
        let (slopes, multipliers) = (slopes?.elements, multipliers?.elements)
        let result = Tensor(shape: a.shape) { y in
            a.withUnsafeElements { a in
                for (row, sample) in query.samples.enumerated() {
                    var (constant, error, plain) = (0.0, 0.0, Float(0))
                    for i in row * width..<(row + 1) * width {
                        let place = sample * width + i - row * width
                        let isLower = a[i] >= 0
                        var slope = isLower ? lines.lowerSlope[place] : lines.upperSlope[place]
                        if isLower, lines.isFree[place], let slopes { slope = min(1, max(0, slopes[i])) }
                        let intercept = isLower ? lines.lowerIntercept[place] : lines.upperIntercept[place]
                        var back = a[i] * slope
                        if isOutward {
                            constant += Double(a[i]) * Double(intercept)
                            // Covers the double sum, too.
                            if slope != 0, slope != 1 {
                                error += (Double(abs(back)) * FloatError.unit + FloatError.underflow) * sizes[place]
                            }
                            error += Double(abs(a[i])) * Double(abs(intercept)) * 0x1p-40
                        } else {
                            plain += a[i] * intercept
                        }
                        if let multipliers, multipliers[i] != 0 {
                            back -= multipliers[i]
                            if isOutward { error += Double(abs(back)) * FloatError.unit * sizes[place] }
                        }
                        y[i] = back
                    }
                    if isOutward {
                        constants[row] += constant - error * FloatError.slack
                    } else {
                        constants[row] = Double(Float(constants[row]) + plain)
                    }
                }
            }
        }
        return result
    }

    /// Through max pooling, by what is known to be at most or at least the largest.
    private mutating func chosen(_ a: Tensor, _ index: Int, _ windows: [[Int]], _ query: LinearQuery) -> Tensor {
        let lines = pool(index, windows)
        let source = nodes[index].inputs[0]
        let sizes = isOutward ? magnitudes(of: source) : []
        let (width, reads) = (nodes[index].width, nodes[source].width)
        return Tensor(shape: [query.samples.count, reads]) { y in
            y.initialize(repeating: 0)
            a.withUnsafeElements { a in
                for (row, sample) in query.samples.enumerated() {
                    var error = 0.0
                    for i in 0..<width where a[row * width + i] != 0 {
                        let (value, place) = (a[row * width + i], sample * width + i)
                        guard value > 0 || lines.isCertain[place] else {
                            constants[row] += Double(value) * Double(lines.upper[place])
                            error += Double(abs(value)) * Double(abs(lines.upper[place])) * 0x1p-40
                            continue
                        }
                        let to = row * reads + lines.choice[place]
                        y[to] += value
                        if isOutward {
                            error += Double(abs(y[to])) * FloatError.unit * sizes[sample * reads + lines.choice[place]]
                        }
                    }
                    if isOutward { constants[row] -= error * FloatError.slack }
                }
            }
        }
    }

    /// Through average pooling.
    private mutating func spread(_ a: Tensor, _ windows: [[Int]], _ source: Int, _ query: LinearQuery) -> Tensor {
        let sizes = isOutward ? magnitudes(of: source) : []
        let (width, reads) = (windows.count, nodes[source].width)
        let share = 1 / Float(windows[0].count)
        return Tensor(shape: [query.samples.count, reads]) { y in
            y.initialize(repeating: 0)
            a.withUnsafeElements { a in
                for (row, sample) in query.samples.enumerated() {
                    var error = 0.0
                    for i in 0..<width where a[row * width + i] != 0 {
                        let value = a[row * width + i] * share
                        for place in windows[i] {
                            y[row * reads + place] += value
                            guard isOutward else { continue }
                            let size = Double(abs(y[row * reads + place])) + 4 * Double(abs(value))
                            error += size * FloatError.unit * sizes[sample * reads + place]
                        }
                    }
                    if isOutward { constants[row] -= error * FloatError.slack }
                }
            }
        }
    }

    private func taken(_ a: Tensor, _ places: [Int]) -> Tensor {
        let width = a.shape[1]
        return Tensor(shape: [a.shape[0], places.count]) { y in
            a.withUnsafeElements { a in
                for row in 0..<a.count / max(1, width) {
                    for (i, place) in places.enumerated() { y[row * places.count + i] = a[row * width + place] }
                }
            }
        }
    }

    /// The least of each row's sum over a box, plus its constant.
    private mutating func concrete(_ a: Tensor, _ box: Interval, _ query: LinearQuery) -> [Float] {
        if keepsCoefficients { kept[0] = a }
        let width = box.width
        return a.withUnsafeElements { a in
            box.lower.withUnsafeElements { l in
                box.upper.withUnsafeElements { u in
                    query.samples.enumerated().map { row, sample in
                        guard isOutward else {
                            var sum: Float = 0
                            for i in 0..<width {
                                let value = a[row * width + i]
                                sum += value * (value >= 0 ? l[sample * width + i] : u[sample * width + i])
                            }
                            return sum + Float(constants[row])
                        }
                        var (sum, size) = (0.0, 0.0)
                        for i in 0..<width {
                            let value = Double(a[row * width + i])
                            let product = value * Double(value >= 0 ? l[sample * width + i] : u[sample * width + i])
                            sum += product
                            size += abs(product)
                        }
                        let bound = sum + constants[row]
                        let error = (size + abs(constants[row])) * Double(width + 8) * 0x1p-52
                        return FloatError.down(bound - error)
                    }
                }
            }
        }
    }
}
