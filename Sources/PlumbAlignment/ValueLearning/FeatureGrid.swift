internal import Foundation
internal import PlumbTensor

/// A square of cells with features, on which a walk of T steps goes to a neighbor or stays; walls stop it.
///
/// A walk passes the cell it comes to with each of its steps.
struct FeatureGrid: Sendable {
    let cells: Int
    let steps: Int
    /// φ, `[cell][feature]`.
    let features: [[Double]]
    /// Where each of the five actions leads, `[cell · 5 + action]`.
    private let next: [Int]
    private let actions = 5

    /// Gaussian bumps around cells that are drawn.
    init(side: Int, steps: Int, features count: Int, width: Double, _ random: inout RandomKey.Generator) {
        let centers = (0..<count).map { _ in (random.index(below: side), random.index(below: side)) }
        (cells, self.steps) = (side * side, steps)
        features = (0..<side * side).map { cell in
            centers.map { row, column in
                let (y, x) = (Double(cell / side - row), Double(cell % side - column))
                return exp(-(x * x + y * y) / (2 * width * width))
            }
        }
        next = (0..<side * side).flatMap { cell in
            [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)].map { down, right in
                let (row, column) = (cell / side + down, cell % side + right)
                return (0..<side).contains(row) && (0..<side).contains(column) ? row * side + column : cell
            }
        }
    }

    func rewards(_ theta: [Double]) -> [Double] { features.map { TeachingGrid.dot(theta, $0) } }

    /// Values of the steps still to go, `[steps to go][cell]`, where `combined` makes one value of those of the five
    /// actions.
    private func values(_ rewards: [Double], _ combined: (Int, Int, ArraySlice<Double>) -> Double) -> [[Double]] {
        var values = [[Double](repeating: 0, count: cells)]
        for left in 1...steps {
            let old = values[left - 1]
            let gains = next.map { rewards[$0] + old[$0] }
            values.append(
                (0..<cells).map { combined(left, $0, gains[$0 * actions..<($0 + 1) * actions]) })
        }
        return values
    }

    /// The actions' probabilities, `[steps to go - 1][cell · 5 + action]`, under which a walk has the probability
    /// `exp(θ · φ(walk))`, up to a constant.
    func softPolicy(_ theta: [Double]) -> [[Double]] {
        var policy = [[Double]](repeating: [Double](repeating: 0, count: next.count), count: steps)
        _ = values(rewards(theta)) { left, cell, gains in
            let largest = gains.max() ?? 0
            let weights = gains.map { exp($0 - largest) }
            let total = weights.reduce(0, +)
            for (action, weight) in weights.enumerated() { policy[left - 1][cell * actions + action] = weight / total }
            return largest + log(total)
        }
        return policy
    }

    /// The policy that is best for θ, as ``softPolicy(_:)`` gives it; the first of equal actions.
    func bestPolicy(_ theta: [Double]) -> [[Double]] {
        var policy = [[Double]](repeating: [Double](repeating: 0, count: next.count), count: steps)
        _ = values(rewards(theta)) { left, cell, gains in
            let best = gains.max() ?? 0
            let action = (gains.firstIndex(of: best) ?? gains.startIndex) - gains.startIndex
            policy[left - 1][cell * actions + action] = 1
            return best
        }
        return policy
    }

    /// What a policy earns from each cell, mean over the cells.
    func value(of policy: [[Double]], _ theta: [Double]) -> Double {
        let values = values(rewards(theta)) { left, cell, gains in
            zip(policy[left - 1][cell * actions..<(cell + 1) * actions], gains).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return Statistics.mean(values[steps])
    }

    /// What is lost by the best policy for another reward: 0 for the right one, 1 for random actions.
    func loss(actingOn believed: [Double], in theta: [Double]) -> Double {
        let uniform = [[Double]](repeating: [Double](repeating: 0.2, count: next.count), count: steps)
        let (best, random) = (value(of: bestPolicy(theta), theta), value(of: uniform, theta))
        return (best - value(of: bestPolicy(believed), theta)) / (best - random)
    }

    /// The sum of the features that a walk passes.
    func walk(_ policy: [[Double]], from start: Int, _ random: inout RandomKey.Generator) -> [Double] {
        var (cell, counts) = (start, [Double](repeating: 0, count: features[0].count))
        for left in stride(from: steps, to: 0, by: -1) {
            var rest = random.uniform()
            var chosen = actions - 1
            for action in 0..<actions {
                rest -= policy[left - 1][cell * actions + action]
                if rest < 0 {
                    chosen = action
                    break
                }
            }
            cell = next[cell * actions + chosen]
            for index in counts.indices { counts[index] += features[cell][index] }
        }
        return counts
    }

    /// The features of the best walk.
    func bestWalk(_ theta: [Double], from start: Int) -> [Double] {
        var unused = RandomKey(0).generator()
        return walk(bestPolicy(theta), from: start, &unused)
    }

    /// The mean features of noisily rational walks.
    func expectedFeatures(_ theta: [Double], from start: Int) -> [Double] {
        let policy = softPolicy(theta)
        var present = [Double](repeating: 0, count: cells)
        present[start] = 1
        var counts = [Double](repeating: 0, count: theta.count)
        for left in stride(from: steps, to: 0, by: -1) {
            var following = [Double](repeating: 0, count: cells)
            for cell in 0..<cells where present[cell] > 0 {
                for pair in cell * actions..<(cell + 1) * actions {
                    following[next[pair]] += present[cell] * policy[left - 1][pair]
                }
            }
            present = following
            for cell in 0..<cells where present[cell] > 0 {
                for index in counts.indices { counts[index] += present[cell] * features[cell][index] }
            }
        }
        return counts
    }

    /// The most probable θ given a walk's features, if it was noisily rational and θ is standard normal: the maximum of a
    /// concave function, by gradient ascent with the step sizes of Barzilai and Borwein (1988).
    func inferred(from counts: [Double], start: Int, iterations: Int = 60) -> [Double] {
        var theta = [Double](repeating: 0, count: counts.count)
        func gradient(_ theta: [Double]) -> [Double] {
            let expected = expectedFeatures(theta, from: start)
            return theta.indices.map { counts[$0] - expected[$0] - theta[$0] }
        }
        var (slope, step) = (gradient(theta), 0.1)
        for _ in 0..<iterations where TeachingGrid.dot(slope, slope) > 1e-10 {
            let moved = theta.indices.map { theta[$0] + step * slope[$0] }
            let (new, old) = (gradient(moved), slope)
            let change = zip(moved, theta).map(-)
            let curvature = -TeachingGrid.dot(change, zip(new, old).map(-))
            // The function is concave at least as much as the prior, so that no step need be longer than 1.
            step = curvature > 0 ? min(1, TeachingGrid.dot(change, change) / curvature) : 0.1
            (theta, slope) = (moved, new)
        }
        return theta
    }
}
