internal import CPlumbKernels
internal import PlumbBasics

// Sums, means and broadcasting: each is the other's gradient.

extension Tensor {
    /// The sum of all elements, accumulated in double, as a tensor of shape `[]`.
    public func summed() -> Tensor {
        let result = Tensor(repeating: Float(sum()), shape: [])
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace, shape] dy, into in into.add(dy.broadcasted(to: shape), to: trace) }
    }

    /// The mean of all elements, as a tensor of shape `[]`; NaN of nothing.
    public func mean() -> Tensor { summed() * (1 / Float(count)) }

    /// The sum along one axis, which disappears or, where `keepingAxis`, stays with extent 1.
    ///
    /// - Shapes: self `[…, N, …]`; result `[…, …]`.
    public func summed(axis: Int, keepingAxis: Bool = false) -> Tensor {
        let axis = axis < 0 ? axis + shape.count : axis
        require(shape.indices.contains(axis), "shape \(shape) has no axis \(axis) to sum along")
        var reduced = shape
        if keepingAxis { reduced[axis] = 1 } else { reduced.remove(at: axis) }
        let result = reducedSum(axis, reduced)
        guard let tape = Tape.recording(self) else { return result }
        var kept = shape
        kept[axis] = 1
        return tape.record(result) { [trace, shape, kept] dy, into in
            into.add(dy.reshaped(kept).broadcasted(to: shape), to: trace)
        }
    }

    /// The mean along one axis, which disappears or, where `keepingAxis`, stays with extent 1.
    public func mean(axis: Int, keepingAxis: Bool = false) -> Tensor {
        let axis = axis < 0 ? axis + shape.count : axis
        require(shape.indices.contains(axis), "shape \(shape) has no axis \(axis) to average along")
        return summed(axis: axis, keepingAxis: keepingAxis) * (1 / Float(shape[axis]))
    }

    private func reducedSum(_ axis: Int, _ reduced: [Int]) -> Tensor {
        let (outer, extent) = (Tensor.count(of: shape[..<axis]), shape[axis])
        let inner = Tensor.count(of: shape[(axis + 1)...])
        return Tensor(shape: reduced) { y in
            withUnsafeElements { x in
                guard let to = y.baseAddress, let from = x.baseAddress else { return }
                if inner == 1 {
                    plumb_sum_rows(to, from, outer, extent)
                } else {
                    for i in 0..<outer { plumb_sum_columns(to + i * inner, from + i * extent * inner, extent, inner) }
                }
            }
        }
    }

    /// The sum of all rows of the last axis, `[…, D] -> [D]`.
    public func summedColumns() -> Tensor {
        require(!shape.isEmpty, "summedColumns needs an axis")
        switch shape.count {
        case 1: return self
        case 2: return summed(axis: 0)
        default: return reshaped([-1, shape[shape.count - 1]]).summed(axis: 0)
        }
    }

    /// The largest element of each row of the last axis, `[…, D] -> […]`; of equals, the first takes the gradient.
    public func maximumOfRows() -> Tensor {
        guard let width = shape.last, width > 0 else { unmet("no largest element in rows of \(shape)") }
        let winners = argmaxOfRows().enumerated().map { $0.offset * width + $0.element }
        return reshaped([count]).gathered(winners).reshaped(Array(shape.dropLast()))
    }

    /// The elements repeated along axes of extent 1 and along new leading axes, as NumPy broadcasts.
    public func broadcasted(to target: [Int]) -> Tensor {
        guard shape != target else { return self }
        require(
            Tensor.broadcastShape(shape, target) == target, "shape \(shape) cannot be broadcast to \(target)")
        let result = Tensor(shape: target) { y in
            guard count != 1 else { return y.initialize(repeating: item) }
            let steps = Tensor.broadcastSteps(shape, target)
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                Tensor.forEachRun(target, steps) { at, source, count, step in
                    if step == 0 {
                        (to + at).update(repeating: from[source], count: count)
                    } else {
                        (to + at).update(from: from + source, count: count)
                    }
                }
            }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace, shape] dy, into in into.add(dy.summed(to: shape), to: trace) }
    }

    /// The sum over the axes that broadcasting to this shape would repeat.
    public func summed(to target: [Int]) -> Tensor {
        guard shape != target else { return self }
        require(
            Tensor.broadcastShape(target, shape) == shape, "shape \(shape) cannot be summed to \(target)")
        let steps = Tensor.broadcastSteps(target, shape)
        let result = Tensor(shape: target) { y in
            var sums = [Double](repeating: 0, count: y.count)
            withUnsafeElements { x in
                Tensor.forEachRun(shape, steps) { at, sum, count, step in
                    for i in 0..<count { sums[sum + i * step] += Double(x[at + i]) }
                }
            }
            for i in y.indices { y[i] = Float(sums[i]) }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace, shape] dy, into in into.add(dy.broadcasted(to: shape), to: trace) }
    }

    /// The shape that two shapes broadcast to, or nil.
    static func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
        let rank = Swift.max(a.count, b.count)
        var shape = [Int](repeating: 1, count: rank)
        for axis in 0..<rank {
            let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
            let y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
            guard x == y || x == 1 || y == 1 else { return nil }
            shape[axis] = x == 1 ? y : x
        }
        return shape
    }

    /// How far each axis of `target` steps in a tensor of `shape`: 0 where it repeats.
    private static func broadcastSteps(_ shape: [Int], _ target: [Int]) -> [Int] {
        var steps = [Int](repeating: 0, count: target.count)
        var step = 1
        for axis in shape.indices.reversed() {
            if shape[axis] != 1 { steps[target.count - shape.count + axis] = step }
            step *= shape[axis]
        }
        return steps
    }

    /// Calls `body` for each run along the last axis: where it begins in the large and in the small tensor.
    private static func forEachRun(
        _ shape: [Int], _ steps: [Int], _ body: (_ at: Int, _ small: Int, _ count: Int, _ step: Int) -> Void
    ) {
        guard let width = shape.last, let step = steps.last else { return body(0, 0, 1, 0) }
        guard !shape.contains(0) else { return }
        var index = [Int](repeating: 0, count: shape.count - 1)
        var (at, small) = (0, 0)
        while true {
            body(at, small, width, step)
            at += width
            var axis = shape.count - 2
            while axis >= 0 {
                index[axis] += 1
                small += steps[axis]
                if index[axis] < shape[axis] { break }
                small -= steps[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
