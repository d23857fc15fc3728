internal import PlumbNN
internal import PlumbTensor

// Interval bound propagation: center and radius through linear maps, ends through monotone functions.

extension BoundPropagation {
    private var isOutward: Bool { rounding == .outward }

    /// The interval of a node's value from those of what it reads.
    func interval(_ index: Int, _ inputs: [Interval]) -> Interval {
        let node = nodes[index]
        switch node.kind {
        case .input: return inputs[0]
        case .linear(let map):
            return affine(
                inputs[0], terms: map.inputs, bias: map.bias, { map.layer($0) }, { map.magnitude.applied(to: $0) })
        case .convolution(let map):
            return affine(inputs[0], terms: map.reads, bias: map.bias, { map($0) }, { map.magnitudes($0) })
        case .scale(let scale, let offset): return scaled(inputs[0], scale, offset)
        case .averagePool(let windows): return averaged(inputs[0], windows)
        case .maxPool(let windows):
            return mapped(inputs[0], width: windows.count) { l, u, i in
                windows[i].reduce((-.infinity, -.infinity)) { (max($0.0, l[$1]), max($0.1, u[$1])) }
            }
        case .sum: return sum(inputs)
        case .move(let places):
            func moved(_ end: (Interval) -> Tensor) -> Tensor {
                Tensor(shape: [inputs[0].count, node.width]) { y in
                    for (input, places) in zip(inputs, places) {
                        end(input).withUnsafeElements { x in
                            for row in 0..<input.count {
                                for (i, place) in places.enumerated() {
                                    y[row * node.width + place] = x[row * places.count + i]
                                }
                            }
                        }
                    }
                }
            }
            return Interval(lower: moved(\.lower), upper: moved(\.upper))
        case .activation(let function): return activated(inputs[0], function)
        }
    }

    /// Through a linear map with a bias, `Wc + b ± |W|r`.
    ///
    /// - Parameters:
    ///   - terms: the products in a sum.
    ///   - magnitude: the map by |W|, without a bias.
    private func affine(
        _ x: Interval, terms: Int, bias: [Float]?, _ map: (Tensor) -> Tensor, _ magnitude: (Tensor) -> Tensor
    ) -> Interval {
        let center = combined(x) { l, u in l / 2 + u / 2 }
        guard isOutward else {
            let (middle, width) = (map(center), magnitude(combined(x) { l, u in (u - l) / 2 }))
            return Interval(lower: middle - width, upper: middle + width)
        }
        let radius = combined(x) { l, u in
            let c = Double(l / 2 + u / 2)
            return FloatError.up(max(Double(u) - c, c - Double(l)))
        }
        let largest = combined(x) { l, u in max(abs(l), abs(u)) }
        let (middle, width, sizes) = (map(center).elements, magnitude(radius).elements, magnitude(largest).elements)
        let gamma = FloatError.gamma(terms + 3)
        let floor = FloatError.underflow * Double(4 * terms + 8)
        var (lower, upper) = (middle, middle)
        for i in middle.indices {
            let size = Double(sizes[i]) * (1 + 2 * gamma) + Double(bias.map { abs($0[i % $0.count]) } ?? 0)
            // The network's own rounding, and that of the middle.
            let radius = (Double(width[i]) * (1 + 2 * gamma) + 2 * gamma * size + floor) * FloatError.slack
            lower[i] = FloatError.down(Double(middle[i]) - radius)
            upper[i] = FloatError.up(Double(middle[i]) + radius)
        }
        let shape = [x.count, x.count == 0 ? 0 : middle.count / x.count]
        return Interval(lower: Tensor(lower, shape: shape), upper: Tensor(upper, shape: shape))
    }

    private func combined(_ x: Interval, _ body: (Float, Float) -> Float) -> Tensor {
        Tensor(shape: x.lower.shape) { y in
            x.lower.withUnsafeElements { l in
                x.upper.withUnsafeElements { u in for i in l.indices { y[i] = body(l[i], u[i]) } }
            }
        }
    }

    /// Through a map of the ends, given for each sample by `body`.
    private func mapped(
        _ x: Interval, width: Int,
        _ body: (UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>, Int) -> (Float, Float)
    ) -> Interval {
        var (lower, upper) = (Tensor.zeros([x.count, width]), Tensor.zeros([x.count, width]))
        lower.withUnsafeMutableElements { lower in
            upper.withUnsafeMutableElements { upper in
                x.lower.withUnsafeElements { l in
                    x.upper.withUnsafeElements { u in
                        for row in 0..<x.count {
                            let rows = row * x.width..<(row + 1) * x.width
                            let (l, u) = (
                                UnsafeBufferPointer(rebasing: l[rows]), UnsafeBufferPointer(rebasing: u[rows])
                            )
                            for i in 0..<width { (lower[row * width + i], upper[row * width + i]) = body(l, u, i) }
                        }
                    }
                }
            }
        }
        return Interval(lower: lower, upper: upper)
    }

    private func scaled(_ x: Interval, _ scale: [Float], _ offset: [Float]) -> Interval {
        mapped(x, width: x.width) { l, u, i in
            let (s, o) = (scale[i], offset[i])
            let (a, b) = s >= 0 ? (l[i], u[i]) : (u[i], l[i])
            guard isOutward else { return (a * s + o, b * s + o) }
            let (low, high) = (Double(a) * Double(s) + Double(o), Double(b) * Double(s) + Double(o))
            let size = Double(abs(s)) * Double(max(abs(l[i]), abs(u[i]))) + Double(abs(o))
            let error = FloatError.gamma(2) * size + 4 * FloatError.underflow
            return (FloatError.down(low - error), FloatError.up(high + error))
        }
    }

    private func averaged(_ x: Interval, _ windows: [[Int]]) -> Interval {
        mapped(x, width: windows.count) { l, u, i in
            let places = windows[i]
            guard isOutward else {
                let share = 1 / Float(places.count)
                return (
                    places.reduce(Float(0)) { $0 + l[$1] } * share, places.reduce(Float(0)) { $0 + u[$1] } * share
                )
            }
            var (low, high, size) = (0.0, 0.0, 0.0)
            for place in places {
                low += Double(l[place])
                high += Double(u[place])
                size += Double(max(abs(l[place]), abs(u[place])))
            }
            let n = Double(places.count)
            let error = FloatError.gamma(places.count + 3) * size / n + n * FloatError.underflow
            return (FloatError.down(low / n - error), FloatError.up(high / n + error))
        }
    }

    private func sum(_ inputs: [Interval]) -> Interval {
        let shape = inputs[0].lower.shape
        let parts = inputs.map { ($0.lower.elements, $0.upper.elements) }
        var (lower, upper) = ([Float](), [Float]())
        for i in 0..<shape[0] * shape[1] {
            guard isOutward else {
                lower.append(parts.reduce(0) { $0 + $1.0[i] })
                upper.append(parts.reduce(0) { $0 + $1.1[i] })
                continue
            }
            let size = parts.reduce(0.0) { $0 + Double(max(abs($1.0[i]), abs($1.1[i]))) }
            let error = FloatError.gamma(parts.count) * size
            lower.append(FloatError.down(parts.reduce(0.0) { $0 + Double($1.0[i]) } - error))
            upper.append(FloatError.up(parts.reduce(0.0) { $0 + Double($1.1[i]) } + error))
        }
        return Interval(lower: Tensor(lower, shape: shape), upper: Tensor(upper, shape: shape))
    }

    private func activated(_ x: Interval, _ function: Activation) -> Interval {
        guard isOutward, function != .relu else {
            return Interval(lower: function(x.lower), upper: function(x.upper))
        }
        let curve = SigmoidCurve(function)
        return mapped(x, width: x.width) { l, u, i in curve.bounds(l[i], u[i]) }
    }
}
