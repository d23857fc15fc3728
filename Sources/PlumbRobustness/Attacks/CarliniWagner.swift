internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// The smallest change in L2 by optimization (Carlini, Wagner 2016, arXiv:1608.04644): Adam on `‖x′ − x‖² + c · max(z_y −
/// max_{i≠y} z_i + κ, 0)` over `x′ = (tanh w + 1) / 2`, which lies within the bounds, and a binary search for c.
public struct CarliniWagner: Attack {
    /// For tables.
    public let name = "C&W"
    /// The changes that the attack may make.
    public var set: PerturbationSet
    /// Values of c that are tried.
    public var searches: Int
    /// The most steps of Adam for each.
    public var steps: Int
    /// Adam's learning rate.
    public var learningRate: Double
    /// κ, the margin by which a sample must be broken.
    public var confidence: Float
    /// The first c.
    public var firstConstant: Double

    /// Nine values of c from 0.001, as in the paper.
    public init(
        bounds: ClosedRange<Float> = 0...1, searches: Int = 9, steps: Int = 1000, learningRate: Double = 0.01,
        confidence: Float = 0, firstConstant: Double = 1e-3
    ) {
        set = PerturbationSet(.l2, radius: .infinity, bounds: bounds)
        (self.searches, self.steps, self.learningRate) = (searches, steps, learningRate)
        (self.confidence, self.firstConstant) = (confidence, firstConstant)
    }

    /// The closest broken points, and how far they are; squared.
    private struct Found {
        var points: Tensor
        var distances: [Double]
    }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        var found = Found(points: task.images, distances: [Double](repeating: .infinity, count: task.count))
        var last = task.images
        var constants = [Double](repeating: firstConstant, count: task.count)
        var (low, high) = ([Double](repeating: 0, count: task.count), [Double](repeating: .infinity, count: task.count))
        for _ in 0..<searches {
            let broken = minimize(task, constants, &found, &last, &queries)
            for row in broken.indices {
                if broken[row] { high[row] = constants[row] } else { low[row] = constants[row] }
                constants[row] = high[row].isFinite ? (low[row] + high[row]) / 2 : constants[row] * 10
            }
        }
        let missed = found.distances.indices.filter { found.distances[$0] == .infinity }
        found.points.set(missed, to: last.gathered(missed))
        return found.points
    }

    /// Adam's moments and what each sample is at.
    private struct State {
        var w: Tensor, first: Tensor, second: Tensor
        var open: [Int]
        var lastObjective: [Double]
    }

    /// One descent for each sample; whether each was broken on the way.
    private func minimize(
        _ task: AttackTask, _ constants: [Double], _ found: inout Found, _ last: inout Tensor,
        _ queries: inout ModelQueries
    ) -> [Bool] {
        var wasBroken = [Bool](repeating: false, count: task.count)
        let zeros = Tensor.zeros(task.images.shape)
        var state = State(
            w: unbounded(task.images), first: zeros, second: zeros, open: Array(0..<task.count),
            lastObjective: [Double](repeating: .infinity, count: task.count))
        var part = task
        for step in 1...steps {
            let x = bounded(state.w)
            let sizes = PerturbationNorm.l2.distances(x, from: part.images).map { $0 * $0 }
            var margins: [Float] = []
            let slope = queries.gradient(x) { logits, rows in
                let values = AttackLoss.margin.values(
                    logits, labels: Array(part.labels[rows]), targets: part.targets.map { Array($0[rows]) })
                margins += values.losses
                return values.slopes
            }
            let broken = part.broken(slope.logits)
            for row in margins.indices where margins[row] >= confidence && broken[row] {
                wasBroken[state.open[row]] = true
                guard sizes[row] < found.distances[state.open[row]] else { continue }
                found.distances[state.open[row]] = sizes[row]
                found.points.set([state.open[row]], to: x.gathered([row]))
            }
            last.set(state.open, to: x)
            let weights = margins.indices.map { margins[$0] < confidence ? Float(constants[state.open[$0]]) : 0 }
            descend(&state, x, part.images, slope.gradient, weights, step)
            guard step.isMultiple(of: max(1, steps / 10)) else { continue }
            // Samples whose objective no longer falls leave.
            let objectives = margins.indices.map { row in
                sizes[row] + Double(max(confidence - margins[row], 0)) * constants[state.open[row]]
            }
            let kept = objectives.indices.filter { objectives[$0] <= 0.9999 * state.lastObjective[$0] }
            state.lastObjective = kept.map { objectives[$0] }
            guard !kept.isEmpty else { break }
            guard kept.count < state.open.count else { continue }
            part = part[kept]
            state.open = kept.map { state.open[$0] }
            state.w = state.w.gathered(kept)
            (state.first, state.second) = (state.first.gathered(kept), state.second.gathered(kept))
        }
        return wasBroken
    }

    /// A step of Adam along `2 (x′ − x) − c ∂margin`, carried back through the tanh.
    private func descend(
        _ state: inout State, _ x: Tensor, _ originals: Tensor, _ slopes: Tensor, _ weights: [Float], _ step: Int
    ) {
        let middle = (set.bounds.lowerBound + set.bounds.upperBound) / 2
        let half = (set.bounds.upperBound - set.bounds.lowerBound) / 2
        let gradient = x.mapRows(originals, slopes) { row, out, x, original, slope in
            for index in x.indices {
                let unit = (x[index] - middle) / half
                out[index] = (2 * (x[index] - original[index]) - weights[row] * slope[index]) * half * (1 - unit * unit)
            }
        }
        state.first = state.first.mapRows(gradient) { _, out, m, g, _ in
            for index in m.indices { out[index] = 0.9 * m[index] + 0.1 * g[index] }
        }
        state.second = state.second.mapRows(gradient) { _, out, v, g, _ in
            for index in v.indices { out[index] = 0.999 * v[index] + 0.001 * g[index] * g[index] }
        }
        let corrections = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
        let rate = Float(learningRate / corrections.0)
        let scale = Float(1 / corrections.1)
        state.w = state.w.mapRows(state.first, state.second) { _, out, w, m, v in
            for index in w.indices {
                out[index] = w[index] - rate * m[index] / ((v[index] * scale).squareRoot() + 1e-8)
            }
        }
    }

    private func unbounded(_ x: Tensor) -> Tensor {
        let (low, range) = (set.bounds.lowerBound, set.bounds.upperBound - set.bounds.lowerBound)
        return x.mapRows { _, out, x, _, _ in
            for index in x.indices { out[index] = atanh((2 * (x[index] - low) / range - 1) * 0.999999) }
        }
    }

    private func bounded(_ w: Tensor) -> Tensor {
        let (low, high) = (set.bounds.lowerBound, set.bounds.upperBound)
        return (w.tanh() * ((high - low) / 2) + (high + low) / 2).clamped(to: low...high)
    }
}
