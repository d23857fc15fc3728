internal import CPlumbKernels
internal import PlumbBasics
public import PlumbTensor

extension Tensor {
    /// The mean cross-entropy of rows of logits against the right classes, `-log softmax(x)[target]`, in nats.
    ///
    /// - Parameter targets: a class for each row; -1 leaves a row out of the mean, which is 0 where all are left out.
    /// - Shapes: self `[…, V]`; result `[]`.
    public func crossEntropy(_ targets: [Int]) -> Tensor {
        let counted = targets.count { $0 >= 0 }
        return crossEntropies(targets).summed() * (1 / Float(max(1, counted)))
    }

    /// The cross-entropy of each row of logits against its class, in nats; 0 for rows whose target is -1.
    ///
    /// - Shapes: self `[…, V]`; result `[R]`, one for each row.
    public func crossEntropies(_ targets: [Int]) -> Tensor {
        guard let width = shape.last, width > 0 else {
            unmet("cross-entropy needs classes, got \(shape)")
        }
        let rows = count / width
        require(
            targets.count == rows, "\(rows) rows of logits \(shape) need as many targets, got \(targets.count)")
        require(
            targets.allSatisfy { $0 >= -1 && $0 < width },
            "targets of \(width) classes lie in -1 ..< \(width)")
        let classes = targets.map(Int32.init)
        var logSums = Tensor.zeros([rows])
        let losses = Tensor(shape: [rows]) { losses in
            logSums.withUnsafeMutableElements { sums in
                withUnsafeElements {
                    plumb_cross_entropy(losses.baseAddress, sums.baseAddress, $0.baseAddress, classes, rows, width)
                }
            }
        }
        let sums = logSums
        return losses.recorded(from: [self]) { dy, into in
            guard !into.isNested else {
                let right = Tensor(shape: [rows, width]) { y in
                    y.initialize(repeating: 0)
                    for (row, target) in targets.enumerated() where target >= 0 { y[row * width + target] = 1 }
                }
                let counted = Tensor(targets.map { $0 >= 0 ? 1 : 0 }, shape: [rows, 1])
                let slope = reshaped([rows, width]).softmax() * counted - right
                return into.add((slope * dy.reshaped([rows, 1])).reshaped(shape), to: trace)
            }
            into.add(
                Tensor(shape: shape) { dx in
                    withUnsafeElements { x in
                        sums.withUnsafeElements { sums in
                            dy.withUnsafeElements { dy in
                                plumb_cross_entropy_backward(
                                    dx.baseAddress, x.baseAddress, sums.baseAddress, classes, dy.baseAddress, rows,
                                    width)
                            }
                        }
                    }
                }, to: trace)
        }
    }
}
