import Testing

@testable import PlumbInterpretability
@testable import PlumbModels

/// A conclusion names what the table shows, and no more.
@Suite struct PatchingConclusionTests {
    private let tokens = ["a", "b", "c"]

    /// The conclusion about recoveries `[layer][position]`.
    private func conclusion(_ cells: [[Double]]) -> String {
        let pair = TokenizedPair(clean: [0, 1, 2], corrupted: [9, 1, 2], answer: 0, wrong: 1)
        let result = PatchSweepResult(
            clean: 1, corrupted: 0, values: cells.flatMap { $0 }, computedCells: 0, rowBlocks: 0)
        return RecoveryProfile(pair: pair, result: result, layers: cells.count).conclusion(tokens: tokens)
    }

    @Test(arguments: [
        // The difference moves from the first token to the last.
        ([[1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]], "“a” in layers 0 to 1, and “c” in layers 2 to 3"),
        // Both hold it in one layer.
        ([[1, 0, 0], [0.6, 0, 0.6], [0, 0, 1]], "“a” in layers 0 to 1, and “c” in layers 1 to 2"),
        // A token between carries it for a layer.
        ([[1, 0, 0], [0, 0.9, 0], [0, 0, 1]], "“a” in layer 0, “b” in layer 1, and “c” in layer 2"),
        // It comes back.
        ([[1, 0, 0], [0.2, 0, 0], [0.8, 0, 0]], "“a” in layer 0 and layer 2"),
        // It never leaves the first token, or is at the last from the start.
        ([[1, 0, 0], [1, 0, 0]], "“a” in layers 0 to 1"), ([[0, 0, 1], [0, 0, 0.7]], "“c” in layers 0 to 1"),
        // Exactly half is not more than half.
        ([[1, 0, 0], [0.5, 0, 0.5]], "“a” in layer 0"),
        // Values beyond the clean answer count; negative ones do not.
        ([[1.4, 0, -2], [-1, 0, 1.2]], "“a” in layer 0, and “c” in layer 1"),
    ])
    func placesAreThoseOfTheTable(_ cells: [[Double]], _ places: String) {
        let text = conclusion(cells)
        #expect(text.contains("more than half of the clean answer at \(places); at no other token does it."), "\(text)")
    }

    @Test(arguments: [[[0.1, 0, 0], [0, 0, 0.2]], [[-1, -1, -1], [.nan, .nan, .nan]]])
    func nothingIsSaidOfWhatRestoresNothing(_ cells: [[Double]]) {
        #expect(conclusion(cells).hasPrefix("No patch of the residual stream at a single token"))
    }
}
