import PlumbTensor
import Testing

@testable import PlumbModels

/// The sweep gives every cell the bits that a forward pass with that one patch gives.
@Suite struct WavefrontTests {
    static let clean = TinyModel.tokens(9, seed: 41)
    /// Differs from `clean` at positions 3 and 6.
    static let corrupted = clean.enumerated().map { [3, 6].contains($0) ? ($1 + 100) % 211 : $1 }
    static let logitDifference = PatchMetric.logitDifference(answer: 7, wrong: 190)

    @Test(arguments: TinyModel.hooked, PatchDirection.allCases)
    func everyCellOfEverySiteEqualsOneForwardPass(name: String, direction: PatchDirection) throws {
        let model = try TinyModel.load(name)
        let reference = PatchReference(model, clean: Self.clean, corrupted: Self.corrupted, direction)
        let cells = PatchReference.cells(model, positions: 9)
        let logits = reference.logits(cells)
        let (base, source) = (model.run(reference.base).output, model.run(reference.source).output)
        for metric in ReferenceMetric.all(tokens: reference.base) {
            let result = try PatchSweep(direction: direction).run(
                model, clean: Self.clean, corrupted: Self.corrupted, metric: metric.metric, cells: cells)
            for (cell, (value, logits)) in zip(cells, zip(result.values, logits)) {
                let expected = metric.value(logits, source)
                let isRight = metric.isExact ? value == expected : abs(value - expected) <= 1e-5
                if !isRight { Issue.record("\(metric.metric.name) of \(cell): \(value), one pass gives \(expected)") }
            }
            let ends = direction == .denoising ? (result.clean, result.corrupted) : (result.corrupted, result.clean)
            #expect(abs(ends.0 - metric.value(source, source)) <= (metric.isExact ? 0 : 1e-5))
            #expect(abs(ends.1 - metric.value(base, source)) <= (metric.isExact ? 0 : 1e-5))
        }
    }

    @Test(arguments: TinyModel.hooked) func sitesSweptAloneGiveTheBitsOfAllTogether(name: String) throws {
        let model = try TinyModel.load(name)
        let cells = PatchReference.cells(model, positions: 9)
        let metric = PatchMetric("sum", unit: "logits", positions: .all) { $0.sum() }
        func values(_ cells: [PatchCell]) throws -> [Double] {
            try PatchSweep().run(model, clean: Self.clean, corrupted: Self.corrupted, metric: metric, cells: cells)
                .values
        }
        let together = Dictionary(uniqueKeysWithValues: zip(cells, try values(cells)))
        for site in Set(cells.map(\.point.site)) {
            let own = cells.filter { $0.point.site == site }
            let alone = try values(own)
            #expect(alone == own.compactMap { together[$0] }, "\(site.shortName)")
        }
    }

    @Test(arguments: TinyModel.hooked, PatchDirection.allCases)
    func cellsBeforeTheFirstDifferenceAreTheUnpatchedRun(name: String, direction: PatchDirection) throws {
        let model = try TinyModel.load(name)
        for site in [Site.residPre, .residMid, .attnOut, .mlpOut, .residPost] {
            let grid = PatchSweep.cells(site, layers: 3, positions: 9)
            let result = try PatchSweep(direction: direction).run(
                model, clean: Self.clean, corrupted: Self.corrupted, metric: Self.logitDifference,
                cells: grid.flatMap { $0 })
            let base = direction == .denoising ? result.corrupted : result.clean
            let logits = model.run(direction == .denoising ? Self.corrupted : Self.clean).output[8].elements
            #expect(base == Double(logits[7] - logits[190]))
            for layer in 0..<3 {
                #expect(result.values[layer * 9..<layer * 9 + 3].allSatisfy { $0 == base })
                // After the last attention a position reaches its own logits only.
                let reachesTheEnd = layer < 2 || site == .residPre
                #expect((result.values[layer * 9 + 3] != base) == reachesTheEnd)
            }
        }
    }

    @Test(arguments: TinyModel.hooked) func cellsThatChangeNothingAreNotComputed(name: String) throws {
        let model = try TinyModel.load(name)
        let cells = PatchSweep.cells(.residPre, layers: 3, positions: 9).flatMap { $0 }
        let result = try PatchSweep().run(
            model, clean: Self.clean, corrupted: Self.corrupted, metric: Self.logitDifference, cells: cells)
        // The first block reads embeddings, which differ at two positions; the others differ from position 3 on.
        #expect(result.computedCells == 2 + 6 + 6)
        // Two runs of 9 rows over 3 blocks; then a run of position p has 9 - p rows in the blocks left to walk.
        let first = (6 + 3) * 3
        let later = (6 + 5 + 4 + 3 + 2 + 1) * (2 + 1)
        #expect(result.rowBlocks == 2 * 9 * 3 + first + later)
        let same = try PatchSweep().run(
            model, clean: Self.clean, corrupted: Self.clean, metric: Self.logitDifference, cells: cells)
        #expect(same.computedCells == 0 && same.values.allSatisfy { $0 == same.clean } && same.clean == same.corrupted)
    }

    @Test(arguments: TinyModel.hooked) func memoryLimitsChangeNoBit(name: String) throws {
        let model = try TinyModel.load(name)
        let cells = PatchReference.cells(model, positions: 9)
        for metric in [Self.logitDifference, PatchMetric("sum", unit: "logits", positions: .all) { $0.sum() }] {
            let results = try [1 << 40, 2 << 20, 64 << 10, 1].map { limit in
                try PatchSweep(memoryLimit: limit).run(
                    model, clean: Self.clean, corrupted: Self.corrupted, metric: metric, cells: cells)
            }
            for result in results {
                #expect(result.values == results[0].values)
                #expect(result.computedCells == results[0].computedCells)
            }
        }
    }

    @Test func threadsChangeNoBit() async {
        // The number of threads is the process's own, so it is changed in a process of its own.
        await #expect(processExitsWith: .success) {
            for name in TinyModel.hooked {
                let model = try TinyModel.load(name)
                let cells = PatchReference.cells(model, positions: 9)
                var results: [[Double]] = []
                for threads in [1, 2, 3] {
                    Compute.configure(threads: threads)
                    let result = try PatchSweep().run(
                        model, clean: WavefrontTests.clean, corrupted: WavefrontTests.corrupted,
                        metric: PatchMetric("sum", unit: "logits", positions: .all) { $0.sum() }, cells: cells)
                    results.append(result.values)
                }
                #expect(results[1] == results[0] && results[2] == results[0])
            }
        }
    }

    @Test(arguments: TinyModel.hooked, PatchDirection.allCases)
    func pairsAtOnceEqualPairByPair(name: String, direction: PatchDirection) throws {
        let model = try TinyModel.load(name)
        let pairs = [5, 9, 9, 34, 7].enumerated().map { index, length in
            let clean = TinyModel.tokens(length, seed: UInt64(60 + index))
            let corrupted = clean.enumerated().map { $0 == index ? ($1 + 50) % 211 : $1 }
            let metrics: [PatchMetric] = [
                Self.logitDifference, .logitDifference(answer: 3, wrong: 4), .loss(tokens: clean), .klDivergence,
            ]
            return PatchPair(clean: clean, corrupted: corrupted, metric: metrics[index % metrics.count])
        }
        let cells = PatchReference.cells(model, positions: 5)
        // Everything in one walk; all pairs recorded together but walked apart; each pair and run by itself.
        for limit in [1 << 40, 4 << 20, 1] {
            let sweep = PatchSweep(direction: direction, memoryLimit: limit)
            let together = try sweep.run(model, pairs: pairs, cells: cells)
            #expect(together.count == pairs.count)
            for (pair, result) in zip(pairs, together) {
                let alone = try sweep.run(
                    model, clean: pair.clean, corrupted: pair.corrupted, metric: pair.metric, cells: cells)
                #expect(result.clean == alone.clean && result.corrupted == alone.corrupted)
                #expect(result.computedCells == alone.computedCells)
                for (cell, (value, expected)) in zip(cells, zip(result.values, alone.values)) where value != expected {
                    Issue.record("\(cell), \(pair.clean.count) tokens, limit \(limit): \(value), alone \(expected)")
                }
            }
        }
    }

    @Test(arguments: TinyModel.hooked, PatchDirection.allCases)
    func promptsMayDifferFromTheFirstToken(name: String, direction: PatchDirection) throws {
        let model = try TinyModel.load(name)
        let corrupted = [(Self.clean[0] + 1) % 211] + Self.clean.dropFirst()
        let reference = PatchReference(model, clean: Self.clean, corrupted: corrupted, direction)
        let cells = PatchReference.cells(model, positions: 9)
        let result = try PatchSweep(direction: direction).run(
            model, clean: Self.clean, corrupted: corrupted, metric: Self.logitDifference, cells: cells)
        for (cell, (value, logits)) in zip(cells, zip(result.values, reference.logits(cells))) {
            let row = logits[8].elements
            if value != Double(row[7] - row[190]) { Issue.record("\(cell)") }
        }
        // The whole stream of the clean run is the clean run.
        let whole = try PatchSweep(direction: direction).run(
            model, clean: Self.clean, corrupted: corrupted, metric: Self.logitDifference,
            cells: (0..<3).map { PatchCell(.block($0, .residPre)) })
        #expect(whole.values.allSatisfy { $0 == (direction == .denoising ? whole.clean : whole.corrupted) })
    }

    @Test(arguments: ["gpt2-tiny-hub", "llama-tiny-tied", "llama-tiny-bf16", "llama-tiny-rope3", "llama-tiny-bias"])
    func otherCheckpointsAreSweptExactlyToo(name: String) throws {
        let model = try TinyModel.load(name)
        let reference = PatchReference(model, clean: Self.clean, corrupted: Self.corrupted, .denoising)
        let cells = PatchReference.cells(model, positions: 9)
        let result = try PatchSweep().run(
            model, clean: Self.clean, corrupted: Self.corrupted, metric: Self.logitDifference, cells: cells)
        for (cell, (value, logits)) in zip(cells, zip(result.values, reference.logits(cells))) {
            let row = logits[8].elements
            if value != Double(row[7] - row[190]) { Issue.record("\(cell)") }
        }
    }
}
