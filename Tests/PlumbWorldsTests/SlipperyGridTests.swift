import Foundation
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct SlipperyGridTests {
    /// 0 1 2
    /// 3 4 5
    private func grid(slip: Double = 0, canStay: Bool = false) -> SlipperyGrid {
        SlipperyGrid(rows: 2, columns: 3, slip: slip, reward: [0, 1, 2, 3, 4, 5], canStay: canStay)
    }

    @Test func stepsLeadToTheNeighborAndEdgesHold() {
        let grid = grid()
        #expect(grid.actions.map { grid.target(of: $0, from: 1) } == [1, 4, 0, 2])
        #expect(grid.actions.map { grid.target(of: $0, from: 3) } == [0, 3, 3, 4])
        #expect(grid.target(of: .stay, from: 4) == 4)
        #expect(!grid.actions.contains(.stay) && self.grid(canStay: true).actions.last == .stay)
    }

    @Test func aStepPaysForTheCellItWasTakenIn() throws {
        let grid = SlipperyGrid(rows: 1, columns: 3, slip: 0, reward: [7, 8, 9], startCells: [0], stepLimit: 3)
        let episode = try grid.episode(key: RandomKey(1)) { _, _ in .right }
        #expect(episode.states == [0, 1, 2, 2] && episode.results.map(\.reward) == [7, 8, 9])
        #expect(episode.isCut)
    }

    @Test func slipsGoInAllFourDirectionsAlike() {
        // From 1 to the right: 2 by choice or by slip, 0 and 4 by slip, 1 where the edge holds.
        let found = grid(slip: 0.4).outcomes(of: .right, in: 1)
        let expected = [2: 0.7, 1: 0.1, 4: 0.1, 0: 0.1]
        #expect(found.count == 4)
        for outcome in found { #expect(abs(outcome.probability - (expected[outcome.state] ?? -1)) < 1e-12) }
        // In a corner two of them stay.
        let stays = grid(slip: 0.4, canStay: true).outcomes(of: .stay, in: 0).first { $0.state == 0 }
        #expect(abs((stays?.probability ?? 0) - 0.8) < 1e-12)
    }

    @Test func stepsFollowTheListedOutcomes() {
        let grid = grid(slip: 0.5)
        var random = RandomKey(3).generator()
        let count = 20_000
        for (cell, action) in [(1, SlipperyGrid.Action.right), (5, .up)] {
            var seen = [Int](repeating: 0, count: grid.cells)
            for _ in 0..<count {
                var state = cell
                _ = grid.step(&state, action, using: &random)
                seen[state] += 1
            }
            var listed = [Double](repeating: 0, count: grid.cells)
            for outcome in grid.outcomes(of: action, in: cell) { listed[outcome.state] += outcome.probability }
            for (cell, probability) in listed.enumerated() {
                #expect(abs(Double(seen[cell]) / Double(count) - probability) < 0.015)
            }
        }
    }

    @Test func theProcessIsThatOfTheExploredWorld() throws {
        let grid = grid(slip: 0.3, canStay: true)
        let explored = try ExploredWorld(grid)
        #expect(explored.states == Array(0..<6), "all cells are starts, in order")
        let (a, b) = (grid.process, explored.process)
        #expect(a.start == b.start && a.next == b.next && a.probability == b.probability && a.reward == b.reward)
        #expect(a.reward[a.range(4, 0).lowerBound] == 4)
    }

    @Test func hillsAddUp() {
        let hills = GaussianBumps([
            .init(row: 0, column: 0, height: 2, width: 1), .init(row: 1, column: 1, height: -1, width: 2),
        ])
        let values = hills.values(rows: 2, columns: 2)
        #expect(abs(values[0] - (2 - exp(-0.25))) < 1e-12)
        #expect(abs(values[3] - (2 * exp(-1) - 1)) < 1e-12)
        let drawn = GaussianBumps(heights: [1, 2], width: 1, rows: 4, columns: 9, key: RandomKey(2))
        #expect(drawn == GaussianBumps(heights: [1, 2], width: 1, rows: 4, columns: 9, key: RandomKey(2)))
        #expect(drawn.bumps.allSatisfy { (0...3).contains($0.row) && (0...8).contains($0.column) })
        let inner = GaussianBumps(
            heights: [1, 2, 3], width: 1, margin: 1.5, rows: 4, columns: 9, key: RandomKey(2))
        #expect(inner.bumps.allSatisfy { $0.row == 1.5 && (1.5...6.5).contains($0.column) })
    }
}
