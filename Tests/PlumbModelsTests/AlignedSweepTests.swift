import Foundation
import PlumbTensor
import Testing

@testable import PlumbModels

/// Prompts of different lengths, compared from their ends.
@Suite struct AlignedSweepTests {
    private let long = [17, 4, 98, 3, 150, 61, 7, 200, 12]
    private let short = [98, 9, 150, 61, 44, 12]
    private let sites: [Site] = [.residPre, .attnOut, .residMid, .mlpOut, .z, .q, .k, .v]

    private func model() throws -> HookedTransformer {
        let golden = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        return try HookedTransformer.load(folder: golden.appendingPathComponent("llama-tiny"))
    }

    /// The patch a cell means: rows of the base run replaced by the source's, both counted from their ends.
    private func patch(_ cell: PatchCell, from source: Tensor, common: Int, heads: Int) -> Intervention {
        Intervention("aligned", at: cell.point) { value in
            var result = value
            let width = value.shape.dropFirst().reduce(1, *)
            let part = cell.head.map { _ in width / heads } ?? width
            let column = (cell.head ?? 0) * part
            let (start, other) = (value.shape[0] - common, source.shape[0] - common)
            result.withUnsafeMutableElements { target in
                source.withUnsafeElements { source in
                    for position in cell.position.map({ $0..<$0 + 1 }) ?? 0..<common {
                        for element in column..<column + part {
                            target[(start + position) * width + element] = source[(other + position) * width + element]
                        }
                    }
                }
            }
            return result
        }
    }

    @Test(arguments: [true, false], [PatchDirection.denoising, .noising])
    func everyCellIsItsOwnForwardPass(_ cleanIsLong: Bool, _ direction: PatchDirection) throws {
        let model = try model()
        let (clean, corrupted) = cleanIsLong ? (long, short) : (short, long)
        let (source, base) = direction == .denoising ? (clean, corrupted) : (corrupted, clean)
        let cells = sites.flatMap { site in
            PatchSweep.cells(
                site, layers: 3, positions: short.count, heads: site.hasHeads ? model.heads(at: site) : nil
            ).flatMap { $0 }
        }
        let sweep = PatchSweep(direction: direction, alignment: .end)
        let result = try sweep.run(
            model, clean: clean, corrupted: corrupted, metric: .logitDifference(answer: 5, wrong: 6), cells: cells)
        let cache = model.run(source, recording: .all).cache
        var largest = 0.0
        for (cell, value) in zip(cells, result.values) {
            let activation = try #require(cache[cell.point])
            let change = patch(
                cell, from: activation, common: short.count, heads: model.heads(at: cell.point.site))
            let logits = model.run(base, with: [change]).output[base.count - 1].elements
            largest = max(largest, abs(value - Double(logits[5] - logits[6])))
        }
        #expect(largest <= 1e-5)
        #expect(Set(result.values).count > cells.count / 2, "the patches change nothing")
    }

    @Test func whatCannotBeAlignedIsRefused() throws {
        let model = try model()
        func refusal(_ site: Site, _ metric: PatchMetric, alignment: PatchAlignment, position: Int = 0) -> String {
            let sweep = PatchSweep(alignment: alignment)
            let cell = PatchCell(.block(0, site), position: position)
            let error = #expect(throws: ModelError.self) {
                try sweep.run(model, clean: long, corrupted: short, metric: metric, cells: [cell])
            }
            return error?.description ?? ""
        }
        let difference = PatchMetric.logitDifference(answer: 5, wrong: 6)
        #expect(refusal(.residPre, difference, alignment: .none).contains("9 tokens"))
        #expect(refusal(.residPre, difference, alignment: .end, position: 6).contains("no position 6"))
        #expect(refusal(.pattern, difference, alignment: .end).contains("one column a position"))
        for site in [Site.rotQ, .rotK] {
            #expect(refusal(site, difference, alignment: .end).contains("is turned by its position"))
        }
        #expect(refusal(.residPre, .loss(tokens: short), alignment: .end).contains("needs prompts of one length"))
    }
}
