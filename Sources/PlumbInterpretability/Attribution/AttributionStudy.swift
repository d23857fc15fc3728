public import PlumbModels
public import PlumbTensor

/// Attribution patching beside exact patching of the same cells.
public struct AttributionStudy: Sendable {
    /// One site of one pair.
    public struct SiteOutcome: Sendable {
        /// The site, in every block.
        public let site: Site
        /// Whether columns are heads (all positions at once) rather than positions.
        public let isByHead: Bool
        /// The effect of each cell as measured, `[layer][column]`, in the unit of the metric.
        public let exact: [[Double]]
        /// The effect of each cell as attribution estimates it, `[layer][column]`.
        public let attributed: [[Double]]
        /// Attribution against the exact effects, over the cells in which the runs differ.
        public let comparison: AttributionComparison
        /// The same with queries and keys taken through the softmax exactly.
        public let throughSoftmax: AttributionComparison
        /// The same with shuffled gradients: a control.
        public let shuffled: AttributionComparison
    }

    /// What a study found for one pair.
    public struct Outcome: Sendable {
        /// What was found for each site, in the study's order.
        public let sites: [SiteOutcome]
        /// The metric of the unpatched run on the clean prompt.
        public let clean: Double
        /// The metric of the unpatched run on the corrupted prompt.
        public let corrupted: Double
        /// Cells whose effects were measured and estimated.
        public let cells: Int
        /// The wall time of the exact sweep, in seconds.
        public let exactSeconds: Double
        /// The wall time of one attribution of the same cells, in seconds.
        public let attributionSeconds: Double
    }

    /// What is patched, in the order of the outcomes.
    public let sites: [Site]
    /// How the exact effects are measured, and in which direction.
    public let sweep: PatchSweep

    /// A study of `sites`.
    ///
    /// - Parameters:
    ///   - sites: sites with heads are patched by head at all positions, the others by position.
    ///   - sweep: how the exact effects are measured, and in which direction.
    public init(sites: [Site], sweep: PatchSweep = PatchSweep()) {
        self.sites = sites
        self.sweep = sweep
    }

    /// The cells of every site, `[site][layer][column]`.
    public func cells(_ model: HookedTransformer, pair: PatchPair) -> [[[PatchCell]]] {
        sites.map { site in
            PatchSweep.cells(
                site, layers: model.configuration.layers, positions: pair.alignedCount,
                heads: site.hasHeads ? model.heads(at: site) : nil)
        }
    }

    /// Measures and estimates the effect of every cell of every site.
    ///
    /// - Parameters:
    ///   - model: the model that is patched.
    ///   - pair: the prompts, and the metric of their runs.
    ///   - key: shuffles the gradients of the control.
    ///   - progress: receives the part of the work that is done, 0...1; may throw to end it.
    /// - Throws: `ModelError` for pairs and sites that cannot be patched; whatever `progress` throws.
    public func run(
        _ model: HookedTransformer, pair: PatchPair, key: RandomKey, progress: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        let grids = cells(model, pair: pair)
        let cells = grids.flatMap { $0.flatMap { $0 } }
        let direction = sweep.direction
        let (exact, exactSeconds) = try timed {
            try sweep.run(model, pairs: [pair], cells: cells) { try progress(0.8 * $0) }[0]
        }
        let (plain, seconds) = try timed {
            try AttributionSweep(direction: direction).run(model, pair: pair, cells: cells)
        }
        try progress(0.9)
        let fixed = try AttributionSweep(direction: direction, recomputesAttention: true)
            .run(model, pair: pair, cells: cells)
        let shuffled = try AttributionSweep(direction: direction, recomputesAttention: true, shuffle: key["shuffle"])
            .run(model, pair: pair, cells: cells)
        let base = direction == .denoising ? exact.corrupted : exact.clean
        var offset = 0
        let outcomes = zip(sites, grids).map { site, grid in
            let (first, columns) = (offset, grid.first?.count ?? 0)
            offset += grid.count * columns
            func table(_ values: [Double]) -> [[Double]] {
                grid.indices.map { Array(values[first + $0 * columns..<first + ($0 + 1) * columns]) }
            }
            func compared(_ attribution: AttributionResult) -> AttributionComparison {
                AttributionComparison(
                    cells: cells, sweep: exact, direction: direction, attribution: attribution,
                    where: { $0.point.site == site })
            }
            return SiteOutcome(
                site: site, isByHead: site.hasHeads, exact: table(exact.values.map { $0 - base }),
                attributed: table(plain.effects), comparison: compared(plain), throughSoftmax: compared(fixed),
                shuffled: compared(shuffled))
        }
        return Outcome(
            sites: outcomes, clean: exact.clean, corrupted: exact.corrupted, cells: cells.count,
            exactSeconds: exactSeconds, attributionSeconds: seconds)
    }

    private func timed<R>(_ body: () throws -> R) rethrows -> (R, Double) {
        let start = ContinuousClock.now
        let result = try body()
        return (result, (ContinuousClock.now - start) / .seconds(1))
    }
}
