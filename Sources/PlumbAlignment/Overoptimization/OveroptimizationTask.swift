internal import Foundation
internal import PlumbBasics
internal import PlumbLearning
public import PlumbTensor
internal import PlumbWorlds

/// One gold direction, a pool of answers, and rewards learned from comparisons of such answers.
///
/// Answers are x ~ N(0, I). The gold reward is `a·x - c (|x|² - D)`: more of one direction, and nothing extreme. A reward that
/// is linear in x can learn the first part and not the second.
///
/// - Shapes: D features, N samples in the pool, m comparisons, K members of an ensemble.
public struct OveroptimizationTask: Sendable {
    /// a, of length 1, [D].
    public let direction: [Double]
    /// c: what extremes cost.
    public let cost: Double
    /// The pool, row by row, [N · D].
    let pool: [Double]
    /// What each sample is worth, [N].
    public let gold: [Double]
    private let key: RandomKey

    /// A task of a key; tasks of one key and different `cost` have the same direction, pool and comparisons.
    public init(dimension: Int, cost: Double, samples: Int, key: RandomKey) {
        require(dimension > 0 && samples > 0, "a task needs features and samples")
        var random = key["direction"].generator()
        let drawn = (0..<dimension).map { _ in random.normal() }
        let length = drawn.reduce(0) { $0 + $1 * $1 }.squareRoot()
        direction = drawn.map { $0 / length }
        (self.cost, self.key) = (cost, key)
        var chance = key["pool"].generator()
        var pool = [Double](repeating: 0, count: samples * dimension)
        for index in pool.indices { pool[index] = chance.normal() }
        self.pool = pool
        gold = OveroptimizationTask.gold(of: pool, direction, cost)
    }

    /// What each row of `points` is worth.
    static func gold(of points: [Double], _ direction: [Double], _ cost: Double) -> [Double] {
        let width = direction.count
        return (0..<points.count / width).map { row in
            var (along, square) = (0.0, 0.0)
            for i in 0..<width {
                let x = points[row * width + i]
                along += direction[i] * x
                square += x * x
            }
            return along - cost * (square - Double(width))
        }
    }

    /// What a linear reward of weights `w` gives each sample.
    public func scores(_ w: [Double]) -> [Double] { OveroptimizationTask.gold(of: pool, w, 0) }

    /// Comparisons of fresh pairs by a teacher who knows the gold reward: differences [m][D] and answers [m].
    public func comparisons(_ count: Int, rationality: Double) -> (differences: [[Double]], mu: [Double]) {
        var random = key["pairs"][count].generator()
        let teacher = BoltzmannTeacher(rationality: rationality)
        var (differences, mu): ([[Double]], [Double]) = ([], [])
        for _ in 0..<count {
            let pair = (0..<2).map { _ in direction.map { _ in random.normal() } }
            let worth = pair.map { OveroptimizationTask.gold(of: $0, direction, cost)[0] }
            differences.append(zip(pair[0], pair[1]).map(-))
            mu.append(teacher.answer(first: worth[0], second: worth[1], using: &random).mu ?? 0.5)
        }
        return (differences, mu)
    }

    /// The direction that comparisons teach, of length 1: its scores then have standard deviation 1. It is 0 where the
    /// comparisons teach nothing.
    public static func learned(
        _ comparisons: (differences: [[Double]], mu: [Double]), penalty: Double
    ) throws -> [Double] {
        let weights = try LinearPreferences(
            differences: comparisons.differences, mu: comparisons.mu, penalty: penalty
        ).weights
        let length = weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? weights.map { $0 / length } : weights
    }

    /// Directions learned from K samples of the comparisons, drawn with replacement.
    public func ensemble(
        _ comparisons: (differences: [[Double]], mu: [Double]), members: Int, penalty: Double
    ) throws -> [[Double]] {
        let count = comparisons.mu.count
        return try (0..<members).map { member in
            var random = key["ensemble"][count][member].generator()
            let rows = (0..<count).map { _ in random.index(below: count) }
            return try OveroptimizationTask.learned(
                (rows.map { comparisons.differences[$0] }, rows.map { comparisons.mu[$0] }), penalty: penalty)
        }
    }

    /// The same comparisons with shuffled labels.
    public func shuffled(
        _ comparisons: (differences: [[Double]], mu: [Double])
    ) -> (differences: [[Double]], mu: [Double]) {
        var random = key["shuffle"][comparisons.mu.count].generator()
        return (comparisons.differences, comparisons.mu.shuffled(using: &random))
    }

    /// The cosine of a learned direction with the gold one.
    public func cosine(_ w: [Double]) -> Double { zip(direction, w).reduce(0) { $0 + $1.0 * $1.1 } }
}
