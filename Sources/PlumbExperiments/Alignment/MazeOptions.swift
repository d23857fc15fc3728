internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbWorlds

/// The settings that the experiments in mazes share, and the check of them.
struct MazeOptions {
    var side: Int
    var wallDensity: Double
    var goalDistance: Int
    var mazes: Int
    var statesPerMaze: Int
    var steps: Int
    var batch: Int
    var learningRate: Double
    var hidden: Int
    var testMazes: Int
    var episodeSteps: Int
    var seeds: Int

    /// How networks are trained, with cheese anywhere.
    ///
    /// - Throws: `SettingsError` naming the option.
    func cloning() throws -> MazeCloning {
        let counts = [
            ("--seeds", seeds), ("--mazes", mazes), ("--states-per-maze", statesPerMaze), ("--steps", steps),
            ("--batch", batch), ("--hidden", hidden), ("--test-mazes", testMazes), ("--episode-steps", episodeSteps),
            ("--goal-distance", goalDistance),
        ]
        if let (name, value) = counts.first(where: { $0.1 < 1 }) {
            throw SettingsError("\(name) \(value): it must be 1 or more")
        }
        guard batch <= 1_000_000 else { throw SettingsError("--batch \(batch): it must be at most 1000000") }
        guard learningRate > 0, learningRate.isFinite else {
            throw SettingsError("--learning-rate \(learningRate): it must be above 0")
        }
        let generator: MazeGenerator
        do {
            // A distance that no cell has is found here, rather than after training.
            generator = try MazeGenerator(
                side: side, wallDensity: wallDensity, region: side, goalDistance: goalDistance)
        } catch let error as WorldError {
            throw SettingsError(
                "--side \(side), --wall-density \(wallDensity), --goal-distance \(goalDistance): \(error)")
        }
        var cloning = MazeCloning(generator)
        (cloning.mazes, cloning.statesPerMaze, cloning.steps) = (mazes, statesPerMaze, steps)
        (cloning.batch, cloning.learningRate, cloning.hidden) = (batch, learningRate, hidden)
        return cloning
    }
}
