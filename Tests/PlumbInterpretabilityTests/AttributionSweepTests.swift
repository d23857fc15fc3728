import PlumbInterpretability
import PlumbTensor
import Testing

@testable import PlumbModels

/// Attribution of nodes against finite differences and against exact patching where that is linear.
@Suite struct AttributionSweepTests {
    private static let everything = Recording { _ in true }

    /// Interventions that move the cell's activation a part of the way to the source's.
    private func move(_ cell: PatchCell, by change: Tensor) -> (Float) -> [Intervention] {
        let (site, isMap) = (cell.point.site, cell.point.site.isAttentionMap)
        let part = Tensor.zeros(change.shape).replacing(
            from: change, axis: change.shape.count - (site.hasHeads ? 3 : 2), first: isMap ? cell.head : cell.position,
            second: isMap ? cell.position : cell.head)
        return { step in [Intervention("move", at: cell.point) { $0 + part * step }] }
    }

    /// All of an activation, one position of it and, where it has heads, one head of it.
    private func cells(_ model: HookedTransformer) -> [PatchCell] {
        model.hookPoints.filter { $0 != .logits }.flatMap { point -> [PatchCell] in
            var cells = [PatchCell(point), PatchCell(point, position: 5)]
            if point.site.hasHeads {
                let head = model.heads(at: point.site) - 1
                cells += [PatchCell(point, head: head), PatchCell(point, position: 7, head: 0)]
            }
            return cells
        }
    }

    @Test(arguments: TinyPair.models, PatchDirection.allCases)
    func theEffectOfEveryCellIsTheSlopeTowardsTheSource(name: String, direction: PatchDirection) throws {
        let tiny = try TinyPair(name)
        let metric = PatchMetric.logitDifference(answer: 7, wrong: 190)
        let cells = cells(tiny.model)
        let result = try AttributionSweep(direction: direction).run(tiny.model, pair: tiny.pair(metric), cells: cells)
        let (base, source) =
            direction == .denoising ? (tiny.corrupted, tiny.clean) : (tiny.clean, tiny.corrupted)
        let from = tiny.model.run(base, recording: Self.everything).cache
        let to = tiny.model.run(source, recording: Self.everything).cache
        var largest = 0.0
        for (index, cell) in cells.enumerated() {
            let moved = move(cell, by: try from.change(to: to, at: cell.point))
            let slope = try tiny.slope(metric, base: base, source: source, moved: moved)
            #expect(agree(result.effects[index], slope, scale: 0.3), "\(cell): \(result.effects[index]) \(slope)")
            largest = max(largest, abs(slope))
        }
        #expect(largest > 0.1)
    }

    @Test(arguments: TinyPair.models) func everyMetricHasItsOwnSlope(name: String) throws {
        let tiny = try TinyPair(name)
        let metrics: [PatchMetric] = [
            .probability(of: 11), .logProbability(of: 12), .klDivergence, .loss(tokens: tiny.corrupted),
            PatchMetric(
                "sum of squares", unit: "", positions: .all, evaluate: { $0.dot($0) },
                differentiable: { ($0 * $0).summed() }),
        ]
        let cells = [PatchCell(.block(0, .z), head: 1), PatchCell(.block(1, .mlpOut), position: 7)]
        let from = tiny.model.run(tiny.corrupted, recording: Self.everything).cache
        let to = tiny.model.run(tiny.clean, recording: Self.everything).cache
        for metric in metrics {
            let exact = try PatchSweep().run(tiny.model, pairs: [tiny.pair(metric)], cells: cells)[0]
            let result = try AttributionSweep().run(tiny.model, pair: tiny.pair(metric), cells: cells)
            #expect(agree(result.corrupted, exact.corrupted, tolerance: 1e-5), "\(metric.name)")
            #expect(agree(result.clean, exact.clean, tolerance: 1e-5), "\(metric.name)")
            for (index, cell) in cells.enumerated() {
                let moved = move(cell, by: try from.change(to: to, at: cell.point))
                let slope = try tiny.slope(metric, base: tiny.corrupted, source: tiny.clean, moved: moved)
                #expect(
                    agree(result.effects[index], slope, scale: 0.05 * abs(exact.corrupted)), "\(metric.name) \(cell)")
                #expect(result.values[index] == result.corrupted + result.effects[index])
            }
        }
    }

    @Test(arguments: TinyPair.models) func whatFollowsLinearlyIsExact(name: String) throws {
        let tiny = try TinyPair(name)
        let cells = (0..<8).map { PatchCell(.finalNormalized, position: $0) }
        let exact = try PatchSweep().run(tiny.model, pairs: [tiny.pair()], cells: cells)[0]
        let result = try AttributionSweep().run(tiny.model, pair: tiny.pair(), cells: cells)
        for index in cells.indices {
            #expect(agree(result.values[index], exact.values[index], tolerance: 1e-5))
            #expect(result.differs[index] == (index >= 2))
        }
        #expect(abs(result.effects[7]) > 0.01)
    }

    @Test(arguments: TinyPair.models) func queriesAndKeysCanGoThroughTheSoftmaxExactly(name: String) throws {
        let tiny = try TinyPair(name)
        let model = tiny.model
        let isRotary = model.hookPoints.contains(.block(0, .rotQ))
        let sites: [Site] = [.q, .k] + (isRotary ? [.rotQ, .rotK] : [])
        let to = model.run(tiny.clean, recording: Self.everything).cache
        let metric = try #require(tiny.pair().metric.differentiable(source: model.run(tiny.clean).output))
        let run = try model.gradients(tiny.corrupted, recording: .sites(.pattern), of: metric)
        let cells = (0..<tiny.layers).flatMap { block in
            sites.flatMap { site in
                [
                    PatchCell(.block(block, site)), PatchCell(.block(block, site), head: 1),
                    PatchCell(.block(block, site), position: 5, head: 0), PatchCell(.block(block, site), position: 2),
                ]
            }
        }
        let result = try AttributionSweep(recomputesAttention: true).run(model, pair: tiny.pair(), cells: cells)
        let plain = try AttributionSweep().run(model, pair: tiny.pair(), cells: cells)
        for (index, cell) in cells.enumerated() {
            let point = HookPoint.block(try #require(cell.point.block), .pattern)
            let patch = Intervention.patch(cell.point, from: to, position: cell.position, head: cell.head)
            let patched = model.run(tiny.corrupted, with: [patch], recording: .only(point)).cache
            let expected = try run.cache.change(to: patched, at: point).dot(try #require(run.gradients[point]))
            #expect(agree(result.effects[index], expected, scale: 0.1, tolerance: 1e-4), "\(cell)")
        }
        #expect(zip(result.effects, plain.effects).contains { !agree($0, $1, tolerance: 0.01) })
    }

    @Test(arguments: TinyPair.models) func droppingEarlierLayersLeavesTheLastLayersHeadsAlone(name: String) throws {
        let tiny = try TinyPair(name)
        let last = tiny.layers - 1
        let heads = (0..<tiny.model.configuration.heads).map { PatchCell(.block(last, .z), head: $0) }
        let cells = heads + [PatchCell(.block(last, .residPost), position: 7), PatchCell(.block(0, .z), head: 0)]
        let plain = try AttributionSweep().run(tiny.model, pair: tiny.pair(), cells: cells)
        let magnitudes = try AttributionSweep().magnitudesDroppingGradients(
            tiny.model, pair: tiny.pair(), cells: cells)
        // No dropped layer but their own lies between the last block's heads and the logits.
        for index in 0...heads.count { #expect(agree(magnitudes[index], abs(plain.effects[index]), tolerance: 1e-5)) }
        #expect(!agree(magnitudes[heads.count + 1], abs(plain.effects[heads.count + 1]), scale: 0, tolerance: 1e-3))
    }

    @Test func shufflingDealsOutTheSameGradientsByItsKey() throws {
        let tiny = try TinyPair("llama-tiny")
        let cells = PatchSweep.cells(.z, layers: tiny.layers, positions: 8, heads: tiny.model.configuration.heads)
            .flatMap { $0 }
        func effects(_ key: RandomKey?) throws -> [Double] {
            try AttributionSweep(shuffle: key).run(tiny.model, pair: tiny.pair(), cells: cells).effects
        }
        let plain = try effects(nil)
        #expect(try effects(RandomKey(1)) == effects(RandomKey(1)))
        #expect(try effects(RandomKey(1)) != effects(RandomKey(2)))
        #expect(try effects(RandomKey(1)) != plain)
    }

    @Test func requestsThatCannotBeAttributedAreRefused() throws {
        let tiny = try TinyPair("gpt2-tiny")
        let cells = [PatchCell(.block(0, .z))]
        let own = PatchMetric("mine", unit: "") { Double($0.elements[3]) }
        #expect(throws: ModelError.self) {
            try AttributionSweep().run(tiny.model, pair: tiny.pair(own), cells: cells)
        }
        let uneven = PatchPair(
            clean: tiny.clean, corrupted: Array(tiny.corrupted.dropLast()), metric: tiny.pair().metric)
        #expect(throws: ModelError.self) { try AttributionSweep().run(tiny.model, pair: uneven, cells: cells) }
        #expect(throws: ModelError.self) {
            try AttributionSweep().run(tiny.model, pair: tiny.pair(), cells: [PatchCell(.block(9, .z))])
        }
        #expect(throws: ModelError.self) { try EdgeAttribution().run(tiny.model, pair: uneven) }
    }
}
