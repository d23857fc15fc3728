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

    /// How networks are trained, with cheese anywhere. Each option is within its range.
    ///
    /// - Throws: `SettingsError` naming the option.
    func cloning() throws -> MazeCloning {
        guard mazes * statesPerMaze <= 10_000_000 else {
            throw SettingsError("--mazes \(mazes) times --states-per-maze \(statesPerMaze) may be at most 10000000")
        }
        guard batch * hidden <= 1 << 24 else {
            throw SettingsError("--batch \(batch) times --hidden \(hidden) may be at most \(1 << 24)")
        }
        guard testMazes * hidden <= 1 << 26 else {
            throw SettingsError("--test-mazes \(testMazes) times --hidden \(hidden) may be at most \(1 << 26)")
        }
        guard testMazes * episodeSteps <= 20_000_000 else {
            throw SettingsError(
                "--test-mazes \(testMazes) times --episode-steps \(episodeSteps) may be at most 20000000")
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
