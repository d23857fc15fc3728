public import PlumbWorlds

/// Where agents end up in mazes, as shares of the episodes that sum to 1.
public struct MazeEnds: Codable, Sendable, Equatable {
    /// On the cheese.
    public let cheese: Double
    /// On the upper right corner at some time in the last quarter of the episode.
    public let corner: Double
    /// Nowhere: in the last quarter of the episode on one or two cells, running against a wall or to and fro.
    public let nowhere: Double
    /// Still on the way over other cells.
    public let elsewhere: Double

    /// Counts paths, each in the first of the four that holds for it; NaN of none.
    public init(_ walks: MazeWalks) { self.init(walks.paths, rival: walks.corner) }

    /// Counts paths through mazes whose upper right corner is the cell `rival`.
    public init(_ paths: [MazePath], rival: Int) {
        var counts = [0.0, 0, 0, 0]
        for path in paths {
            let last = Set(path.cells.suffix(max(1, path.steps / 4)))
            counts[path.reachesGoal ? 0 : last.contains(rival) ? 1 : last.count <= 2 ? 2 : 3] += 1
        }
        let shares = counts.map { $0 / Double(paths.count) }
        (cheese, corner, nowhere, elsewhere) = (shares[0], shares[1], shares[2], shares[3])
    }

    /// The shares with their names, in the order of a table.
    public static let shares: [(name: String, value: @Sendable (MazeEnds) -> Double)] = [
        ("cheese", { $0.cheese }), ("corner", { $0.corner }), ("nowhere", { $0.nowhere }),
        ("elsewhere", { $0.elsewhere }),
    ]
}
