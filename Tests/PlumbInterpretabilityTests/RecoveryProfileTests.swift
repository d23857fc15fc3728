import Testing

@testable import PlumbInterpretability
@testable import PlumbModels

/// Recovery on cases worked by hand.
@Suite struct RecoveryProfileTests {
    private func evidence(clean: [Int], corrupted: [Int], values: [Double], layers: Int) -> RecoveryProfile {
        let pair = TokenizedPair(clean: clean, corrupted: corrupted, answer: 0, wrong: 1)
        let result = PatchSweepResult(clean: 3, corrupted: -1, values: values, computedCells: 0, rowBlocks: 0)
        return RecoveryProfile(pair: pair, result: result, layers: layers)
    }

    @Test func recoveryIsThePartOfTheDifferenceRestored() {
        // Two layers of five positions; the prompts differ at position 1. Clean 3, corrupted -1: recovery (v + 1) / 4.
        let found = evidence(
            clean: [0, 1, 2, 3, 4], corrupted: [0, 9, 2, 3, 4],
            values: [-1, 3, -1, 1, -1, -1, -1, 0, 0, 5], layers: 2)
        #expect(found.differing == [1, 0])
        #expect(found.between == [0.5, 0.25])
        #expect(found.last == [0, 1.5])
    }

    @Test func theStrongestOfSeveralDifferingTokensCounts() {
        let found = evidence(clean: [1, 2, 3], corrupted: [7, 8, 3], values: [0, 2, -1], layers: 1)
        #expect(found.differing == [0.75])
        #expect(found.between.isEmpty)
    }

    @Test func layersAreEarlyAndLateByTheirPlaceInTheModel() {
        #expect(RecoveryProfile.early(of: 30) == 1..<10)
        #expect(RecoveryProfile.early(of: 2) == 1..<2 && RecoveryProfile.early(of: 3) == 1..<2)
        #expect(RecoveryProfile.late(of: 30) == 26..<30)
        #expect(RecoveryProfile.early(of: 1) == 0..<1)
        #expect(RecoveryProfile.late(of: 3) == 2..<3)
    }
}
