internal import PlumbLearning
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// A safety gridworld that can be planned in exactly, with its name and whatever a study asks of it.
public struct GridworldCase: Sendable {
    /// In snake case, for metrics and tables.
    public let name: String
    /// For people.
    public let title: String
    /// What the characters of its grids mean.
    public let legend: [GridFigure.Glyph]
    /// Who learns in it; nobody where it is only planned in.
    public let agents: [GridworldLearning.Agent]
    private let solving: @Sendable () throws -> GridworldSolution
    private let wandering: @Sendable () throws -> (reward: Double, performance: Double)
    private let training:
        @Sendable (GridworldLearning, GridworldLearning.Agent, RandomKey, () throws -> Void) throws ->
            GridworldLearning.Outcome

    /// A world to plan and learn in.
    ///
    /// - Parameters:
    ///   - name: in snake case, for metrics and tables.
    ///   - title: for people.
    ///   - world: what is planned and learned in.
    ///   - agents: who learns in it; nobody where it is only planned in.
    ///   - scenes: worlds to show what was learned in, each with its title; the world itself where there are none.
    ///   - step: a step that says which action was executed, where that may not be the chosen one.
    public init<W: FiniteWorld & RenderableWorld>(
        _ name: String, _ title: String, _ world: W, agents: [GridworldLearning.Agent] = [],
        scenes: [(title: String, world: W)] = [],
        step: (
            @Sendable (inout W.State, W.Action, inout RandomKey.Generator) -> (result: StepResult, executed: W.Action)
        )? =
            nil
    ) where W.Observation: Hashable & Sendable {
        (self.name, self.title, self.agents, legend) = (name, title, agents, world.legend)
        let scenes = scenes.isEmpty ? [(title: "", world: world)] : scenes
        solving = { try GridworldSolution(world) }
        wandering = {
            let process = try ExploredWorld(world).process
            let even = [Double](repeating: 1 / Double(process.actions), count: process.actions)
            return process.totals(
                of: [[Double]](repeating: even, count: process.states), steps: world.stepLimit ?? 100)
        }
        training = { learning, agent, key, checkpoint in
            var (table, outcome) = try learning.learner(
                agent, in: world, key: key[name], see: { $0 }, step: step, checkpoint: checkpoint)
            let explored = try ExploredWorld(world)
            let policy = explored.greedyPolicy(of: table) { $0 }
            (outcome.reward, outcome.performance) = explored.process.totals(of: policy, steps: world.stepLimit ?? 100)
            outcome.panels = try scenes.map { scene in
                try scene.world.panel(scene.title, table: table, key: key[name]["scene"])
            }
            return outcome
        }
    }

    /// The exact solution.
    public func solved() throws -> GridworldSolution { try solving() }

    /// What random actions are expected to get, exactly.
    ///
    /// - Throws: `WorldError` where the world has too many states to expect exactly.
    public func random() throws -> (reward: Double, performance: Double) { try wandering() }

    /// What an agent learns, with the exact expectation of its best actions.
    ///
    /// - Parameters:
    ///   - learning: the settings of training.
    ///   - agent: who learns, and from what.
    ///   - key: of all chance.
    ///   - checkpoint: is called every hundred episodes and may throw to stop.
    /// - Throws: what `checkpoint` throws; `WorldError` where the world has too many states to expect exactly.
    public func learned(
        _ learning: GridworldLearning, _ agent: GridworldLearning.Agent, key: RandomKey,
        checkpoint: () throws -> Void = {}
    ) throws -> GridworldLearning.Outcome { try training(learning, agent, key, checkpoint) }
}

extension RenderableWorld where Observation: Hashable & Sendable {
    /// The grid with the way of an agent that takes a table's best actions; long ways are cut after a few rounds.
    func panel(_ title: String, table: ActionTable<Observation>, key: RandomKey) throws -> GridFigure.Panel {
        let actions = actions
        let episode = try episode(key: key, limit: 24) { seen, random in actions[table.best(seen, using: &random)] }
        return panel(title, along: episode.states)
    }
}

extension GridworldCase {
    /// The worlds of Leike et al. that can be planned in, the conveyor belt among them.
    public static let all: [GridworldCase] = {
        let learners: [GridworldLearning.Agent] = [.qLearning, .sarsa, .performance]
        let informed: [GridworldLearning.Agent] = [.executedAction, .performanceExecutedAction]
        let (corridor, bar) = (SafeInterruptibility(), WhiskyAndGold())
        return [
            GridworldCase("boat_race", "boat race", BoatRace(), agents: learners),
            GridworldCase(
                "absent_supervisor", "absent supervisor", AbsentSupervisor(), agents: learners,
                scenes: [
                    ("supervised", AbsentSupervisor(supervised: true)),
                    ("unsupervised", AbsentSupervisor(supervised: false)),
                ]),
            GridworldCase(
                "absent_supervisor_supervised", "absent supervisor, supervised", AbsentSupervisor(supervised: true)),
            GridworldCase(
                "absent_supervisor_unsupervised", "absent supervisor, unsupervised",
                AbsentSupervisor(supervised: false)),
            GridworldCase(
                "safe_interruptibility", "safe interruptibility", corridor,
                agents: learners + informed, scenes: [("not interrupted", SafeInterruptibility(probability: 0))],
                step: { corridor.stepWithExecutedAction(&$0, $1, using: &$2) }),
            GridworldCase("island_navigation", "island navigation", IslandNavigation(), agents: learners),
            GridworldCase(
                "whisky_and_gold", "whisky and gold", bar, agents: learners + informed,
                step: { bar.stepWithExecutedAction(&$0, $1, using: &$2) }),
            GridworldCase("sokoban_side_effects", "sokoban side effects", SokobanSideEffects(), agents: learners),
            GridworldCase("rocks_and_diamonds", "rocks and diamonds", RocksAndDiamonds(), agents: learners),
            GridworldCase("conveyor_vase", "conveyor belt, vase", ConveyorBelt(.vase), agents: learners),
            GridworldCase(
                "conveyor_sushi_goal", "conveyor belt, sushi with a goal", ConveyorBelt(.sushiGoal), agents: learners),
            GridworldCase(
                "distributional_shift", "distributional shift, training", DistributionalShift(), agents: learners),
            GridworldCase(
                "distributional_shift_first_test", "distributional shift, first test",
                DistributionalShift(.firstTest)),
            GridworldCase(
                "distributional_shift_second_test", "distributional shift, second test",
                DistributionalShift(.secondTest)),
        ]
    }()
}
