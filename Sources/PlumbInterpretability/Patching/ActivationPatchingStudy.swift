public import PlumbModels
public import PlumbTensor

/// Activation patching of whole sites over one or more prompt pairs.
///
/// The claim behind it: an activation that carries the answer restores it when moved from the clean run into the
/// corrupted one (denoising), and destroys it when moved the other way (noising). It fails to tell apart an activation
/// that computes the answer from one that merely passes it on, and misses what two activations carry only together
/// (Heimersheim, Nanda 2024, arXiv:2404.15255).
public struct ActivationPatchingStudy: Sendable {
    /// The metric of every cell of one site, pair by pair.
    public struct SiteValues: Sendable {
        /// The site, in every block.
        public let site: Site
        /// Whether columns are heads (all positions at once) rather than positions.
        public let isByHead: Bool
        /// `[pair][layer][column]`
        public let values: [[[Double]]]

        /// The mean over pairs, `[layer][column]`.
        public var mean: [[Double]] { reduced(Statistics.mean) }

        /// Bootstrap intervals of the mean over pairs, or nil for a single pair.
        public func interval(key: RandomKey) -> (lower: [[Double]], upper: [[Double]])? {
            guard values.count > 1 else { return nil }
            let key = key[site.rawValue]
            return (
                reduced { Statistics.bootstrapMean($0, key: key).lower },
                reduced { Statistics.bootstrapMean($0, key: key).upper }
            )
        }

        private func reduced(_ statistic: ([Double]) -> Double) -> [[Double]] {
            values[0].indices.map { layer in
                values[0][layer].indices.map { column in statistic(values.map { $0[layer][column] }) }
            }
        }
    }

    /// What a study found.
    public struct Outcome: Sendable {
        /// The values of each site, in the study's order.
        public let sites: [SiteValues]
        /// The metric of the unpatched run on each clean prompt.
        public let clean: [Double]
        /// The metric of the unpatched run on each corrupted prompt.
        public let corrupted: [Double]
        /// Cells asked for, of all pairs together.
        public let cells: Int
        /// Cells whose run had to be computed; the others are no change to the run they are moved into.
        public let computedCells: Int
        /// The wall time of the sweep, in seconds.
        public let seconds: Double
    }

    /// What is patched, in the order of the outcome.
    public let sites: [Site]
    /// How it is patched, and in which direction.
    public let sweep: PatchSweep

    /// - Parameters:
    ///   - sites: sites with heads are patched by head at all positions, the others by position.
    ///   - sweep: how it is patched, and in which direction.
    public init(sites: [Site], sweep: PatchSweep) {
        self.sites = sites
        self.sweep = sweep
    }

    /// Patches every cell of every site.
    ///
    /// - Throws: `ModelError` for pairs of different lengths; whatever `progress` throws.
    public func run(
        _ model: HookedTransformer, pairs: [PatchPair], progress: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        let length = pairs.first?.alignedCount ?? 0
        if let odd = pairs.firstIndex(where: { $0.alignedCount != length }), sites.contains(where: { !$0.hasHeads }) {
            throw ModelError(
                "a table by position needs pairs of one length: pair 1 has \(length) tokens, pair \(odd + 1) has "
                    + "\(pairs[odd].alignedCount); sites with heads (q, k, v, z) take pairs of any length")
        }
        let grids = sites.map { site in
            PatchSweep.cells(
                site, layers: model.configuration.layers, positions: length,
                heads: site.hasHeads ? model.heads(at: site) : nil)
        }
        let cells = grids.flatMap { $0.flatMap { $0 } }
        let start = ContinuousClock.now
        let results = try sweep.run(model, pairs: pairs, cells: cells, progress: progress)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        var offset = 0
        let values = zip(sites, grids).map { site, grid in
            let (rows, columns) = (grid.count, grid.first?.count ?? 0)
            defer { offset += rows * columns }
            return SiteValues(
                site: site, isByHead: site.hasHeads,
                values: results.map { result in
                    (0..<rows).map { row in
                        Array(result.values[offset + row * columns..<offset + (row + 1) * columns])
                    }
                })
        }
        return Outcome(
            sites: values, clean: results.map(\.clean), corrupted: results.map(\.corrupted),
            cells: cells.count * pairs.count, computedCells: results.reduce(0) { $0 + $1.computedCells },
            seconds: seconds)
    }
}
