public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// New mazes in which agents are tested, and how long an episode lasts.
public struct MazeTest: SettingGroup {
    @Setting("New mazes of each test.", 2...100_000) public var testMazes = 200
    @Setting("Steps after which an episode ends without cheese.", 1...100_000) public var episodeSteps = 60
    @Setting(
        "The fewest steps between the cheese and the upper right corner in mazes that separate the two goals.", 1...20)
    public var goalDistance = 4

    /// Tests of the reference.
    public init() {}

    /// The agents' paths through mazes that begin in `states`.
    ///
    /// - Shapes: `policy` gives logits `[N, A]` for the states of the paths that still go on.
    public func walk(
        _ states: [MazeState], corner: Int, key: RandomKey, policy: ([MazeState], [Int]) -> Tensor
    ) -> MazeWalks {
        MazeWalks(from: states, corner: corner, steps: episodeSteps, key: key, policy: policy)
    }

    /// Refuses settings that do not fit together with those of the mazes, or need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check(with cloning: MazeCloning) throws {
        guard testMazes * cloning.hidden <= 1 << 26 else {
            throw SettingsError("--test-mazes \(testMazes) times --hidden \(cloning.hidden) may be at most \(1 << 26)")
        }
        guard testMazes * episodeSteps <= 20_000_000 else {
            throw SettingsError(
                "--test-mazes \(testMazes) times --episode-steps \(episodeSteps) may be at most 20000000")
        }
        do {
            // A distance that no cell has is found here, rather than after training.
            _ = try cloning.generator(goalDistance: goalDistance)
        } catch let error as WorldError {
            throw SettingsError(
                "--side \(cloning.side), --wall-density \(cloning.wallDensity), --goal-distance \(goalDistance): \(error)"
            )
        }
        try cloning.check()
    }
}
