import Foundation
import PlumbInterpretability
import PlumbTensor
import Testing

@testable import PlumbModels

/// TransformerLens 4.3.0's sweeps over SmolLM2: every cell of the pair in the README, every third layer of the others
/// (every fifth where the first token differs, which is the most work). `PLUMB_ALL_CELLS=1` compares all of them.
///
/// All five sites mean the same in both: `resid_mid` was recorded with gradients off, where TransformerLens writes the
/// patch into the residual stream itself (with gradients on, its 4.x series patches the MLP's input alone). `z` replaces
/// one head at all positions.
@Suite(.enabled(if: SmolLM2.isThere, SmolLM2.reason)) struct SmolLM2PatchingTests {
    struct Record: Decodable {
        let clean: String
        let corrupted: String
        let answer: String
        let wrong: String
        let cleanTokens: [Int]
        let corruptedTokens: [Int]
        let answerToken: Int
        let wrongToken: Int
        let differingPositions: [Int]
        let cleanLogitDifference: Double
        let corruptedLogitDifference: Double
        let denoising: [String: [[Double]]]
        let noising: [String: [[Double]]]?

        var pair: PromptPair { PromptPair(clean: clean, corrupted: corrupted, answer: answer, wrong: wrong) }
        var patchPair: PatchPair {
            PatchPair(
                clean: cleanTokens, corrupted: corruptedTokens,
                metric: .logitDifference(answer: answerToken, wrong: wrongToken))
        }
    }

    private static let comparesAll = ProcessInfo.processInfo.environment["PLUMB_ALL_CELLS"] == "1"

    static let names = ["ioi", "capital", "first-token", "two-tokens"]

    private func largestError(_ values: [[Double]], _ expected: [[Double]]) -> Double {
        guard values.map(\.count) == expected.map(\.count) else { return .infinity }
        return zip(values, expected).flatMap { zip($0, $1) }.reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    /// Each site's values in the layers asked for, `[layer][column]`.
    private func sweep(
        _ record: Record, _ names: [String], everyNth step: Int, _ direction: PatchDirection
    ) throws -> (values: [String: [[Double]]], result: PatchSweepResult) {
        let (model, positions) = (try SmolLM2.load(), record.cleanTokens.count)
        let grids = try names.map { name in
            let site = try #require(Site(named: name))
            let grid = PatchSweep.cells(site, layers: 30, positions: positions, heads: site.hasHeads ? 9 : nil)
            return stride(from: 0, to: 30, by: step).map { grid[$0] }
        }
        let sweep = PatchSweep(direction: direction)
        let result = try sweep.run(model, pairs: [record.patchPair], cells: grids.flatMap { $0.flatMap { $0 } })[0]
        var rest = result.values[...]
        let values = grids.map { grid in
            grid.map { row in
                defer { rest = rest.dropFirst(row.count) }
                return Array(rest.prefix(row.count))
            }
        }
        return (Dictionary(uniqueKeysWithValues: zip(names, values)), result)
    }

    @Test(arguments: names) func sweepsAgreeWithTransformerLens(name: String) throws {
        let record = try Golden.decode(Record.self, "patching-\(name).json")
        let tokenized = try record.pair.tokenized(by: SmolLM2.load())
        #expect(tokenized.clean == record.cleanTokens && tokenized.corrupted == record.corruptedTokens)
        #expect(tokenized.answer == record.answerToken && tokenized.wrong == record.wrongToken)
        #expect(tokenized.differing == record.differingPositions)
        #expect(Set(record.denoising.keys) == ["resid_pre", "resid_mid", "attn_out", "mlp_out", "z"])
        for (direction, sweeps) in [(PatchDirection.denoising, record.denoising), (.noising, record.noising ?? [:])] {
            guard !sweeps.isEmpty else { continue }
            let step = Self.comparesAll || name == "ioi" ? 1 : name == "first-token" ? 5 : 3
            let (values, result) = try sweep(record, sweeps.keys.sorted(), everyNth: step, direction)
            #expect(abs(result.clean - record.cleanLogitDifference) <= 2e-3)
            #expect(abs(result.corrupted - record.corruptedLogitDifference) <= 2e-3)
            for (site, expected) in sweeps {
                let compared = stride(from: 0, to: expected.count, by: step).map { expected[$0] }
                #expect(largestError(try #require(values[site]), compared) <= 2e-3, "\(direction) \(site)")
            }
        }
    }

    @Test func studiesArrangeTheSweepBySite() throws {
        let record = try Golden.decode(Record.self, "patching-ioi.json")
        let study = ActivationPatchingStudy(sites: [.attnOut, .z], sweep: PatchSweep())
        let outcome = try study.run(try SmolLM2.load(), pairs: [record.patchPair])
        #expect(outcome.sites.map(\.site) == [.attnOut, .z] && outcome.sites.map(\.isByHead) == [false, true])
        for site in outcome.sites {
            #expect(largestError(site.values[0], try #require(record.denoising[site.site.shortName])) <= 2e-3)
            #expect(site.mean == site.values[0] && site.interval(key: RandomKey(1)) == nil)
        }
        #expect(outcome.cells == 30 * 14 + 30 * 9 && outcome.computedCells == 30 * 5 + 30 * 9)
    }

    @Test func theFirstPairWasAlsoSweptTheOtherWay() throws {
        #expect(try Golden.decode(Record.self, "patching-ioi.json").noising?["resid_pre"]?.count == 30)
    }

    @Test func patchingTheDifferingNameHasTheNumbersOfTheField() throws {
        let record = try Golden.decode(Record.self, "patching-ioi.json")
        let cells = [(0, 9), (6, 9), (12, 9), (18, 9), (24, 9), (24, 13)]
        let result = try PatchSweep().run(
            try SmolLM2.load(), pairs: [record.patchPair],
            cells: cells.map { PatchCell(.block($0.0, .residPre), position: $0.1) })[0]
        for (value, expected) in zip(result.values, [6.1196, 6.1366, 6.2006, 6.2066, -5.8001, 5.1877]) {
            #expect(abs(value - expected) <= 2e-3)
        }
        #expect(result.values[0] == result.clean)
    }

    @Test(arguments: names) func cellsHaveTheBitsOfOneForwardPass(name: String) throws {
        let model = try SmolLM2.load()
        let record = try Golden.decode(Record.self, "patching-\(name).json")
        let last = record.cleanTokens.count - 1
        let first = record.differingPositions[0]
        let cells = [
            PatchCell(.embed, position: first), PatchCell(.block(0, .residPre), position: first),
            PatchCell(.block(3, .v), position: first, head: 2), PatchCell(.block(11, .residMid), position: last - 2),
            PatchCell(.block(15, .z), head: 7), PatchCell(.block(20, .pattern), head: 3),
            PatchCell(.block(22, .mlpPost), position: last), PatchCell(.block(26, .attnOut), position: last),
            PatchCell(.block(29, .z), position: last, head: 0), PatchCell(.block(29, .mlpOut), position: last),
            PatchCell(.finalNormalized, position: last),
        ]
        let result = try PatchSweep().run(model, pairs: [record.patchPair], cells: cells)[0]
        let points = Set(cells.map(\.point))
        let cache = model.run(record.cleanTokens, recording: .points(points)).cache
        for (cell, value) in zip(cells, result.values) {
            let patch = Intervention.patch(cell.point, from: cache, position: cell.position, head: cell.head)
            let logits = model.run(record.corruptedTokens, with: [patch]).output[last].elements
            #expect(value == Double(logits[record.answerToken] - logits[record.wrongToken]), "\(cell)")
        }
    }

    @Test func pairsOfOneLengthAreSweptTogether() throws {
        let model = try SmolLM2.load()
        let pairs = try ["ioi", "capital"].map { try Golden.decode(Record.self, "patching-\($0).json").patchPair }
        let cells = (0..<28).map { PatchCell(.block($0 < 14 ? 4 : 20, .residPre), position: $0 % 14) }
        let together = try PatchSweep().run(model, pairs: pairs, cells: cells)
        for (pair, result) in zip(pairs, together) {
            let alone = try PatchSweep(memoryLimit: 8 << 20).run(model, pairs: [pair], cells: cells)[0]
            #expect(result.values == alone.values && result.clean == alone.clean)
        }
    }
}
