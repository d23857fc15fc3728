import Foundation
import PlumbTensor
import Testing

@testable import PlumbModels

/// Activation patching the slow way, one forward pass a cell, and metrics worked out from whole logits in double: what
/// sweeps are compared with.
struct PatchReference {
    let model: HookedTransformer
    /// The run that is patched, and the one that activations come from.
    let base: [Int]
    let source: [Int]

    init(_ model: HookedTransformer, clean: [Int], corrupted: [Int], _ direction: PatchDirection) {
        self.model = model
        (base, source) = direction == .denoising ? (corrupted, clean) : (clean, corrupted)
    }

    /// Every site's cells: by position, all positions at once and, where there are heads, by head with and without a
    /// position; outside the blocks by position.
    static func cells(_ model: HookedTransformer, positions: Int) -> [PatchCell] {
        model.hookPoints.filter { $0 != .logits }.flatMap { point -> [PatchCell] in
            var cells = (0..<positions).map { PatchCell(point, position: $0) } + [PatchCell(point)]
            if point.site.hasHeads {
                for head in 0..<model.heads(at: point.site) {
                    cells += [PatchCell(point, head: head), PatchCell(point, position: positions - 2, head: head)]
                }
            }
            return cells
        }
    }

    /// Logits `[T, V]` of one forward pass a cell.
    func logits(_ cells: [PatchCell]) -> [Tensor] {
        let cache = model.run(source, recording: Recording { _ in true }).cache
        return cells.map { cell in
            model.run(base, with: [.patch(cell.point, from: cache, position: cell.position, head: cell.head)]).output
        }
    }
}

/// A metric and what it should be, given the patched and the source run's logits `[T, V]`.
struct ReferenceMetric: Sendable {
    let metric: PatchMetric
    /// Whether the metric must have the very bits of its reference.
    let isExact: Bool
    let value: @Sendable (_ logits: Tensor, _ source: Tensor) -> Double

    private static func probabilities(_ logits: Tensor) -> [Double] {
        let row = logits[logits.shape[0] - 1].elements.map(Double.init)
        let highest = row.max() ?? 0
        let total = row.reduce(0) { $0 + exp($1 - highest) }
        return row.map { exp($0 - highest) / total }
    }

    /// Of logits over 211 tokens and a prompt of `tokens`.
    static func all(tokens: [Int]) -> [ReferenceMetric] {
        [
            ReferenceMetric(metric: .logitDifference(answer: 7, wrong: 190), isExact: true) { logits, _ in
                let row = logits[logits.shape[0] - 1].elements
                return Double(row[7] - row[190])
            },
            ReferenceMetric(metric: .probability(of: 11), isExact: false) { logits, _ in probabilities(logits)[11] },
            ReferenceMetric(metric: .logProbability(of: 12), isExact: false) { logits, _ in
                log(probabilities(logits)[12])
            },
            ReferenceMetric(metric: .klDivergence, isExact: false) { logits, source in
                zip(probabilities(source), probabilities(logits)).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
            },
            ReferenceMetric(metric: .loss(tokens: tokens), isExact: false) { logits, _ in
                let losses = (1..<tokens.count).map { position in
                    -log(probabilities(logits[0..<position])[tokens[position]])
                }
                return losses.reduce(0, +) / Double(losses.count)
            },
            ReferenceMetric(
                metric: PatchMetric("sum at the end", unit: "logits") { logits in
                    precondition(logits.shape == [211], "a metric of the last position gets [V]")
                    return logits.sum()
                }, isExact: true
            ) { logits, _ in logits[logits.shape[0] - 1].sum() },
            ReferenceMetric(
                metric: PatchMetric("sum", unit: "logits", positions: .all) { logits in
                    precondition(logits.shape == [tokens.count, 211], "a metric of all positions gets [T, V]")
                    return logits.sum()
                }, isExact: true
            ) { logits, _ in logits.sum() },
        ]
    }
}
