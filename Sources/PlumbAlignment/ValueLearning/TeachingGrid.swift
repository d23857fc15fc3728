internal import Foundation
public import PlumbRecords
public import PlumbTensor

// Showing what is wanted by walking on a grid: the human walks once, the robot infers the reward from the walk and acts.
//
// An expert walks as is best for itself, and what it passes over on its way says nothing. A teacher walks so that the robot,
// which takes every walk for a noisily rational one, infers nearly the right reward (Hadfield-Menell, Dragan, Abbeel,
// Russell 2016, arXiv:1606.03137, section 4).

/// Cooperative inverse reinforcement learning on a grid in two dimensions: one walk of a human, then a robot that acts.
///
/// The reward of a cell is `θ · φ(cell)`, where φ are Gaussian bumps and θ is normal. The robot takes the most probable θ
/// given the walk if walks had the probability `exp(θ · φ(walk))`, up to a constant; it then acts optimally, beginning
/// anywhere. The expert's walk is the best for θ. The teacher's maximizes `θ · φ(walk) - η |φ(walk) - φ_θ|²` among sampled
/// walks, where `φ_θ` is what noisily rational walks pass on average: the paper's approximate best response.
public struct TeachingGrid: SettingGroup {
    @Setting("Rewards θ drawn for each teaching grid.", 1...10_000) public var thetas = 60
    @Setting("Features of the teaching grid's rewards.", 1...100) public var features = 3
    @Setting("Walks among which a teacher chooses.", 4...1_000_000) public var walks = 400
    @Setting("How much a teacher's walk must look like noisily rational ones on average (η).", 0...1000)
    public var teaching = 1.0

    @Setting("Steps of a walk on the teaching grid.", 1...1000) public var walkSteps = 10
    @Setting("The deviation of the features' bumps, in cells.", 0.1...100) public var bumpWidth = 2.0

    /// The sizes of the paper: 10 × 10 cells, 3 features.
    public init() {}

    /// Cells along each side.
    static let side = 10

    /// What one grid gave, means over its rewards.
    public struct Outcome: Sendable, Codable, Equatable {
        /// What the robot loses after an expert's walk: 0 for the best policy, 1 for random actions.
        public let expert: Double
        /// The same after a teacher's.
        public let teacher: Double
        /// The same after that of a teacher for another reward: its walk matches what walks for another θ pass.
        public let wrongTeacher: Double
        /// The squared distance of the inferred θ from the true one after an expert's walk.
        public let expertDistance: Double
        /// The same after a teacher's.
        public let teacherDistance: Double
        /// The same after that of a teacher for another reward.
        public let wrongTeacherDistance: Double
    }

    /// Draws a grid and its rewards; the same key gives the same outcome.
    ///
    /// - Parameter checkpoint: called between rewards.
    /// - Throws: what `checkpoint` throws.
    public func run(key: RandomKey, checkpoint: () throws -> Void = {}) throws -> Outcome {
        var random = key["grid"].generator()
        let grid = FeatureGrid(side: Self.side, steps: walkSteps, features: features, width: bumpWidth, &random)
        var sums = [Double](repeating: 0, count: 6)
        for _ in 0..<thetas {
            try checkpoint()
            let theta = (0..<features).map { _ in random.normal() }
            let other = (0..<features).map { _ in random.normal() }
            let start = random.index(below: grid.cells)
            let walks = sampled(grid, theta, start, &random)
            let expert = grid.bestWalk(theta, from: start)
            func taught(_ model: [Double]) -> [Double] {
                let target = grid.expectedFeatures(model, from: start)
                func score(_ counts: [Double]) -> Double {
                    Self.dot(theta, counts) - teaching * Self.squaredDistance(counts, target)
                }
                return (walks + [expert]).map { (counts: $0, score: score($0)) }.max { $0.score < $1.score }?.counts
                    ?? expert
            }
            let inferred = [expert, taught(theta), taught(other)].map { grid.inferred(from: $0, start: start) }
            let losses = inferred.map { grid.loss(actingOn: $0, in: theta) }
            let distances = inferred.map { Self.squaredDistance($0, theta) }
            for (index, value) in (losses + distances).enumerated() { sums[index] += value / Double(thetas) }
        }
        return Outcome(
            expert: sums[0], teacher: sums[1], wrongTeacher: sums[2], expertDistance: sums[3],
            teacherDistance: sums[4], wrongTeacherDistance: sums[5])
    }

    /// The features of walks that are noisily rational for θ multiplied by 1/4, 1/2, 1 and 2.
    private func sampled(
        _ grid: FeatureGrid, _ theta: [Double], _ start: Int, _ random: inout RandomKey.Generator
    ) -> [[Double]] {
        var found: [[Double]] = []
        for factor in [0.25, 0.5, 1, 2] {
            let policy = grid.softPolicy(theta.map { $0 * factor })
            for _ in 0..<walks / 4 { found.append(grid.walk(policy, from: start, &random)) }
        }
        return found
    }

    static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    static func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
}
