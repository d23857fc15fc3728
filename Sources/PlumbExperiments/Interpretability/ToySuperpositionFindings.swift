internal import Foundation
internal import PlumbInterpretability
internal import PlumbRecords
internal import PlumbTensor

/// Turns trained toy models into claims, metrics and figures.
struct ToySuperpositionFindings {
    let settings: ToySuperposition.Settings
    /// For each of `ToySuperposition.sparsities`, a model from each beginning.
    let small: [[SuperpositionStudy.Outcome]]
    let linear: SuperpositionStudy.Outcome
    let wide: [(sparsity: Double, outcome: SuperpositionStudy.Outcome)]
    let seed: UInt64

    /// The losses to reproduce, at the three sparsities: an independent implementation's best of four beginnings.
    static let expectedLosses = [0.0370, 0.0116, 0.00416]

    private var best: [SuperpositionStudy.Outcome] {
        small.compactMap { outcomes in outcomes.min { $0.loss < $1.loss } }
    }

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims, tables: tables,
            figures: [vectors, losses, plateau, clusters],
            notes: [
                "Geometries are those of the best of \(settings.seeds) beginnings by loss on fresh features.",
                "The wide models have \(settings.wideFeatures) features in \(settings.wideDimensions) dimensions.",
                "The number of beginnings, the steps and the learning rate were chosen on seeds 1 and 2.",
                "Halves of a dimension are counted against the places for pairs. They were a share of the kept "
                    + "features until seeds 1 and 5 kept none at sparsity 0, of which no share can be taken. That asks more "
                    + "of the claim, and up to half as much of its control.",
            ])
    }

    // MARK: Geometry

    /// Features in antipodal pairs, of a model that keeps nothing else and whose pairs are at right angles.
    static func pairedFeatures(_ geometry: FeatureGeometry) -> Int {
        let kept = geometry.represented()
        let pairs = geometry.antipodalPairs(among: kept)
        guard pairs.count * 2 == kept.count else { return 0 }
        let areSquare = pairs.indices.allSatisfy { first in
            pairs[(first + 1)...].allSatisfy { abs(geometry.cosine(pairs[first].0, $0.0)) <= 0.2 }
        }
        return areSquare ? kept.count : 0
    }

    /// How far the angles between neighbours are from a regular pentagon's, in degrees; 180 without five features.
    static func pentagonError(_ geometry: FeatureGeometry) -> Double {
        let kept = geometry.represented()
        guard kept.count == 5 else { return 180 }
        return geometry.anglesBetweenNeighbors(among: kept).map { abs($0 - 72) }.max() ?? 180
    }

    /// The least dimensionality of the two most important features, of a model that keeps only them; else 0.
    static func dedication(_ geometry: FeatureGeometry) -> Double {
        geometry.represented() == [0, 1] ? min(geometry.dimensionality[0], geometry.dimensionality[1]) : 0
    }

    private func share(_ index: Int, _ holds: (FeatureGeometry) -> Bool) -> Double {
        Double(small[index].count { holds($0.geometry) }) / Double(small[index].count)
    }

    /// The share of a wide model's kept features with half a dimension each, within 0.05; NaN where none is kept.
    private static func halves(_ geometry: FeatureGeometry) -> Double {
        let kept = geometry.represented()
        return Double(kept.count { abs(geometry.dimensionality[$0] - 0.5) <= 0.05 }) / Double(kept.count)
    }

    /// The part of a wide model's places for antipodal pairs, two features in each dimension, that features with half a
    /// dimension each take. It is a number also where a model keeps no feature, as dense ones may.
    static func placesInPairs(_ geometry: FeatureGeometry, dimensions: Int) -> Double {
        let paired = geometry.represented().count { abs(geometry.dimensionality[$0] - 0.5) <= 0.05 }
        return Double(paired) / Double(2 * dimensions)
    }

    /// By how much the density falls while at least half of the kept features have half a dimension each.
    private var plateauWidth: Double {
        let densities = wide.filter { Self.halves($0.outcome.geometry) >= 0.5 }.map { 1 - $0.sparsity }
        guard let most = densities.max(), let least = densities.min() else { return .nan }
        return most / least
    }

    // MARK: Claims

    private var claims: [ClaimResult] {
        let geometry = best.map(\.geometry)
        let shared = geometry[2].dimensionality.max() ?? .nan
        let dedication = Self.dedication(geometry[0])
        let paired = geometry.map(Self.pairedFeatures)
        let pairsAtZero = geometry[0].antipodalPairs(among: geometry[0].represented()).count
        let error = Self.pentagonError(geometry[2])
        let beyond = Double(geometry[0].represented().count - 2)
        return [
            claim(
                "At sparsity 0 the model keeps the two most important features, each with a dimension of its own",
                "two features longer than 0.5, dimensionality of both at least 0.8", dedication, "", dedication >= 0.8,
                ControlResult(
                    "At sparsity 0.9 no feature has a dimension of its own", threshold: "dimensionality at most 0.6",
                    observed: shared, holds: shared <= 0.6)),
            claim(
                "At sparsity 0.8 four features lie in two antipodal pairs",
                "4 features in pairs within 15°, at right angles within a cosine of 0.2, and no others",
                Double(paired[1]), "features", paired[1] == 4,
                ControlResult(
                    "Features in antipodal pairs at sparsity 0, whatever else is kept", threshold: "none",
                    observed: Double(2 * pairsAtZero), unit: "features", holds: pairsAtZero == 0)),
            claim(
                "At sparsity 0.9 five features lie in a pentagon", "angles between neighbours within 8° of 72°", error,
                "°", error <= 8,
                ControlResult(
                    "Features kept beyond the number of dimensions at sparsity 0", threshold: "none", observed: beyond,
                    unit: "features", holds: beyond == 0)),
            lossClaim, plateauClaim,
        ]
    }

    private func claim(
        _ statement: String, _ threshold: String, _ observed: Double, _ unit: String, _ holds: Bool,
        _ control: ControlResult
    ) -> ClaimResult {
        ClaimResult(
            statement, threshold: threshold, observed: observed, unit: unit, holds: holds, control: control,
            n: settings.seeds, seeds: [seed])
    }

    private var lossClaim: ClaimResult {
        let errors = zip(best, Self.expectedLosses).map { abs($0.loss / $1 - 1) }
        let worst = errors.max() ?? .nan
        let ratio = linear.loss / best[2].loss
        return claim(
            "The best losses are those of an independent implementation, the best of its four beginnings: .0370, .0116 "
                + "and .0042", "each within 10 %", worst, "", worst <= 0.1,
            ControlResult(
                "Without the ReLU, which superposition needs, the loss at sparsity 0.9 is higher",
                threshold: "at least 2 times", observed: ratio, unit: "times", holds: ratio >= 2))
    }

    private var plateauClaim: ClaimResult {
        let places = wide.map { Self.placesInPairs($0.outcome.geometry, dimensions: settings.wideDimensions) }
        let most = places.max() ?? .nan
        return ClaimResult(
            "There are sparsities at which a wide model gives its features half a dimension each, as antipodal pairs do",
            threshold: "features within 0.05 of one half: at least 0.8 of two a dimension", observed: most,
            holds: most >= 0.8,
            control: ControlResult(
                "The same share at sparsity 0", threshold: "at most 0.1", observed: places[0], holds: places[0] <= 0.1),
            n: wide.count, seeds: [seed])
    }

    // MARK: Numbers

    private var metrics: [Metric] {
        let names = ToySuperposition.sparsities.map { "sparsity_\(Int(100 * $0))" }
        return zip(names, best).map { Metric("loss_\($0)", $1.loss, n: settings.seeds, seeds: [seed]) } + [
            Metric("loss_linear_sparsity_90", linear.loss),
            Metric("share_of_beginnings_two_features", share(0) { Self.dedication($0) >= 0.8 }, n: settings.seeds),
            Metric("share_of_beginnings_two_pairs", share(1) { Self.pairedFeatures($0) == 4 }, n: settings.seeds),
            Metric("share_of_beginnings_pentagon", share(2) { Self.pentagonError($0) <= 8 }, n: settings.seeds),
            Metric("wide_features_kept_sparsity_0", Double(wide[0].outcome.geometry.represented().count)),
            Metric("wide_dimensions_per_feature_sparsity_0", wide[0].outcome.geometry.dimensionsPerFeature),
            Metric("density_range_at_one_half", plateauWidth, unit: "times"),
        ]
    }

    private var tables: [Table] {
        let rows = ToySuperposition.sparsities.map { "\($0)" }
        let columns = (0..<5).map { "\($0)" }
        return [
            Table(
                "norms", title: "Length of each feature's direction", rowLabel: "sparsity", columnLabel: "feature",
                rows: rows, columns: columns, values: best.map(\.geometry.norms)),
            Table(
                "dimensionality", title: "Dimensions that each feature has for itself", rowLabel: "sparsity",
                columnLabel: "feature", rows: rows, columns: columns, values: best.map(\.geometry.dimensionality)),
        ]
    }

    // MARK: Figures

    private var vectors: Figure {
        let panels = zip(ToySuperposition.sparsities, best).map { sparsity, outcome in
            VectorPlot.Panel(
                "sparsity \(sparsity)",
                vectors: outcome.geometry.directions.enumerated().map { index, direction in
                    VectorPlot.Vector(
                        "\(index)", x: direction[0], y: direction[1], value: pow(0.9, Double(index)))
                })
        }
        return .vectors(
            VectorPlot(
                title: "Five features in two dimensions",
                caption:
                    "Each arrow is the direction of a feature in the hidden space of the best model. Dense features: "
                    + "two get a dimension each. Sparser ones share, as pairs and as a pentagon.",
                panels: panels, valueLabel: "importance"))
    }

    private var losses: Figure {
        let series = zip(ToySuperposition.sparsities, best).map { sparsity, outcome in
            let width = max(1, outcome.losses.count / 60)
            let starts = stride(from: 0, to: outcome.losses.count, by: width)
            return LineChart.Series(
                "sparsity \(sparsity)", x: starts.map { Double(min($0 + width, outcome.losses.count)) },
                y: starts.map { start in
                    Statistics.mean(outcome.losses[start...].prefix(width).map(Double.init))
                })
        }
        return .lineChart(
            LineChart(
                title: "Loss while training",
                caption: "Squared error times importance, mean over features, rows and neighbouring steps.",
                x: Axis("step"), y: Axis("loss", scale: .logarithmic), series: series,
                references: zip(ToySuperposition.sparsities, Self.expectedLosses).map {
                    ReferenceValue("expected at \($0)", $1)
                }))
    }

    private var plateau: Figure {
        .lineChart(
            LineChart(
                title: "Dimensions for each feature",
                caption:
                    "D* = M / ‖W‖² of wide models whose features are equally important: 1 where they keep as many features "
                    + "as dimensions, one half where twice as many, as in antipodal pairs, and less where more share.",
                x: Axis("1 / (1 − sparsity)", scale: .logarithmic), y: Axis("D*"),
                series: [
                    LineChart.Series(
                        "D*", x: wide.map { 1 / (1 - $0.sparsity) },
                        y: wide.map { $0.outcome.geometry.dimensionsPerFeature })
                ],
                references: [ReferenceValue("1", 1), ReferenceValue("1/2", 0.5)]))
    }

    private var clusters: Figure {
        let points = wide.flatMap { entry in
            zip(entry.outcome.geometry.dimensionality, entry.outcome.geometry.norms).filter { $1 > 0.5 }
                .map { (1 / (1 - entry.sparsity), $0.0) }
        }
        return .scatter(
            ScatterPlot(
                title: "Features gather at fractions of a dimension",
                caption:
                    "Each point is a kept feature of a wide model: 1 is a dimension of its own, 3/4 a tetrahedron, "
                    + "2/3 a triangle, 1/2 an antipodal pair, 2/5 a pentagon, 3/8 a square antiprism.",
                x: Axis("1 / (1 − sparsity)", scale: .logarithmic), y: Axis("dimensionality of the feature"),
                groups: [ScatterPlot.Group("feature", x: points.map(\.0), y: points.map(\.1))]))
    }

    private var summary: String {
        let kept = best.map { $0.geometry.represented().count }
        let small =
            "With two dimensions, the best models keep \(kept[0]), \(kept[1]) and \(kept[2]) of five features at "
            + "sparsity 0, 0.8 and 0.9. "
        guard plateauWidth.isFinite else { return small + "No wide model gives most features half a dimension each." }
        return small + "Wide models give most of their equally important features half a dimension each while the "
            + "density falls \((plateauWidth * 10).rounded() / 10)-fold."
    }
}
