internal import CPlumbKernels
internal import PlumbBasics
internal import PlumbTensor

// The products of a training step that only active features need. Each is shared among threads by rows or by features,
// so that no two threads add to the same place and sums have one order.

/// Σ x · y in double.
func product(_ x: UnsafeBufferPointer<Float>, _ y: UnsafeBufferPointer<Float>) -> Double {
    plumb_dot(x.baseAddress, y.baseAddress, x.count)
}

/// Gradients with respect to nested reconstructions: features before `ends[i]` and not before `ends[i - 1]` meet the
/// slope `slopes[i]`, `[R, O]`.
struct NestedSlopes {
    var slopes: [Tensor]
    var ends: [Int]

    init(_ slopes: [Tensor], ends: [Int]) { (self.slopes, self.ends) = (slopes, ends) }

    /// One reconstruction from all features.
    init(_ slope: Tensor, features: Int) { self.init([slope], ends: [features]) }

    /// Which slope a feature meets.
    func index(of feature: Int) -> Int {
        var index = 0
        while feature >= ends[index] { index += 1 }
        return index
    }

    /// Calls `body` with the elements of all slopes.
    func withElements<R>(_ body: ([UnsafeBufferPointer<Float>]) -> R) -> R {
        func lend(_ index: Int, _ held: [UnsafeBufferPointer<Float>]) -> R {
            guard index < slopes.count else { return body(held) }
            return slopes[index].withUnsafeElements { lend(index + 1, held + [$0]) }
        }
        return lend(0, [])
    }
}

extension SparseActivations {
    /// For each entry the product of its row's slope with its feature's direction: the gradient of its value.
    ///
    /// - Shapes: `directions` `[N, O]`.
    func products(of slopes: NestedSlopes, with directions: Tensor) -> [Float] {
        let width = directions.shape[1]
        return [Float](unsafeUninitializedCapacity: count) { results, filled in
            let results = results
            slopes.withElements { slopes_ in
                directions.withUnsafeElements { directions in
                    forEachChunk(of: rows, size: 16) { chunk in
                        for row in chunk {
                            for entry in entries(of: row) {
                                let feature = Int(indices[entry])
                                let slope = slopes_[slopes.index(of: feature)]
                                guard let a = slope.baseAddress, let b = directions.baseAddress else { continue }
                                results[entry] = Float(plumb_dot(a + row * width, b + feature * width, width))
                            }
                        }
                    }
                }
            }
            filled = count
        }
    }

    /// The same entries by feature.
    var columns: SparseColumns { SparseColumns(self) }

    /// The same entries with other values.
    func with(_ values: [Float]) -> SparseActivations {
        SparseActivations(features: features, offsets: offsets, indices: indices, values: values)
    }
}

/// The entries of activations, gathered by feature; within one by rising row.
struct SparseColumns {
    /// `[N + 1]`
    let offsets: [Int]
    /// Which entry of the activations, and which row it belongs to.
    let entries: [Int32]
    let rows: [Int32]

    init(_ activations: SparseActivations) {
        require(activations.count <= Int(Int32.max), "a batch has more than 2³¹ active features: take smaller batches")
        var offsets = [Int](repeating: 0, count: activations.features + 1)
        for index in activations.indices { offsets[Int(index) + 1] += 1 }
        for feature in 0..<activations.features { offsets[feature + 1] += offsets[feature] }
        self.offsets = offsets
        var entries = [Int32](repeating: 0, count: activations.count)
        var rows = entries
        for row in 0..<activations.rows {
            for entry in activations.entries(of: row) {
                let feature = Int(activations.indices[entry])
                entries[offsets[feature]] = Int32(entry)
                rows[offsets[feature]] = Int32(row)
                offsets[feature] += 1
            }
        }
        (self.entries, self.rows) = (entries, rows)
    }

    /// Adds to each feature's row of `target` its entries' weights times their rows of `sources`.
    ///
    /// - Shapes: `target` `[N, W]`, `sources` of `[R, W]`, `weights` one for each entry.
    func addRows(of sources: NestedSlopes, weights: [Float], to target: inout Tensor) {
        let (features, width) = (target.shape[0], target.shape[1])
        target.withUnsafeMutableElements { elements in
            let elements = elements
            sources.withElements { sources_ in
                forEachChunk(of: features, size: 16) { chunk in
                    for feature in chunk {
                        let source = sources_[sources.index(of: feature)]
                        guard let to = elements.baseAddress, let from = source.baseAddress else { continue }
                        for place in offsets[feature]..<offsets[feature + 1] where weights[Int(entries[place])] != 0 {
                            plumb_axpy(
                                to + feature * width, weights[Int(entries[place])], from + Int(rows[place]) * width,
                                width)
                        }
                    }
                }
            }
        }
    }

    /// Adds to each feature's element of `target` its entries' weights.
    func addSums(of weights: [Float], to target: inout Tensor) {
        target.withUnsafeMutableElements { elements in
            for feature in elements.indices where offsets[feature] < offsets[feature + 1] {
                var sum = 0.0
                for place in offsets[feature]..<offsets[feature + 1] { sum += Double(weights[Int(entries[place])]) }
                elements[feature] += Float(sum)
            }
        }
    }
}

extension SparseActivations {
    /// The outputs of nested sets of features: those before each of `ends`, which rise.
    ///
    /// - Shapes: `directions` `[N, O]`, `bias` `[O]`; results `[R, O]`.
    func nestedOutputs(_ directions: Tensor, bias: Tensor, ends: [Int]) -> [Tensor] {
        guard ends.count > 1 else { return [applied(to: directions, bias: bias)] }
        var outputs: [Tensor] = []
        for (index, end) in ends.enumerated() {
            let start = index == 0 ? 0 : ends[index - 1]
            let part = zip(indices, values).map { Int($0) >= start && Int($0) < end ? $1 : 0 }
            let added = with(part).applied(to: directions, bias: index == 0 ? bias : nil)
            outputs.append(index == 0 ? added : outputs[index - 1] + added)
        }
        return outputs
    }
}
