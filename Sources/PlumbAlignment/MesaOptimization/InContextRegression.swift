// Does a network that was trained to predict contain an optimizer of its own?
//
// One layer of attention without a softmax is shown N examples (x, y) of a linear function it has never seen, and one x
// without its y. Nothing tells it how to use the examples. Von Oswald et al. 2022 (arXiv:2212.07677) found that training
// makes it take one step of gradient descent on the squared error of the examples, from weights of zero: it has learned
// to learn. That a step is what the layer finds follows from what it can compute, a product of three tokens; so the result
// says what such a layer becomes, and not that large models search.

internal import PlumbBasics
public import PlumbRecords
public import PlumbTensor

/// Regression tasks given as a sequence of examples: each has a linear function of its own, `y = w · x`, whose weights w
/// are standard normal.
///
/// - Shapes: B tasks, N examples, D inputs; tokens are (x, y), D + 1 numbers.
public struct InContextRegression: SettingGroup {
    @Setting("Numbers in each input.", 1...64) public var inputs = 10
    @Setting("Examples that each task shows.", 1...256) public var examples = 10
    /// Inputs are uniform in ±`inputRange` / 2. Not a setting: 1 except in ``scalingInputs(by:)``.
    public private(set) var inputRange = 1.0

    private enum CodingKeys: CodingKey { case inputs, examples }

    /// The tasks of the paper.
    public init() {}

    /// Tasks with D inputs and N examples.
    public init(inputs: Int, examples: Int) {
        require(inputs > 0 && examples > 0, "a task needs inputs and examples, got \(inputs) and \(examples)")
        (self.inputs, self.examples) = (inputs, examples)
    }

    /// The same tasks with inputs `factor` times as large.
    public func scalingInputs(by factor: Double) -> InContextRegression {
        require(factor > 0, "inputs can be scaled by a factor above 0, got \(factor)")
        var scaled = self
        scaled.inputRange *= factor
        return scaled
    }

    /// Tasks drawn together.
    public struct Batch: Sendable {
        /// The examples, [B, N, D + 1].
        public var tokens: Tensor
        /// The inputs to answer for, with 0 in the place of the answer, [B, D + 1].
        public var queries: Tensor
        /// The answers, [B].
        public var targets: Tensor
    }

    /// Draws tasks; the same key gives the same ones.
    ///
    /// - Parameters:
    ///   - count: B, how many tasks.
    ///   - shufflesTargets: whether each sequence is asked for the answer of another one, at another one's input:
    ///     examples then say nothing of the target.
    ///   - key: of the tasks.
    public func batch(_ count: Int, shufflesTargets: Bool = false, key: RandomKey) -> Batch {
        require(count > 0, "a batch needs tasks, got \(count)")
        var random = key.generator()
        var weights = [Double](repeating: 0, count: inputs + 1)
        var queries = [Float](repeating: 0, count: count * (inputs + 1))
        var targets = [Float](repeating: 0, count: count)
        var tokens = [Float](repeating: 0, count: count * examples * (inputs + 1))
        for task in 0..<count {
            for i in stride(from: 0, to: inputs, by: 2) {
                let pair = random.normalPair()
                (weights[i], weights[i + 1]) = (pair.0, pair.1)
            }
            for example in 0..<examples {
                let place = (task * examples + example) * (inputs + 1)
                tokens[place + inputs] = Float(draw(weights, &tokens, at: place, &random))
            }
            targets[task] = Float(draw(weights, &queries, at: task * (inputs + 1), &random))
        }
        if shufflesTargets { targets.shuffle(using: &random) }
        return Batch(
            tokens: Tensor(tokens, shape: [count, examples, inputs + 1]),
            queries: Tensor(queries, shape: [count, inputs + 1]), targets: Tensor(targets))
    }

    /// Writes one input from `place` on, and gives w · x.
    private func draw(
        _ weights: [Double], _ numbers: inout [Float], at place: Int, _ random: inout RandomKey.Generator
    ) -> Double {
        var sum = 0.0
        for i in 0..<inputs {
            let x = inputRange * (random.uniform() - 0.5)
            numbers[place + i] = Float(x)
            sum += weights[i] * x
        }
        return sum
    }
}
