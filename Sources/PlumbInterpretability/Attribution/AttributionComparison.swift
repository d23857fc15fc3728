internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// How well estimated effects agree with exact ones, cell by cell.
public struct AttributionComparison: Sendable {
    /// A cell whose effect was estimated badly.
    public struct Miss: Sendable {
        /// What was patched.
        public let cell: PatchCell
        /// The measured effect, in the unit of the metric.
        public let exact: Double
        /// The estimated effect, in the unit of the metric.
        public let attributed: Double
        /// How far apart they are.
        public var error: Double { abs(exact - attributed) }
    }

    /// The cells compared.
    public let cells: [PatchCell]
    /// The measured effect of each cell.
    public let exact: [Double]
    /// The estimated effect of each cell.
    public let attributed: [Double]

    /// - Precondition: one effect of each kind a cell.
    public init(cells: [PatchCell], exact: [Double], attributed: [Double]) {
        require(
            cells.count == exact.count && cells.count == attributed.count,
            "\(cells.count) cells cannot be compared by \(exact.count) exact and \(attributed.count) estimated effects")
        (self.cells, self.exact, self.attributed) = (cells, exact, attributed)
    }

    /// Compares the cells in which the runs differ: where they do not, both effects are 0 and agree for nothing.
    ///
    /// - Parameters:
    ///   - cells: the cells that were patched and attributed, in the order of both results.
    ///   - sweep: what patching measured.
    ///   - direction: the direction of the sweep and of the attribution.
    ///   - attribution: what attribution estimated.
    ///   - includes: which cells to compare, such as those of one site.
    public init(
        cells: [PatchCell], sweep: PatchSweepResult, direction: PatchDirection, attribution: AttributionResult,
        where includes: (PatchCell) -> Bool = { _ in true }
    ) {
        let chosen = cells.indices.filter { attribution.differs[$0] && includes(cells[$0]) }
        let base = direction == .denoising ? sweep.corrupted : sweep.clean
        self.init(
            cells: chosen.map { cells[$0] }, exact: chosen.map { sweep.values[$0] - base },
            attributed: chosen.map { attribution.effects[$0] })
    }

    /// The correlation of the effects' ranks.
    public var spearman: Double { Statistics.spearman(exact, attributed) }
    /// The correlation of the effects.
    public var pearson: Double { Statistics.pearson(exact, attributed) }
    /// The correlation of the ranks of the effects' magnitudes.
    public var spearmanOfMagnitudes: Double { Statistics.spearman(exact.map(abs), attributed.map(abs)) }

    /// The `count` cells whose estimates are furthest off, the worst first.
    public func worstMisses(_ count: Int) -> [Miss] {
        let misses = cells.indices.map { Miss(cell: cells[$0], exact: exact[$0], attributed: attributed[$0]) }
        let order = misses.indices.sorted { (-misses[$0].error, $0) < (-misses[$1].error, $1) }
        return order.prefix(max(0, count)).map { misses[$0] }
    }
}
