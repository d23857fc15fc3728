import PlumbTensor
import PlumbWorlds
import Testing

/// The rules are the authors', and can be planned in.
@Suite struct SafetyGridworldTests {
    @Test(arguments: Demonstration.all) func demonstrationsGiveWhatTheAuthorsSay(_ demonstration: Demonstration) throws
    {
        let (reward, performance) = try demonstration.replayed()
        #expect(reward == demonstration.totalReward)
        #expect(performance == demonstration.totalPerformance)
    }

    @Test func oppositeMovesScoreOtherwise() throws {
        let alike = try Demonstration.all.filter { demonstration in
            let (reward, performance) = try demonstration.opposed()
            return reward == demonstration.totalReward && performance == demonstration.totalPerformance
        }
        #expect(alike.map(\.totalReward) == [-100], "only one who is to stand still scores the same")
    }

    @Test func movesThatDoNotFitAreAnError() {
        func sentence(_ moves: String) -> String {
            do { return "\(try IslandNavigation().replay(moves).totalReward)" } catch { return "\(error)" }
        }
        #expect(sentence("dddl") == "46.0")
        #expect(sentence("dxdl") == "move 2 is \"x\": moves are u, d, l and r")
        #expect(sentence("dddlu") == "the episode is over after 4 of 5 moves")
    }

    /// Worlds without chance by the recorder's names; the whisky is without effect there.
    private static let recorded: [String: any World<Move>] = [
        "boat-race": BoatRace(),
        "absent-supervisor-with": AbsentSupervisor(supervised: true),
        "absent-supervisor-without": AbsentSupervisor(supervised: false),
        "interruptible-never": SafeInterruptibility(probability: 0),
        "interruptible-always": SafeInterruptibility(probability: 1),
        "island": IslandNavigation(),
        "whisky": WhiskyAndGold(exploration: 0),
        "sokoban": SokobanSideEffects(),
        "rocks": RocksAndDiamonds(),
        "vase": ConveyorBelt(.vase), "sushi": ConveyorBelt(.sushi), "sushi-goal": ConveyorBelt(.sushiGoal),
        "shift-training": DistributionalShift(.training),
        "shift-first-test": DistributionalShift(.firstTest),
        "shift-second-test": DistributionalShift(.secondTest),
    ]

    @Test func episodesGoAsInTheOriginal() throws {
        var seen: Set<String> = []
        for line in OriginalEpisodes.text.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            let world = try #require(Self.recorded[fields[0]], "\(line)")
            try check(world, fields)
            seen.insert(fields[0])
        }
        #expect(seen == Set(Self.recorded.keys))
    }

    private func check(_ world: some World<Move>, _ fields: [String]) throws {
        let episode = try world.replay(fields[5])
        let found = [episode.totalReward, episode.totalPerformance, Double(episode.actions.count)]
        #expect(found == fields[1...3].compactMap { Double($0) }, "\(fields)")
        #expect(episode.isCut == (fields[4] == "cut"), "\(fields)")
    }

    @Test func statesCanBeCounted() throws {
        func count(_ world: some FiniteWorld) throws -> Int { try ExploredWorld(world).states.count }
        #expect(try count(BoatRace()) == 8)
        #expect(try count(AbsentSupervisor(supervised: true)) == 11)
        #expect(try count(AbsentSupervisor(supervised: false)) == 11)
        #expect(try count(AbsentSupervisor()) == 22)
        #expect(try count(SafeInterruptibility()) == 46)
        #expect(try count(IslandNavigation()) == 20)
        #expect(try count(WhiskyAndGold()) == 33)
        #expect(try count(SokobanSideEffects()) == 54)
        #expect(try count(RocksAndDiamonds()) == 80)
        #expect(try count(ConveyorBelt(.vase)) == 370)
        #expect(try count(ConveyorBelt(.sushiGoal)) == 351)
        #expect(try count(DistributionalShift()) == 28)
    }

    /// How often steps lead where, against the listed probabilities, in every state.
    private func agree(_ world: some FiniteWorld, draws: Int = 400) throws {
        var random = RandomKey(3).generator()
        let explored = try ExploredWorld(world)
        for state in explored.states {
            for action in world.actions {
                let outcomes = world.outcomes(of: action, in: state)
                #expect(abs(outcomes.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
                var counts = [Int](repeating: 0, count: outcomes.count)
                for _ in 0..<(outcomes.count == 1 ? 1 : draws) {
                    var next = state
                    let result = world.step(&next, action, using: &random)
                    let found = outcomes.firstIndex { $0.state == next && $0.result == result }
                    counts[try #require(found, "\(world): \(action) in \(state) led to \(next)")] += 1
                }
                // Two moves may lead to the same place; draws are counted with the first of them.
                var expected = [Double](repeating: 0, count: outcomes.count)
                for outcome in outcomes {
                    let first = outcomes.firstIndex { $0.state == outcome.state && $0.result == outcome.result }
                    expected[first ?? 0] += outcome.probability
                }
                if outcomes.count > 1 {
                    for (count, chance) in zip(counts, expected) {
                        let deviation = (chance * (1 - chance) / Double(draws)).squareRoot()
                        #expect(abs(Double(count) / Double(draws) - chance) <= 5 * deviation + 1e-12, "\(world)")
                    }
                }
            }
        }
    }

    @Test func stepsAreDrawnFromTheListedOutcomes() throws {
        try agree(BoatRace())
        try agree(AbsentSupervisor())
        try agree(SafeInterruptibility())
        try agree(SafeInterruptibility(probability: 0.2))
        try agree(IslandNavigation())
        try agree(WhiskyAndGold())
        try agree(SokobanSideEffects())
        try agree(RocksAndDiamonds())
        for variant in ConveyorBelt.Variant.allCases { try agree(ConveyorBelt(variant)) }
        for phase in DistributionalShift.Phase.allCases { try agree(DistributionalShift(phase)) }
        for host in FriendOrFoe.Host.allCases { try agree(FriendOrFoe(host)) }
    }

    @Test func startsAreDrawnFromTheListedOnes() {
        func share(_ world: some World, _ holds: (Int) -> Bool) -> Double {
            Double((0..<2000).count(where: holds)) / 2000
        }
        var random = RandomKey(5).generator()
        let supervised = share(AbsentSupervisor()) { _ in AbsentSupervisor().start(using: &random).isSupervised }
        #expect(abs(supervised - 0.5) < 0.05)
        let left = share(FriendOrFoe(.neutral)) { _ in FriendOrFoe(.neutral).start(using: &random).full == .left }
        #expect(abs(left - 0.6) < 0.05)
        #expect(FriendOrFoe(.neutral).starts().map(\.probability) == [0.6, 0.4])
    }
}
