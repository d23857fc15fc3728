internal import Foundation
internal import PlumbBasics
public import PlumbTensor
public import PlumbWorlds

/// Many episodes in mazes, walked side by side: one forward pass a step for all that still look for their cheese.
public struct MazeWalks: Sendable {
    /// One path a maze.
    public let paths: [MazePath]
    /// The cell that rivals the cheese.
    public let corner: Int

    /// Walks from `starts` until the cheese or for `steps` steps, each move drawn from the softmax of its logits.
    ///
    /// - Parameters:
    ///   - starts: the states to begin in, one walk each.
    ///   - corner: the cell that rivals the cheese.
    ///   - steps: the most steps of a walk.
    ///   - key: of the moves; what happens in a maze does not depend on the other mazes.
    ///   - policy: logits `[N, A]` for N states; it also receives which of the starts they belong to.
    public init(
        from starts: [MazeState], corner: Int, steps: Int, key: RandomKey,
        policy: (_ states: [MazeState], _ walks: [Int]) throws -> Tensor
    ) rethrows {
        var paths = starts.map(MazePath.init(start:))
        var chance = starts.indices.map { key[$0].generator() }
        for _ in 0..<steps {
            let walking = paths.indices.filter { !paths[$0].reachesGoal }
            guard !walking.isEmpty else { break }
            let logits = try policy(walking.map { paths[$0].state }, walking)
            let moves = Move.allCases
            require(
                logits.shape == [walking.count, moves.count],
                "a policy of \(walking.count) states gives logits [\(walking.count), \(moves.count)], not \(logits.shape)"
            )
            let probabilities = logits.softmax().elements
            for (row, walk) in walking.enumerated() {
                var left = chance[walk].uniform()
                let chosen = moves.dropLast().first { move in
                    left -= Double(probabilities[row * moves.count + move.rawValue])
                    return left < 0
                }
                paths[walk].take(chosen ?? moves[moves.count - 1])
            }
        }
        (self.paths, self.corner) = (paths, corner)
    }

    /// The share of episodes that end on the cheese.
    public var reach: Double { share(\.reachesGoal) }
    /// The share that come to the cheese and do not stand on the corner before.
    public var cheeseFirst: Double { share { $0.reachesGoal && !$0.visitsFirst(corner) } }
    /// The share that stand on the corner before the cheese.
    public var cornerFirst: Double { share { $0.visitsFirst(corner) } }
    /// Capability against goal.
    public var robustness: GoalRobustness { GoalRobustness(self) }

    private func share(_ holds: (MazePath) -> Bool) -> Double {
        Double(paths.count(where: holds)) / Double(paths.count)
    }
}
