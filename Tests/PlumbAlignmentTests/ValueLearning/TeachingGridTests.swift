import Foundation
import PlumbTensor
import Testing

@testable import PlumbAlignment

/// Teaching by one walk, where the answer can be worked out.
@Suite struct TeachingGridTests {
    private func grid(side: Int = 3, steps: Int = 3) -> FeatureGrid {
        var random = RandomKey(5).generator()
        return FeatureGrid(side: side, steps: steps, features: 2, width: 2, &random)
    }

    /// All walks of three steps on a grid of nine cells: their features.
    private func walks(_ grid: FeatureGrid, from start: Int) -> [[Double]] {
        var found: [(cell: Int, counts: [Double])] = [(start, [0, 0])]
        for _ in 0..<3 {
            found = found.flatMap { cell, counts in
                [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)].map { down, right in
                    let (row, column) = (cell / 3 + down, cell % 3 + right)
                    let inside = (0..<3).contains(row) && (0..<3).contains(column)
                    let next = inside ? row * 3 + column : cell
                    return (next, zip(counts, grid.features[next]).map(+))
                }
            }
        }
        return found.map(\.counts)
    }

    @Test func noisilyRationalWalksAndTheirMeanAreThoseOfAllWalksWeighed() {
        let (grid, theta) = (grid(), [0.7, -1.2])
        let all = walks(grid, from: 1)
        let weights = all.map { exp(TeachingGrid.dot(theta, $0)) }
        let total = weights.reduce(0, +)
        let expected = grid.expectedFeatures(theta, from: 1)
        for feature in 0..<2 {
            let mean = zip(all, weights).reduce(0) { $0 + $1.0[feature] * $1.1 } / total
            #expect(abs(expected[feature] - mean) < 1e-9)
        }
        let best = all.map { TeachingGrid.dot(theta, $0) }.max() ?? 0
        #expect(abs(TeachingGrid.dot(theta, grid.bestWalk(theta, from: 1)) - best) < 1e-12)
    }

    @Test func theInferredRewardIsWhereThePosteriorIsLevel() {
        let (grid, counts) = (grid(), walks(grid(), from: 4)[17])
        let theta = grid.inferred(from: counts, start: 4)
        let expected = grid.expectedFeatures(theta, from: 4)
        for feature in 0..<2 { #expect(abs(counts[feature] - expected[feature] - theta[feature]) < 1e-4) }
    }

    @Test func theTrueRewardLosesNothingAndItsOppositeMoreThanRandomActions() {
        let (grid, theta) = (grid(side: 6, steps: 5), [1.0, -0.5])
        #expect(grid.loss(actingOn: theta, in: theta) == 0)
        #expect(grid.loss(actingOn: theta.map { 2 * $0 }, in: theta) < 1e-12)
        #expect(grid.loss(actingOn: theta.map { -$0 }, in: theta) > 1)
    }

    @Test func theSameKeyGivesTheSameOutcomeAndATeacherIsUnderstoodBetter() throws {
        var study = TeachingGrid()
        (study.thetas, study.walks) = (4, 80)
        let outcome = try study.run(key: RandomKey(3))
        #expect(try study.run(key: RandomKey(3)) == outcome)
        #expect(try study.run(key: RandomKey(4)) != outcome)
        #expect(outcome.teacherDistance < outcome.expertDistance)
    }
}
