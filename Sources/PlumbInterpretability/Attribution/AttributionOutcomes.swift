public import PlumbModels
internal import PlumbTensor

/// What an ``AttributionStudy`` found over one or more pairs of prompts.
public struct AttributionOutcomes: Sendable {
    /// One outcome a pair, all of the same sites.
    public let pairs: [AttributionStudy.Outcome]

    /// The outcomes of pairs in their order.
    public init(_ pairs: [AttributionStudy.Outcome]) { self.pairs = pairs }

    /// The sites studied.
    public var sites: [Site] { pairs.first?.sites.map(\.site) ?? [] }

    /// Those of `sites` that were studied.
    public func studied(_ sites: [Site]) -> [Site] { sites.filter(self.sites.contains) }

    /// What was found at one site, pair by pair; empty where it was not studied.
    public func outcomes(at site: Site) -> [AttributionStudy.SiteOutcome] {
        pairs.compactMap { pair in pair.sites.first { $0.site == site } }
    }

    /// A number of each pair at one site; empty where the site was not studied.
    public func values(_ site: Site, _ number: (AttributionStudy.SiteOutcome) -> Double) -> [Double] {
        outcomes(at: site).map(number)
    }

    /// The mean over pairs of a number at one site; NaN where it was not measured.
    public func mean(_ site: Site, _ number: (AttributionStudy.SiteOutcome) -> Double) -> Double {
        Statistics.mean(values(site, number))
    }

    /// The correlations of estimated and exact effects, `[column][site][pair]`.
    public var correlations: [(name: String, values: [[Double]])] {
        let columns: [(String, (AttributionStudy.SiteOutcome) -> Double)] = [
            ("Spearman", { $0.comparison.spearman }), ("Pearson", { $0.comparison.pearson }),
            ("Spearman, exact softmax", { $0.throughSoftmax.spearman }),
            ("Pearson, exact softmax", { $0.throughSoftmax.pearson }),
            ("Spearman, shuffled gradients", { $0.shuffled.spearman }),
        ]
        return columns.map { name, number in (name, sites.map { values($0, number) }) }
    }

    /// How much of what the mean rank correlation lacks to 1 the exact softmax makes up for: 0 for nothing, 1 for all of it.
    public func softmaxGain(_ site: Site) -> Double {
        let plain = mean(site) { $0.comparison.spearman }
        return (mean(site) { $0.throughSoftmax.spearman } - plain) / (1 - plain)
    }

    /// The time of the exact sweeps in that of the attributions, over all pairs.
    public var timeRatio: Double {
        pairs.reduce(0) { $0 + $1.exactSeconds } / pairs.reduce(0) { $0 + $1.attributionSeconds }
    }

    /// The sites with the highest and the lowest mean rank correlation; `nil` where none was studied.
    public var extremes: (best: (site: Site, spearman: Double), worst: (site: Site, spearman: Double))? {
        let found = sites.map { site in (site: site, spearman: mean(site) { $0.comparison.spearman }) }
            .sorted { $0.spearman > $1.spearman }
        guard let best = found.first, let worst = found.last else { return nil }
        return (best, worst)
    }
}

extension AttributionStudy {
    /// The time of one exactly patched cell in that of its attribution; the fastest of three runs of each.
    ///
    /// - Throws: `ModelError` for a pair that cannot be patched.
    public func singleCellTimeRatio(_ model: HookedTransformer, pair: PatchPair) throws -> Double {
        let cells = [PatchCell(.block(model.configuration.layers / 2, .attnOut), position: pair.alignedCount - 1)]
        func fastest(_ body: () throws -> Void) rethrows -> Double {
            var least = Double.infinity
            for _ in 0..<3 {
                let start = ContinuousClock.now
                try body()
                least = min(least, (ContinuousClock.now - start) / .seconds(1))
            }
            return least
        }
        let attribution = AttributionSweep(direction: sweep.direction)
        let exact = try fastest {
            _ = try PatchSweep(direction: sweep.direction).run(model, pairs: [pair], cells: cells)
        }
        return try exact / fastest { _ = try attribution.run(model, pair: pair, cells: cells) }
    }

    /// Runs one small attribution. Weights are packed for the backward pass at its first use, which is no part of any
    /// attribution's time.
    ///
    /// - Throws: `ModelError` for a pair that cannot be patched.
    public func warmUp(_ model: HookedTransformer, pair: PatchPair) throws {
        let cells = PatchSweep.cells(.z, layers: model.configuration.layers, positions: 0, heads: 1).flatMap { $0 }
        _ = try AttributionSweep(direction: sweep.direction).run(model, pair: pair, cells: cells)
    }

    /// The magnitudes that AtP* estimates for every cell, softmax computed exactly and gradients dropped (GradDrop).
    ///
    /// - Throws: `ModelError` for a pair that cannot be patched; whatever `progress` throws.
    public func magnitudes(
        _ model: HookedTransformer, pair: PatchPair, progress: (Double) throws -> Void = { _ in }
    ) throws -> [Double] {
        try AttributionSweep(direction: sweep.direction, recomputesAttention: true).magnitudesDroppingGradients(
            model, pair: pair, cells: cells(model, pair: pair).flatMap { $0.flatMap { $0 } }, progress: progress)
    }
}

extension AttributionStudy.Outcome {
    /// The rank correlations of estimated and exact magnitudes, `[site][estimate]`: of plain attribution, then of AtP*.
    ///
    /// - Parameter magnitudes: one a cell, as ``AttributionStudy/magnitudes(_:pair:progress:)`` gives them.
    public func magnitudeCorrelations(_ magnitudes: [Double]) -> [[Double]] {
        var offset = 0
        return sites.map { site in
            let (exact, plain) = (site.exact.flatMap { $0 }, site.attributed.flatMap { $0 })
            let found = Array(magnitudes[offset..<offset + exact.count])
            offset += exact.count
            // Where both are 0 the runs do not differ, and the estimates agree for nothing.
            let kept = exact.indices.filter { plain[$0] != 0 || exact[$0] != 0 }
            let sizes = kept.map { abs(exact[$0]) }
            return [
                Statistics.spearman(sizes, kept.map { abs(plain[$0]) }),
                Statistics.spearman(sizes, kept.map { found[$0] }),
            ]
        }
    }
}
