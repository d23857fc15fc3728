import PlumbTensor
import Synchronization
import Testing

@testable import PlumbModels

/// Reading and changing activations, at every hook point of both architectures.
@Suite struct HookTests {
    private static let everything = Recording { _ in true }
    private let tokens = TinyModel.tokens(9, seed: 21)
    private let other = TinyModel.tokens(9, seed: 22)

    @Test(arguments: TinyModel.all) func recordingChangesNoBit(name: String) throws {
        let model = try TinyModel.load(name)
        let plain = model.run(tokens).output
        #expect(model.run(tokens, recording: Self.everything).output == plain)
        for point in model.hookPoints {
            let (logits, cache) = model.run(tokens, recording: .only(point))
            #expect(logits == plain, "\(point)")
            #expect(cache.points == [point])
        }
    }

    @Test(arguments: TinyModel.all) func writingAtAnyPointChangesTheLogits(name: String) throws {
        let model = try TinyModel.load(name)
        let plain = model.run(tokens).output
        for point in model.hookPoints {
            let written = model.run(tokens, with: [Intervention("disturb", at: point) { $0.disturbed() }]).output
            #expect(largestDifference(written, plain) > 1e-3, "\(point)")
        }
    }

    @Test(arguments: TinyModel.all) func patchingAnActivationWithItselfChangesNoBit(name: String) throws {
        let model = try TinyModel.load(name)
        let (plain, cache) = model.run(tokens, recording: Self.everything)
        for point in model.hookPoints {
            #expect(model.run(tokens, with: [.patch(point, from: cache)]).output == plain, "\(point)")
            let (again, seen) = model.run(
                tokens, with: [.patch(point, from: cache, position: 4)], recording: Self.everything)
            #expect(again == plain, "\(point)")
            for recorded in model.hookPoints { #expect(seen[recorded] == cache[recorded], "\(point) at \(recorded)") }
        }
    }

    @Test(arguments: TinyModel.hooked) func anInterventionLastsOneRun(name: String) throws {
        let model = try TinyModel.load(name)
        let plain = model.run(tokens).output
        let ablated = model.run(tokens, with: [.ablate(.block(1, .attnOut))]).output
        #expect(ablated != plain)
        #expect(model.run(tokens).output == plain)
        #expect(model.run(tokens, with: [.ablate(.block(1, .attnOut))]).output == ablated)
    }

    @Test(arguments: TinyModel.hooked) func theCacheHoldsWhatInterventionsMade(name: String) throws {
        let model = try TinyModel.load(name)
        let plain = model.run(tokens, recording: Self.everything).cache
        for point in model.hookPoints {
            let twice = [
                Intervention("disturb", at: point) { $0.disturbed() }, Intervention("halve", at: point) { $0 * 0.5 },
            ]
            let cache = model.run(tokens, with: twice, recording: .only(point)).cache
            let expected = try #require(plain[point]).disturbed() * 0.5
            #expect(cache[point] == expected, "\(point)")
        }
    }

    @Test(arguments: TinyModel.hooked) func patchingTheWholeResidualStreamGivesTheCleanRun(name: String) throws {
        let model = try TinyModel.load(name)
        let (clean, cache) = model.run(other, recording: Self.everything)
        for layer in 0..<model.configuration.layers {
            for site in [Site.residPre, .residMid, .residPost]
            where model.hookPoints.contains(.block(layer, site)) {
                let patched = model.run(tokens, with: [.patch(.block(layer, site), from: cache)]).output
                #expect(patched == clean, "\(site.shortName) of block \(layer)")
            }
        }
        for point in [HookPoint.finalNormalized, .logits] {
            #expect(model.run(tokens, with: [.patch(point, from: cache)]).output == clean)
        }
    }

    @Test(arguments: TinyModel.hooked) func ablatingAHeadTakesAwayItsResult(name: String) throws {
        let model = try TinyModel.load(name)
        let cache = model.run(tokens, recording: Self.everything).cache
        for layer in 0..<model.configuration.layers {
            let results = try #require(cache[.block(layer, .result)])
            for head in 0..<model.configuration.heads {
                let own = results.swappingLeadingAxes()[head]
                let ablated = model.run(tokens, with: [.ablate(.block(layer, .z), head: head)]).output
                let subtracted = model.run(
                    tokens, with: [Intervention("subtract", at: .block(layer, .attnOut)) { $0 - own }]
                ).output
                let silenced = model.run(tokens, with: [.ablate(.block(layer, .result), head: head)]).output
                #expect(largestDifference(ablated, subtracted) <= 1e-5)
                #expect(largestDifference(ablated, silenced) <= 1e-5)
            }
        }
    }

    @Test(arguments: TinyModel.hooked) func regionsArePositionsAndHeadsAsShown(name: String) throws {
        let model = try TinyModel.load(name)
        let source = model.run(other, recording: Self.everything).cache
        let plain = model.run(tokens, recording: Self.everything).cache
        for site in Site.insideBlock where model.hookPoints.contains(.block(1, site)) {
            let point = HookPoint.block(1, site)
            let (before, from) = (try #require(plain[point]), try #require(source[point]))
            let heads: [Int?] = site.hasHeads ? [nil, 1] : [nil]
            for (head, position) in heads.flatMap({ head in [nil, 6].map { (head, $0) } }) {
                let made = try #require(
                    model.run(
                        tokens, with: [.patch(point, from: source, position: position, head: head)],
                        recording: .only(point)
                    ).cache[point])
                for index in 0..<before.count {
                    let axes = indices(index, before.shape)
                    let (row, column) = site.isAttentionMap ? (axes[1], axes[0]) : (axes[0], axes[1])
                    let isInside = (position ?? row) == row && (head ?? column) == column
                    let expected = isInside ? from.elements[index] : before.elements[index]
                    if made.elements[index] != expected { Issue.record("\(point) at \(axes)") }
                }
            }
        }
    }

    private func indices(_ index: Int, _ shape: [Int]) -> [Int] {
        var rest = index
        return shape.reversed().map { extent in
            defer { rest /= extent }
            return rest % extent
        }.reversed()
    }

    @Test func contextsNameThePointAndItsPositions() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        let seen = Mutex<[Range<Int>]>([])
        let watcher = Intervention("watch", at: .block(0, .z)) { value, context in
            seen.withLock { $0.append(context.positions) }
            #expect(context.point == .block(0, .z) && value.shape[0] == context.positions.count)
            return value
        }
        _ = try model.generate(Array(tokens.prefix(4)), maxTokens: 3, with: [watcher])
        #expect(seen.withLock { $0 } == [0..<4, 4..<5, 5..<6])
    }

    @Test func unwatchedPointsReadAsNil() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        let cache = model.run(tokens, recording: .sites(.z)).cache
        #expect(cache["blocks.0.attn.hook_z"] != nil && cache["blocks.2.z"] != nil)
        #expect(cache["blocks.3.z"] == nil && cache["blocks.0.q"] == nil && cache["nonsense"] == nil)
        #expect(cache.bytes == 3 * 9 * 48 * 4)
        #expect(model.run(tokens, recording: .all).cache[.block(0, .result)] == nil)
    }

    @Test func modelsServeSeveralTasksAtOnce() async throws {
        let model = try TinyModel.load(TinyModel.llama)
        let prompts = (0..<8).map { TinyModel.tokens(5 + $0, seed: UInt64(30 + $0)) }
        let alone = prompts.map { model.run($0).output }
        await withTaskGroup(of: (Int, Tensor).self) { group in
            for (index, prompt) in prompts.enumerated() { group.addTask { (index, model.run(prompt).output) } }
            for await (index, logits) in group { #expect(logits == alone[index]) }
        }
    }
}

/// What a programmer gets wrong stops the program rather than doing nothing.
@Suite struct HookMistakeTests {
    @Test func unknownHookPointsStopTheRun() async {
        await #expect(processExitsWith: .failure) {
            let model = try TinyModel.load(TinyModel.gpt2)
            _ = model.run([1, 2, 3], with: [.ablate(.block(0, .rotQ))])
        }
        await #expect(processExitsWith: .failure) {
            let model = try TinyModel.load(TinyModel.llama)
            _ = try model.generate([1, 2, 3], maxTokens: 1, with: [.ablate(.block(3, .z))])
        }
    }

    @Test func interventionsMustKeepTheShape() async {
        await #expect(processExitsWith: .failure) {
            let model = try TinyModel.load(TinyModel.gpt2)
            _ = model.run([1, 2, 3], with: [Intervention("cut", at: .block(0, .residPre)) { $0[0..<1] }])
        }
    }

    @Test func sitesWithoutHeadsHaveNoHeadToPatch() async {
        await #expect(processExitsWith: .failure) { _ = PatchCell(.block(0, .residPre), head: 1) }
        await #expect(processExitsWith: .failure) {
            let model = try TinyModel.load(TinyModel.gpt2)
            _ = model.run([1, 2, 3], with: [.ablate(.block(0, .mlpPost), head: 0)])
        }
    }

    @Test func regionsMustExist() async {
        await #expect(processExitsWith: .failure) {
            let model = try TinyModel.load(TinyModel.gpt2)
            _ = model.run([1, 2, 3], with: [.ablate(.block(0, .z), position: 3)])
        }
        await #expect(processExitsWith: .failure) {
            let model = try TinyModel.load(TinyModel.llama)
            _ = model.run([1, 2, 3], with: [.ablate(.block(0, .k), head: 2)])
        }
    }

    @Test func patchesNeedARecordedSource() async {
        await #expect(processExitsWith: .failure) {
            _ = Intervention.patch(.block(0, .z), from: ActivationCache())
        }
    }

    @Test func tokensMustBeReadable() async {
        await #expect(processExitsWith: .failure) { _ = try TinyModel.load(TinyModel.gpt2).run([211]) }
        await #expect(processExitsWith: .failure) { _ = try TinyModel.load(TinyModel.gpt2).run(batch: [[1], [1, 2]]) }
    }
}
