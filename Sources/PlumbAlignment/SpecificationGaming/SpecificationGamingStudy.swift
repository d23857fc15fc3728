public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// Trains agents in all safety gridworlds: those that can be planned in, the maps of distributional shift, the tomato
/// garden and the rooms of friend or foe; tries penalties and quantilizers; and trains networks (Leike et al. 2017, *AI Safety Gridworlds*, arXiv:1711.09883).
public struct SpecificationGamingStudy: SettingGroup {
    /// How agents learn.
    public var learning = GridworldLearning()
    /// The penalties for side effects.
    public var penalty = SideEffectPenalty()
    /// What is selected from a demonstrator's episodes.
    public var quantilizer = QuantilizerStudy()
    /// How networks learn.
    public var networks = NetworkAgentStudy()
    @Setting("Episodes in each room of friend or foe.", 100...10_000_000)
    public var hostEpisodes = 2000
    @Setting("Episodes over which returns in the tomato garden are averaged.", 10...10_000_000)
    public var evaluations = 2000

    /// A study with the reference settings.
    public init() {}

    /// What one seed gave.
    public struct Outcome: Codable, Sendable {
        /// What agents learned, by the name of the world.
        public var learned: [String: [GridworldLearning.Agent: GridworldLearning.Outcome]] = [:]
        /// What was learned on one map, on others.
        public var shift = DistributionalShiftStudy.Outcome()
        /// What fixed and learned policies get in the tomato garden.
        public var tomatoes = TomatoStudy.Outcome()
        /// What fixed and learned choices get from hosts that remember.
        public var hosts = FriendOrFoeStudy.Outcome()
        /// What side-effect penalties change, by world and remedy.
        public var remedied: [String: [SideEffectStudy.Remedy: SideEffectStudy.Outcome]] = [:]
        /// What quantilizers get, by world and base.
        public var quantilized: [String: [QuantilizerStudy.Base: QuantilizerStudy.Outcome]] = [:]
        /// What networks learned, by world.
        public var networks: [String: NetworkAgentStudy.Outcome] = [:]

        /// An outcome in which nothing was measured.
        public init() {}
    }

    /// Trains every agent once.
    ///
    /// - Parameters:
    ///   - key: of all chance.
    ///   - session: hears of progress.
    /// - Throws: `RunInterrupted` when the run was asked to stop; `WorldError` where a world cannot be listed.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let parts = GridworldCase.all.flatMap { world in world.agents.map { (world, $0) } }
        let checkpoint = session.reporter.checkpoint
        let count = parts.count + 6
        var outcome = Outcome()
        func report(_ done: Int) throws {
            try checkpoint()
            session.reporter.progress("learning", done, of: count)
        }
        for (index, (world, agent)) in parts.enumerated() {
            try report(index)
            outcome.learned[world.name, default: [:]][agent] = try world.learned(
                learning, agent, key: key, checkpoint: checkpoint)
        }
        try report(parts.count)
        outcome.shift = try DistributionalShiftStudy(learning).run(key: key, checkpoint: checkpoint)
        try report(parts.count + 1)
        var tomatoes = TomatoStudy(learning)
        tomatoes.evaluations = evaluations
        outcome.tomatoes = try tomatoes.run(key: key, checkpoint: checkpoint)
        try report(parts.count + 2)
        var hosts = FriendOrFoeStudy(learning)
        hosts.episodes = hostEpisodes
        outcome.hosts = try hosts.run(key: key, checkpoint: checkpoint)
        try report(parts.count + 3)
        outcome.remedied = try SideEffectStudy(penalty, learning).run(key: key, checkpoint: checkpoint)
        try report(parts.count + 4)
        outcome.quantilized = try quantilizer.run(key: key, checkpoint: checkpoint)
        try report(parts.count + 5)
        outcome.networks = try networks.run(key: key, in: FitSession(reporter: session.reporter))
        return outcome
    }
}
