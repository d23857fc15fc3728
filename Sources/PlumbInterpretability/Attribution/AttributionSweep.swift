internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// Attribution patching: what `PatchSweep` measures, estimated to first order for every cell at once, from two forward
/// passes and one backward (Nanda 2023, *Attribution Patching*; Syed, Rager, Conmy 2023, arXiv:2310.10348).
///
/// The effect of moving an activation from the source run into the base run is about `(source - base) · gradient`, the
/// gradient of the metric at that activation in the base run. Exact where all that follows is linear; wrong where a
/// saturated softmax has no slope although a large change would move it, or where direct and indirect effects cancel.
/// ``recomputesAttention`` and ``magnitudesDroppingGradients(_:pair:cells:progress:)`` answer those two
/// (AtP*: Kramár, Lieberum, Shah, Nanda 2024, arXiv:2403.00745).
public struct AttributionSweep: Sendable {
    /// Clean into corrupted, or the other way.
    public var direction: PatchDirection
    /// Whether queries and keys go through the softmax exactly: the attention pattern is computed anew with the moved
    /// query or key, and its change multiplied by the gradient at the pattern (AtP*'s query-key fix).
    public var recomputesAttention: Bool
    /// Deals each site's gradients out to other layers, positions and heads, at random: a control in which attribution
    /// must lose its meaning.
    public var shuffle: RandomKey?

    /// A sweep in one direction, plain unless asked otherwise.
    public init(
        direction: PatchDirection = .denoising, recomputesAttention: Bool = false, shuffle: RandomKey? = nil
    ) {
        self.direction = direction
        self.recomputesAttention = recomputesAttention
        self.shuffle = shuffle
    }

    /// The estimate for every cell of one pair, by cells as `PatchSweep` takes them.
    ///
    /// - Throws: `ModelError` for what `PatchSweep` refuses, prompts of different lengths, and a metric that has no
    ///   differentiable form.
    public func run(_ model: HookedTransformer, pair: PatchPair, cells: [PatchCell]) throws -> AttributionResult {
        let runs = try AttributionRuns(model, pair: pair, direction: direction, cells: cells, recording: points(cells))
        let run = try runs.gradients()
        let effects = effects(cells, model, runs, run)
        let (base, source) = (Double(run.value), Double(runs.metric(runs.sourceLogits).item))
        return AttributionResult(
            clean: direction == .denoising ? source : base, corrupted: direction == .denoising ? base : source,
            effects: effects.map(\.value), values: effects.map { base + $0.value }, differs: effects.map(\.differs))
    }

    /// How much each cell matters, where effects that cancel may not hide it (AtP*'s GradDrop).
    ///
    /// One backward pass a layer, each with no gradient through that layer's contribution to the residual stream; the
    /// mean magnitude of the cell's estimates. A cell inside a layer has none in the pass that drops its own layer, and
    /// its mean is over the others.
    ///
    /// - Parameters:
    ///   - model: the model that is patched.
    ///   - pair: the prompts, and the metric of their runs.
    ///   - cells: what to estimate; the result is in their order.
    ///   - progress: receives the part of the work that is done, 0...1; may throw to end it.
    /// - Returns: a magnitude for each cell, without sign.
    /// - Throws: `ModelError` for what `PatchSweep` refuses; whatever `progress` throws.
    public func magnitudesDroppingGradients(
        _ model: HookedTransformer, pair: PatchPair, cells: [PatchCell], progress: (Double) throws -> Void = { _ in }
    ) throws -> [Double] {
        let runs = try AttributionRuns(model, pair: pair, direction: direction, cells: cells, recording: points(cells))
        let layers = model.configuration.layers
        let known = Set(model.hookPoints)
        var sums = [Double](repeating: 0, count: cells.count)
        for layer in 0..<layers {
            try progress(Double(layer) / Double(layers))
            let dropped = [HookPoint.block(layer, .attnOut), .block(layer, .mlpOut)].filter(known.contains)
            let run = try runs.gradients(
                with: dropped.map { Intervention("drop the gradient", at: $0) { $0.detached() } })
            let effects = effects(cells, model, runs, run)
            for (index, effect) in effects.enumerated() where !dropped.contains(cells[index].point) {
                sums[index] += abs(effect.value)
            }
        }
        return zip(cells, sums).map { cell, sum in
            let isStream = cell.point.block == nil || [.residPre, .residMid, .residPost].contains(cell.point.site)
            return sum / Double(max(1, isStream ? layers : layers - 1))
        }
    }

    /// What must be recorded to attribute `cells`.
    private func points(_ cells: [PatchCell]) -> Set<HookPoint> {
        let asked = Set(cells.map(\.point))
        guard recomputesAttention else { return asked }
        let blocks = Set(asked.filter { QueryKeyChange.sites.contains($0.site) }.compactMap(\.block))
        return asked.union(blocks.flatMap { block in QueryKeyChange.needs.map { .block(block, $0) } })
    }

    private func effects(
        _ cells: [PatchCell], _ model: HookedTransformer, _ runs: AttributionRuns, _ run: GradientRun
    ) -> [(value: Double, differs: Bool)] {
        let (base, source, gradients) = (run.cache, runs.source, run.gradients)
        let shuffled = shuffle.map { GradientShuffle(gradients, key: $0) }
        func gradient(_ point: HookPoint) -> Tensor? { shuffled.map { $0[point] } ?? gradients[point] }
        var activations: [HookPoint: ActivationChange] = [:]
        var attention: [Int: QueryKeyChange] = [:]
        return cells.map { cell in
            let point = cell.point
            guard let from = base[point], let to = source[point] else {
                unmet("\(point) was not recorded")
            }
            let change =
                activations[point]
                ?? ActivationChange(
                    base: from, source: to, gradient: gradient(point), site: point.site, from: runs.firstDifference)
            activations[point] = change
            let found = change.effect(position: cell.position, head: cell.head)
            guard recomputesAttention, let block = point.block, QueryKeyChange.sites.contains(point.site) else {
                return found
            }
            let exact =
                attention[block]
                ?? QueryKeyChange(
                    block: block, base: base, source: source, gradient: gradient(.block(block, .z)),
                    groups: model.configuration.keyValueHeads)
            attention[block] = exact
            return (exact.effect(of: point.site, position: cell.position, head: cell.head), found.differs)
        }
    }
}

/// What attribution estimated for one pair, cell by cell in the order the cells were given.
public struct AttributionResult: Sendable {
    /// The metric of the unpatched run on the clean prompt.
    public let clean: Double
    /// The metric of the unpatched run on the corrupted prompt.
    public let corrupted: Double
    /// The estimated change of the metric by each patch.
    public let effects: [Double]
    /// The estimated metric of each patched run: comparable with `PatchSweepResult.values`.
    public let values: [Double]
    /// Whether the activation differs between the runs at all; where it does not, both kinds of effect are 0.
    public let differs: [Bool]
}

/// The source run, kept, and the base run, repeatable with gradients.
struct AttributionRuns {
    let base: [Int]
    /// The first position in which the prompts differ: nothing before it does.
    let firstDifference: Int
    let source: ActivationCache
    let sourceLogits: Tensor
    let metric: @Sendable (Tensor) -> Tensor
    private let model: HookedTransformer
    private let recording: Recording

    init(
        _ model: HookedTransformer, pair: PatchPair, direction: PatchDirection, cells: [PatchCell],
        recording points: Set<HookPoint>
    ) throws {
        try PatchSweep(direction: direction).check(model, pairs: [pair], cells: cells)
        let known = Set(model.hookPoints)
        recording = .points(points.intersection(known))
        self.model = model
        let source: [Int]
        (base, source) =
            direction == .denoising ? (pair.corrupted, pair.clean) : (pair.clean, pair.corrupted)
        firstDifference = zip(base, source).prefix { $0 == $1 }.count
        let run = model.run(source, recording: recording)
        guard let metric = pair.metric.differentiable(source: run.output) else {
            throw ModelError(
                "the metric \(pair.metric.name) has no differentiable form: attribution needs one; give it one, or patch "
                    + "exactly")
        }
        try model.requireNumbers(run.output)
        (self.source, sourceLogits, self.metric) = (run.cache, run.output, metric)
    }

    func gradients(with interventions: [Intervention] = []) throws -> GradientRun {
        try model.gradients(base, with: interventions, recording: recording, of: metric)
    }
}
