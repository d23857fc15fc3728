import PlumbInterpretability
import PlumbModels
import PlumbTensor
import Testing

/// What must hold of patching whatever a model has learned.
@Suite struct PatchingIdentityTests {
    @Test(arguments: TinyPair.models) func aPatchOfTheDifferingTokensAtLayerZeroIsTheCleanRun(name: String) throws {
        let pair = try TinyPair(name)
        let (clean, cache) = pair.model.run(pair.clean, recording: .only(.block(0, .residPre)))
        let differing = pair.clean.indices.filter { pair.clean[$0] != pair.corrupted[$0] }
        let changes = differing.map { Intervention.patch(.block(0, .residPre), from: cache, position: $0) }
        #expect(differing.count == 2)
        #expect(pair.model.run(pair.corrupted, with: changes).output == clean)
        #expect(pair.model.run(pair.corrupted, with: [changes[0]]).output != clean)
        // With one differing token the sweep's cell is the clean run.
        var corrupted = pair.clean
        corrupted[5] = pair.corrupted[5]
        let found = try PatchSweep().run(
            pair.model, clean: pair.clean, corrupted: corrupted, metric: .logitDifference(answer: 7, wrong: 190),
            cells: [PatchCell(.block(0, .residPre), position: 5), PatchCell(.block(0, .residPre))])
        #expect(found.values == [found.clean, found.clean])
        #expect(found.clean != found.corrupted)
    }

    @Test(arguments: TinyPair.models, PatchDirection.allCases) func patchingARunWithItselfIsTheRun(
        name: String, direction: PatchDirection
    ) throws {
        let pair = try TinyPair(name)
        let cells = [Site.residPre, .attnOut, .mlpOut, .z].flatMap { site in
            PatchSweep.cells(site, layers: pair.layers, positions: pair.clean.count).flatMap { $0 }
        }
        let found = try PatchSweep(direction: direction).run(
            pair.model, clean: pair.clean, corrupted: pair.clean, metric: .logitDifference(answer: 7, wrong: 190),
            cells: cells)
        #expect(found.values.allSatisfy { $0 == found.clean })
    }
}
