internal import PlumbModels
internal import PlumbTensor

/// Projected gradient steps on every sample's margin, the logit of its label less the largest other (Madry et al. 2017,
/// arXiv:1706.06083; the margin is that of Carlini and Wagner 2016, arXiv:1608.04644).
struct MarginAttack {
    var starts = 3
    var steps = 40

    /// Whether a point was found in each sample's box at which the network does not give its label.
    func broken(_ network: NetworkGraph, _ box: Interval, _ labels: [Int], key: RandomKey) -> [Bool] {
        var broken = [Bool](repeating: false, count: labels.count)
        let width = box.upper - box.lower
        for start in 0..<max(1, starts) {
            var random = key[start].generator()
            let share = Tensor(shape: box.lower.shape) { y in
                for i in y.indices { y[i] = start == 0 ? 0.5 : Float(random.uniform()) }
            }
            var x = inside(box.lower + width * share, box)
            for step in 0...steps {
                let gradient = valueWithPullback(
                    at: x,
                    seed: { logits in
                        margins(logits, labels, &broken)
                    }
                ) { network($0) }.gradient
                if step == steps { break }
                let size = 0.25 * (1 - Float(step) / Float(steps)) + 0.01
                let signs = Tensor(shape: x.shape) { y in
                    gradient.withUnsafeElements { g in
                        for i in g.indices { y[i] = g[i] > 0 ? size : g[i] < 0 ? -size : 0 }
                    }
                }
                x = inside(x - width * signs, box)
            }
        }
        return broken
    }

    private func inside(_ x: Tensor, _ box: Interval) -> Tensor { .minimum(.maximum(x, box.lower), box.upper) }

    /// The slopes of each margin, and a note of the samples whose margin is not above 0.
    private func margins(_ logits: Tensor, _ labels: [Int], _ broken: inout [Bool]) -> Tensor {
        let (values, classes) = (logits.elements, logits.shape[1])
        return Tensor(shape: logits.shape) { y in
            y.initialize(repeating: 0)
            for (row, label) in labels.enumerated() {
                let first = row * classes
                let other =
                    (0..<classes).filter { $0 != label }.max { values[first + $0] < values[first + $1] } ?? label
                if values[first + label] <= values[first + other] { broken[row] = true }
                (y[first + label], y[first + other]) = (1, -1)
            }
        }
    }
}
