internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// Looks for signs that a network's robustness is an artifact of how it is attacked.
///
/// Three attacks of different kinds are run on the same samples, each on all of them: one step, ascent on the cross-entropy,
/// and random search without gradients; and the ascent once more with nothing but the bounds to limit it.
public struct MaskingDiagnosis: Sendable {
    /// The changes that are compared.
    public var set: PerturbationSet
    /// Steps of the ascents.
    public var steps = 100
    /// Queries of the black-box attack.
    public var queries = 1000
    /// By how much one accuracy must lie below the other to count as lower: attacks of equal strength differ a little.
    public var tolerance = 0.03
    /// Passes of one input that are compared.
    public var passes = 5

    /// The diagnosis at a set of changes.
    ///
    /// - Precondition: the norm is L∞ or L2.
    public init(_ set: PerturbationSet) {
        require(set.norm != .l1, "the diagnosis needs the square attack, which is for L∞ and L2")
        self.set = set
    }

    /// What was measured, and the flags that follow.
    public struct Result: Sendable {
        /// The signs found; empty for a network whose attacks agree.
        public var flags: [MaskingFlag] = []
        /// The accuracy after one step.
        public var singleStep = Double.nan
        /// The accuracy after an ascent on the cross-entropy.
        public var iterative = Double.nan
        /// The accuracy after a search without gradients.
        public var blackBox = Double.nan
        /// The accuracy after an ascent that only the bounds limit.
        public var unlimited = Double.nan
        /// The share of samples at which the gradient of the cross-entropy is zero.
        public var zeroGradients = Double.nan
    }

    /// Looks for all signs.
    ///
    /// - Parameter progress: told how far it is, and may end it by throwing.
    /// - Throws: ``AttackError`` as ``Attack/run(_:images:labels:targets:key:)``.
    public func run(
        _ model: some HookedModel<Tensor>, images: Tensor, labels: [Int], key: RandomKey,
        progress: (Double) throws -> Void = { _ in }
    ) throws -> Result {
        var queries = ModelQueries(model)
        let task = try AttackTask(
            &queries, images: images, labels: labels, targets: nil, bounds: set.bounds, key: key)
        var result = Result()
        if task.classes < 4 { result.flags.append(.tooFewClasses(task.classes)) }
        let variation = variation(task, &queries)
        if variation > 1e-4 { result.flags.append(.varyingLogits(variation)) }
        if Self.areProbabilities(task.logits) { result.flags.append(.probabilities) }
        result.zeroGradients = zeroGradients(task, &queries)
        if result.zeroGradients > 0 { result.flags.append(.zeroGradients(share: result.zeroGradients)) }
        let unlimited = set.with(radius: set.unlimited(images.rowWidth))
        result.singleStep = try FGSM(set).run(task, &queries).accuracy
        try progress(0.02)
        result.iterative = try AutoPGD(set, .crossEntropy, steps: steps).run(task, &queries).accuracy
        try progress(0.2)
        result.blackBox = try SquareAttack(set, queries: self.queries).run(task, &queries).accuracy
        try progress(0.9)
        result.unlimited = try AutoPGD(unlimited, .crossEntropy, steps: steps).run(task, &queries).accuracy
        let (single, many, black) = (result.singleStep, result.iterative, result.blackBox)
        if black < many - tolerance { result.flags.append(.blackBoxIsStronger(blackBox: black, whiteBox: many)) }
        if single < many - tolerance { result.flags.append(.singleStepIsStronger(singleStep: single, iterative: many)) }
        if result.unlimited > tolerance { result.flags.append(.resistsUnlimitedChanges(accuracy: result.unlimited)) }
        return result
    }

    /// The greatest distance between logits of several passes, in parts of their length.
    private func variation(_ task: AttackTask, _ queries: inout ModelQueries) -> Double {
        var most = 0.0
        for _ in 1..<max(2, passes) {
            task.logits.forEachRow(queries.logits(task.images)) { _, a, b, _ in
                var sum = 0.0
                for index in a.indices {
                    sum += (Double(a[index]) - Double(b[index])) * (Double(a[index]) - Double(b[index]))
                }
                most = max(most, sum.squareRoot() / max(RowMath.length(a), 1e-12))
            }
        }
        return most
    }

    private static func areProbabilities(_ logits: Tensor) -> Bool {
        var all = true
        logits.forEachRow { _, z, _, _ in
            let sum = z.reduce(0) { $0 + Double($1) }
            if abs(sum - 1) > 1e-3 || !z.allSatisfy({ $0 >= 0 && $0 <= 1 }) { all = false }
        }
        return all
    }

    private func zeroGradients(_ task: AttackTask, _ queries: inout ModelQueries) -> Double {
        let found = queries.ascent(.crossEntropy, task.images, labels: task.labels, targets: nil)
        var zeros = 0
        found.gradient.forEachRow { _, g, _, _ in if g.allSatisfy({ $0 == 0 }) { zeros += 1 } }
        return Double(zeros) / Double(task.count)
    }
}
