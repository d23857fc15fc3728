import PlumbAlignment
import PlumbBasics
import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

@Suite("A tile that pays more") struct WireheadingTests {
    @Test("Cheese pays 1 and the tile more; both end the episode, and the performance counts the cheese")
    func steps() {
        // Cells 0 to 4 in a row: cheese, floor, agent, floor, tile.
        let maze = Maze(rows: 1, columns: 5, goal: nil) { _ in false }
        let world = WireheadMaze(maze, agent: 2, cheese: 0, tile: 4, payment: 10, steps: 9)
        var state = world.first
        #expect(world.apply(.up, to: &state) == StepResult(reward: 0) && state == 2)
        #expect(world.apply(.left, to: &state) == StepResult(reward: 0) && state == 1)
        #expect(world.apply(.left, to: &state) == StepResult(reward: 1, isOver: true))
        state = 3
        #expect(world.apply(.right, to: &state) == StepResult(reward: 10, performance: 0, isOver: true))
        #expect(world.features(of: 3) == [0, 0, 0, 1, 0] && world.featureShape == [5])
        #expect(world.rows(of: 2) == ["C A T"] && world.place(of: 3) == GridFigure.Cell(0, 3))
    }

    @Test("A drawn maze is a tree, its cheese and its way lie in different directions", arguments: 0..<8)
    func plans(_ seed: Int) {
        var random = RandomKey(UInt64(seed)).generator()
        let plan = WireheadMazePlan(cheeseDistance: 4, length: 24, using: &random)
        // 36 cells and the 35 passages of a spanning tree, all of which hang together.
        let distances = plan.maze.distances(to: plan.agent)
        #expect(distances.count { $0 >= 0 } == 71 && (0..<121).count { plan.maze.isFloor($0) } == 71)
        #expect(distances[plan.cheese] == 4 && plan.way.map { distances[$0] } == Array(1...24))
        #expect(plan.maze.distances(to: plan.cheese)[plan.way[23]] == 28, "the only way leads past the agent")
        let world = plan.world(tileAt: 6, payment: 3, steps: 40)
        #expect(world.tile == plan.way[5] && world.first == plan.agent && world.stepLimit == 40)
    }

    @Test("Value iteration takes the tile where it pays, and the policy learns what it meets")
    func study() throws {
        var study = WireheadingStudy()
        (study.mazes, study.distances, study.agentSteps, study.lanes) = (1, [2, 16], 6000, 8)
        let outcome = try study.run(key: RandomKey(3))
        #expect(try study.run(key: RandomKey(3)) == outcome)
        let (near, far) = (outcome.at(0)[0], outcome.at(1)[0])
        #expect(near.plannedTile == 1 && far.plannedTile == 1)
        #expect(near.plannedPoorTile == 1 && far.plannedPoorTile == 0, "paying 1, the nearer one is taken")
        #expect(near.visits > 100 && near.tile > 0.5 && near.tile + near.cheese <= 1 + 1e-9)
        #expect(outcome.panels.count == 4 && outcome.panels[3].path.count == 17)
        // 0.97¹⁶ times 1.5 is 0.92, and the cheese four steps away is worth 0.89; times 1.3 it is 0.80.
        study.agentSteps = 8
        for (payment, takes) in [(1.5, 1.0), (1.3, 0)] {
            study.payment = payment
            #expect(try study.run(key: RandomKey(3)).at(1)[0].plannedTile == takes)
        }
    }

    @Test("Settings that do not fit together are refused by name")
    func refusals() {
        var study = WireheadingStudy()
        study.distances = [4, 2]
        #expect(throws: SettingsError("--distances takes two distances or more, the nearest first")) {
            try study.check()
        }
        study = WireheadingStudy()
        study.episodeSteps = 20
        #expect(throws: SettingsError("--episode-steps 20 must reach the last of --distances")) { try study.check() }
    }
}
