internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// A part of a model's computation in a hypothesis, and what the hypothesis says that it depends on.
public struct ScrubbingNode<Example: Sendable>: Sendable {
    /// The hook point at which the part's activation is seen.
    public let point: HookPoint
    /// The value of the examples that the part's activation is said to be a function of, as a number.
    public let feature: @Sendable (Example) -> Int
    /// The parts that it is computed from; none for a part that is computed from the example as it is.
    public let inputs: [ScrubbingNode]
    let mixed: @Sendable (_ value: Tensor, _ replacement: Tensor) -> Tensor

    private init(
        _ point: HookPoint, inputs: [ScrubbingNode], feature: @escaping @Sendable (Example) -> Int,
        mixed: @escaping @Sendable (_ value: Tensor, _ replacement: Tensor) -> Tensor
    ) {
        (self.point, self.inputs, self.feature, self.mixed) = (point, inputs, feature, mixed)
    }

    /// All of the activation, or some features of its last axis.
    public init(
        _ point: HookPoint, features: Range<Int>? = nil, inputs: [ScrubbingNode] = [],
        feature: @escaping @Sendable (Example) -> Int
    ) {
        self.init(point, inputs: inputs, feature: feature) { value, replacement in
            guard let features else { return replacement }
            let width = value.shape.last ?? 1
            require(features.upperBound <= width, "\(point) has \(width) features, not \(features)")
            let kept = Tensor((0..<width).map { features.contains($0) ? 0 : 1 })
            return value * kept + replacement * (kept * -1 + 1)
        }
    }

    /// One variable's part of an activation, in subspaces that were found for several.
    ///
    /// - Precondition: the map has the variable, counted from 0.
    public init(
        _ point: HookPoint, variable: Int, of map: AlignedSubspaces, inputs: [ScrubbingNode] = [],
        feature: @escaping @Sendable (Example) -> Int
    ) {
        require(
            (0..<map.variables).contains(variable), "the map has \(map.variables) variables, no variable \(variable)")
        self.init(point, inputs: inputs, feature: feature) { value, replacement in
            let sources = (0..<map.variables).map { $0 == variable ? replacement.reshaped([-1, map.width]) : nil }
            return map.interchanged(value.reshaped([-1, map.width]), sources: sources).reshaped(value.shape)
        }
    }

    /// One head of an activation that has heads, in runs of many prompts.
    ///
    /// - Precondition: the point has an axis of heads.
    public init(
        _ point: HookPoint, head: Int, inputs: [ScrubbingNode] = [], feature: @escaping @Sendable (Example) -> Int
    ) {
        require(point.site.hasHeads, "\(point) has no heads")
        self.init(point, inputs: inputs, feature: feature) { value, replacement in
            value.replacing(from: replacement, axis: value.shape.count - 3, first: nil, second: head)
        }
    }
}

/// Causal scrubbing: a hypothesis of what matters is tested by resampling everything that it says does not (Chan,
/// Garriga-Alonso, Goldowsky-Dill, Greenblatt, Nitishinskaya, Radhakrishnan, Shlegeris, Thomas 2022, *Causal Scrubbing:
/// a Method for Rigorously Testing Interpretability Hypotheses*).
///
/// For each example, each part that the output is said to depend on is computed on another example with the same value
/// of the part's feature, recursively through the parts that it is computed from, each with an example of its own;
/// everything else is computed on random examples. If the hypothesis holds, the loss stays what it was.
public struct CausalScrubbing<Example: Sendable>: Sendable {
    private let data: [Example]
    private let run: @Sendable ([Example], [Intervention], Recording) -> (output: Tensor, cache: ActivationCache)
    private let loss: @Sendable (_ output: Tensor, _ examples: [Int]) -> Double

    /// Scrubbing of any model.
    ///
    /// - Parameters:
    ///   - data: the examples that are drawn from.
    ///   - loss: the mean loss of outputs for the examples with these numbers.
    ///   - run: runs the model on a batch of examples; activations have an axis of examples first.
    /// - Throws: `ModelError` for fewer than two examples.
    public init(
        data: [Example], loss: @escaping @Sendable (_ output: Tensor, _ examples: [Int]) -> Double,
        run: @escaping @Sendable ([Example], [Intervention], Recording) -> (output: Tensor, cache: ActivationCache)
    ) throws {
        guard data.count > 1 else { throw ModelError("scrubbing resamples examples: there must be two or more") }
        (self.data, self.loss, self.run) = (data, loss, run)
    }

    /// The losses that a hypothesis is judged by.
    public struct Result: Sendable, Equatable {
        /// The model's own mean loss.
        public let model: Double
        /// The mean loss where everything is scrubbed that the hypothesis lets be.
        public let scrubbed: Double
        /// The mean loss of outputs on random examples: that of the hypothesis that nothing matters.
        public let random: Double

        /// The part of the loss that the hypothesis recovers: 1 where scrubbing changes nothing, 0 where nothing is
        /// left.
        public var recovered: Double { (random - scrubbed) / (random - model) }
    }

    /// Tests a hypothesis: the parts that the output depends on.
    ///
    /// - Throws: `ModelError` for a hook point that the model lacks, and for a feature that tells all examples apart:
    ///   nothing would be resampled.
    public func test(_ hypothesis: [ScrubbingNode<Example>], key: RandomKey) throws -> Result {
        let all = Array(data.indices)
        let own = run(data, [], .none).output
        var random = key["unimportant"].generator()
        let others = all.map { _ in random.index(below: data.count) }
        let patches = try self.patches(hypothesis, for: all, key: key)
        let scrubbed = run(others.map { data[$0] }, patches, .none).output
        return Result(
            model: loss(own, all), scrubbed: loss(scrubbed, all), random: loss(own.gathered(others), all))
    }

    /// What gives a run the activations of parts, each computed on examples that agree with `examples`.
    private func patches(
        _ nodes: [ScrubbingNode<Example>], for examples: [Int], key: RandomKey
    ) throws -> [Intervention] {
        try nodes.enumerated().map { index, node in
            let agreeing = try resampled(examples, node, key: key[index]["agreeing"])
            let activation = try activation(node, on: agreeing, key: key[index])
            return Intervention("scrub", at: node.point) { node.mixed($0, activation) }
        }
    }

    /// A part's activation on examples, the parts that it is computed from scrubbed.
    private func activation(_ node: ScrubbingNode<Example>, on examples: [Int], key: RandomKey) throws -> Tensor {
        var (rows, patches) = (examples, [Intervention]())
        if !node.inputs.isEmpty {
            patches = try self.patches(node.inputs, for: examples, key: key["inputs"])
            var random = key["unimportant"].generator()
            rows = examples.map { _ in random.index(below: data.count) }
        }
        guard let found = run(rows.map { data[$0] }, patches, .only(node.point)).cache[node.point] else {
            throw ModelError("the model has no hook point \(node.point) to scrub")
        }
        return found
    }

    /// Examples drawn uniformly from those with the same value of a part's feature.
    private func resampled(_ examples: [Int], _ node: ScrubbingNode<Example>, key: RandomKey) throws -> [Int] {
        let values = data.map(node.feature)
        let groups = Dictionary(grouping: data.indices, by: { values[$0] })
        guard groups.values.contains(where: { $0.count > 1 }) else {
            throw ModelError(
                "the feature at \(node.point) has another value for every example, so that nothing is resampled: "
                    + "give more examples, or a coarser feature")
        }
        var random = key.generator()
        return examples.map { example in
            let group = groups[values[example]] ?? [example]
            return group[random.index(below: group.count)]
        }
    }
}

extension CausalScrubbing where Example == [Float] {
    /// Scrubbing of a model that reads rows of numbers.
    ///
    /// - Throws: `ModelError` for fewer than two examples.
    public init<Model: HookedModel<Tensor>>(
        _ model: Model, data: [[Float]], loss: @escaping @Sendable (_ output: Tensor, _ examples: [Int]) -> Double
    ) throws {
        try self.init(data: data, loss: loss) { rows, changes, recording in
            model.run(
                Tensor(rows.joined().map { $0 }, shape: [rows.count, rows[0].count]), with: changes,
                recording: recording)
        }
    }
}

extension CausalScrubbing where Example == [Int] {
    /// Scrubbing of a transformer on prompts of one length.
    ///
    /// - Throws: `ModelError` for fewer than two prompts, prompts of different lengths, or one that the model cannot
    ///   read.
    public init(
        _ model: HookedTransformer, prompts: [[Int]],
        loss: @escaping @Sendable (_ output: Tensor, _ examples: [Int]) -> Double
    ) throws {
        for prompt in prompts {
            try model.check(prompt)
            guard prompt.count == prompts[0].count else {
                throw ModelError(
                    "scrubbing needs prompts of one length, got \(prompts[0].count) and \(prompt.count) tokens")
            }
        }
        try self.init(data: prompts, loss: loss) { rows, changes, recording in
            model.run(batch: rows, with: changes, recording: recording)
        }
    }
}
