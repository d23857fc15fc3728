internal import PlumbNN
internal import PlumbTensor

extension BackwardPass {
    /// What the arguments of the ReLUs are where the linear bounds of the last call are least, going forward along the lines
    /// that were used: the derivative of a row's bound by a free lower slope is its coefficient times that number, and by
    /// a multiplier its negative.
    ///
    /// - Precondition: ``keepsCoefficients`` was set before the call.
    /// - Returns: `[Q, n]` by the ReLU's node.
    mutating func minimizer(_ query: LinearQuery, slopes: [Int: Tensor]) -> [Int: Tensor] {
        guard let input = kept[0] else { return [:] }
        var rows: [Int: Tensor] = [0: least(input, values[0], query)]
        var arguments: [Int: Tensor] = [:]
        for index in 1..<max(1, query.node) {
            let node = propagation.nodes[index]
            let read = node.inputs.compactMap { rows[$0] }
            guard read.count == node.inputs.count else { continue }
            switch node.kind {
            case .input: break
            case .linear(let map): rows[index] = map.layer(read[0])
            case .convolution(let map): rows[index] = map(read[0])
            case .scale(let scale, let offset): rows[index] = read[0] * Tensor(scale) + Tensor(offset)
            case .averagePool(let windows): rows[index] = averaged(read[0], windows)
            case .maxPool(let windows): rows[index] = kept[index].map { chosen(read[0], $0, index, windows, query) }
            case .sum: rows[index] = read.dropFirst().reduce(read[0], +)
            case .move(let places): rows[index] = moved(read, places, node.width)
            case .activation(let function):
                guard let a = kept[index] else { continue }
                if function == .relu { arguments[index] = read[0] }
                rows[index] = along(read[0], a, relaxation(index, function), query, slopes[index])
            }
        }
        return arguments
    }

    /// The corner of each row's box where its sum is least.
    func least(_ a: Tensor, _ box: Interval, _ query: LinearQuery) -> Tensor {
        Tensor(shape: a.shape) { y in
            a.withUnsafeElements { a in
                box.lower.withUnsafeElements { l in
                    box.upper.withUnsafeElements { u in
                        for (row, sample) in query.samples.enumerated() {
                            for i in 0..<box.width {
                                let place = sample * box.width + i
                                y[row * box.width + i] = a[row * box.width + i] >= 0 ? l[place] : u[place]
                            }
                        }
                    }
                }
            }
        }
    }

    private func along(
        _ z: Tensor, _ a: Tensor, _ lines: Relaxation, _ query: LinearQuery, _ slopes: Tensor?
    ) -> Tensor {
        let (width, slopes) = (z.shape[1], slopes?.elements)
        return Tensor(shape: z.shape) { y in
            z.withUnsafeElements { z in
                a.withUnsafeElements { a in
                    for (row, sample) in query.samples.enumerated() {
                        for i in row * width..<(row + 1) * width {
                            let place = sample * width + i - row * width
                            if a[i] < 0 {
                                y[i] = lines.upperSlope[place] * z[i] + lines.upperIntercept[place]
                            } else if lines.isFree[place], let slopes {
                                y[i] = min(1, max(0, slopes[i])) * z[i]
                            } else {
                                y[i] = lines.lowerSlope[place] * z[i] + lines.lowerIntercept[place]
                            }
                        }
                    }
                }
            }
        }
    }

    private mutating func chosen(
        _ x: Tensor, _ a: Tensor, _ index: Int, _ windows: [[Int]], _ query: LinearQuery
    ) -> Tensor {
        let lines = pool(index, windows)
        let (x, a, reads) = (x.elements, a.elements, x.shape[1])
        var rows: [Float] = []
        for (row, sample) in query.samples.enumerated() {
            for i in windows.indices {
                let place = sample * windows.count + i
                let isChosen = a[row * windows.count + i] > 0 || lines.isCertain[place]
                rows.append(isChosen ? x[row * reads + lines.choice[place]] : lines.upper[place])
            }
        }
        return Tensor(rows, shape: [query.samples.count, windows.count])
    }

    private func averaged(_ x: Tensor, _ windows: [[Int]]) -> Tensor {
        let (reads, x) = (x.shape[1], x.elements)
        var rows: [Float] = []
        for row in 0..<x.count / max(1, reads) {
            for window in windows { rows.append(window.reduce(0) { $0 + x[row * reads + $1] } / Float(window.count)) }
        }
        return Tensor(rows, shape: [rows.count / max(1, windows.count), windows.count])
    }

    private func moved(_ inputs: [Tensor], _ places: [[Int]], _ width: Int) -> Tensor {
        let rows = inputs[0].shape[0]
        return Tensor(shape: [rows, width]) { y in
            for (input, places) in zip(inputs, places) {
                input.withUnsafeElements { x in
                    for row in 0..<rows {
                        for (i, place) in places.enumerated() { y[row * width + place] = x[row * places.count + i] }
                    }
                }
            }
        }
    }
}
