internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Regression tasks whose function is a sine, `y = a sin(x + φ)`, with an amplitude a in .1 to .5 and a phase φ in 0 to π that
/// each task draws; x is in ±5 (von Oswald et al. 2022, arXiv:2212.07677, section on nonlinear regression).
public struct SineRegression: Sendable, Equatable {
    /// N, how many examples a task shows.
    public var examples: Int

    /// Tasks with N examples.
    public init(examples: Int = 10) {
        require(examples > 0, "a task needs examples, got \(examples)")
        self.examples = examples
    }

    /// Inputs are in ± this number.
    public static let range = 5.0

    /// Tasks drawn together.
    public struct Batch: Sendable {
        /// The examples' x, `[B, N]`.
        public var inputs: Tensor
        /// Their y, `[B, N]`.
        public var targets: Tensor
        /// The queries' x, `[B, 1]`.
        public var queries: Tensor
        /// Their y, `[B]`.
        public var answers: Tensor
    }

    /// Draws tasks; the same key gives the same ones.
    public func batch(_ count: Int, key: RandomKey) -> Batch {
        require(count > 0, "a batch needs tasks, got \(count)")
        var random = key.generator()
        var (inputs, targets, queries, answers) = ([Float](), [Float](), [Float](), [Float]())
        for _ in 0..<count {
            let (amplitude, phase) = (0.1 + 0.4 * random.uniform(), Double.pi * random.uniform())
            for example in 0...examples {
                let x = Self.range * (2 * random.uniform() - 1)
                let y = amplitude * sin(x + phase)
                if example < examples {
                    inputs.append(Float(x))
                    targets.append(Float(y))
                } else {
                    queries.append(Float(x))
                    answers.append(Float(y))
                }
            }
        }
        return Batch(
            inputs: Tensor(inputs, shape: [count, examples]), targets: Tensor(targets, shape: [count, examples]),
            queries: Tensor(queries, shape: [count, 1]), answers: Tensor(answers))
    }

    /// One task's examples repeated for queries at equal distances, as many as `count`, for a figure.
    func shown(_ count: Int, key: RandomKey) -> Batch {
        let one = batch(1, key: key)
        let rows = [Int](repeating: 0, count: count)
        let places = (0..<count).map { Float(Self.range * (2 * Double($0) / Double(count - 1) - 1)) }
        return Batch(
            inputs: one.inputs.gathered(rows), targets: one.targets.gathered(rows),
            queries: Tensor(places, shape: [count, 1]), answers: one.answers.gathered(rows))
    }
}
