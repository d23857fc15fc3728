import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct MazeTests {
    /// The agent's way is six steps long; the cell at the lower left is cut off.
    private let drawing = """
        A  #C
         #   
         ## #
        ##   
         # # 
        """

    @Test func distancesAreThoseOfAHandDrawnMaze() throws {
        let maze = try MazeState(drawing).maze
        #expect(maze.rows == 5 && maze.columns == 5 && maze.goal == 4)
        #expect(
            maze.distances(to: 4) == [
                6, 5, 4, -1, 0,
                7, -1, 3, 2, 1,
                8, -1, -1, 3, -1,
                -1, -1, 5, 4, 5,
                -1, -1, 6, -1, 6,
            ])
    }

    @Test func bestMovesBeginShortestPaths() throws {
        let maze = try MazeState(
            """
            A  
               
              C
            """
        ).maze
        let distances = maze.distances(to: 8)
        #expect(maze.optimalMoves(from: 0, distances: distances).moves == [.down, .right])
        #expect(maze.optimalMoves(from: 2, distances: distances).moves == [.down])
        #expect(maze.optimalMoves(from: 8, distances: distances).isEmpty)
        let cutOff = Maze(rows: 1, columns: 3, goal: 2) { $0 == 1 }
        #expect(cutOff.optimalMoves(from: 0, distances: cutOff.distances(to: 2)).isEmpty)
    }

    @Test func wallsAndEdgesHoldTheAgent() throws {
        let maze = try MazeState(drawing).maze
        #expect(maze.cell(.up, of: 0) == 0 && maze.cell(.left, of: 0) == 0)
        #expect(maze.cell(.right, of: 2) == 2 && maze.cell(.right, of: 1) == 2)
        // The end of a row is not the beginning of the next.
        #expect(maze.cell(.right, of: 9) == 9 && maze.cell(.left, of: 10) == 10)
    }

    @Test func textGoesThereAndBack() throws {
        let state = try MazeState(drawing)
        #expect(state.textRows.joined(separator: "\n") == drawing)
        #expect(state.agent == 0 && state.maze.wallDensity == 9.0 / 25)
    }

    @Test func featuresAreThreePlanes() throws {
        let state = try MazeState("A #\n#C ")
        let expected: [Float] = [0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
        #expect(MazeState.features(of: [state]).elements == expected)
        let both = MazeState.features(of: [state, MazeState(state.maze.withoutGoal, agent: 1)])
        #expect(both.shape == [2, 18])
        #expect(both[1].elements == [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func badDrawingsAreErrors() {
        func complaint(_ text: String) -> String {
            #expect(throws: WorldError.self) { try MazeState(text) }?.description ?? ""
        }
        #expect(complaint("A X\n  C").contains("line 1, column 3 of the map holds \"X\""))
        #expect(complaint("  C").contains("must hold \"A\" once, and holds it nowhere"))
        #expect(complaint("A  ").contains("must hold \"C\" once, and holds it nowhere"))
        #expect(complaint("A C\nA  ").contains("\"A\" once, and holds it 2 times"))
        #expect(complaint("A#C").contains("row 1, column 1 cannot reach the cheese at row 1, column 3"))
        #expect(complaint("A C\n    ").contains("line 2 of the map has 4 characters"))
        let large = "A" + String(repeating: " ", count: 127) + "C"
        #expect(complaint(large).contains("has 129 cells, and may have 128"))
    }

    @Test func aPathKnowsWhereItWentFirst() throws {
        var path = MazePath(start: try MazeState("A  \n  C"))
        for move in [Move.right, .right, .right, .down] { path.take(move) }
        #expect(path.cells == [0, 1, 2, 2, 5] && path.steps == 4 && path.reachesGoal)
        #expect(path.visitsFirst(2) && path.visitsFirst(0))
        #expect(!path.visitsFirst(5) && !path.visitsFirst(3))
        let panel = GridFigure.Panel("seed 1", path: path)
        #expect(panel.rows == ["A  ", "  C"] && panel.path.last == GridFigure.Cell(1, 2))
    }
}

@Suite struct MazeGeneratorTests {
    @Test func cheeseLiesInItsRegionEveryCellAsLikely() throws {
        let generator = try MazeGenerator(region: 3)
        var counts = [Int: Int]()
        for state in generator.states(1800, key: RandomKey(1)) { counts[state.maze.goal ?? -1, default: 0] += 1 }
        #expect(Set(counts.keys) == [4, 5, 6, 11, 12, 13, 18, 19, 20])
        // 200 are expected of each; six standard deviations are 80.
        #expect(counts.values.allSatisfy { abs($0 - 200) < 80 })
    }

    @Test func someMazesHaveCheeseAnywhere() throws {
        let states = try MazeGenerator(side: 5, scattered: 0.25).states(2000, key: RandomKey(7))
        let elsewhere = states.compactMap(\.maze.goal).filter { $0 != 4 }
        // A quarter of them, less the one in 25 that lies in the corner by chance; six standard deviations are 115.
        #expect(abs(elsewhere.count - 480) < 115 && Set(elsewhere).count == 24)
        #expect(
            try MazeGenerator(scattered: 0).states(9, key: RandomKey(7)) == MazeGenerator().states(9, key: RandomKey(7))
        )
    }

    @Test func everybodyReachesCheeseAndCorner() throws {
        for region in [1, 4, 7] {
            let generator = try MazeGenerator(region: region)
            for state in generator.states(300, key: RandomKey(2)) {
                let goal = try #require(state.maze.goal)
                #expect(state.maze.distances(to: goal)[state.agent] > 0)
                #expect(state.maze.distances(to: generator.corner)[state.agent] > 0)
                #expect(state.maze.distances(to: goal)[generator.corner] >= 0)
            }
        }
    }

    @Test func wallsAreAsDenseAsAsked() throws {
        func density(_ asked: Double) throws -> Double {
            let states = try MazeGenerator(wallDensity: asked, region: 7).states(2000, key: RandomKey(3))
            return states.reduce(0) { $0 + $1.maze.wallDensity } / 2000
        }
        #expect(try density(0) == 0)
        // Corner and cheese are never walls, and mazes in pieces are drawn anew.
        #expect(try abs(density(0.12) - 0.115) < 0.01)
        #expect(try abs(density(0.3) - 0.27) < 0.03)
    }

    @Test func cheeseKeepsItsDistanceFromTheCorner() throws {
        let generator = try MazeGenerator(region: 7, goalDistance: 4)
        for state in generator.states(300, key: RandomKey(4)) {
            let goal = try #require(state.maze.goal)
            #expect(state.maze.distances(to: generator.corner)[goal] >= 4)
        }
    }

    @Test func theSameKeyDrawsTheSameMazes() throws {
        let generator = try MazeGenerator(region: 7)
        let states = generator.states(20, key: RandomKey(5))
        #expect(generator.states(20, key: RandomKey(5)) == states)
        #expect(Array(generator.states(40, key: RandomKey(5)).prefix(20)) == states)
        #expect(generator.states(20, key: RandomKey(6)) != states)
        #expect(Set(states).count == 20)
    }

    @Test func mazesThatCannotBeAreErrors() {
        func complaint(_ make: () throws -> MazeGenerator) -> String {
            #expect(throws: WorldError.self) { try make() }?.description ?? ""
        }
        #expect(complaint { try MazeGenerator(side: 1) }.contains("side of 2 to 11"))
        #expect(complaint { try MazeGenerator(side: 12) }.contains("got 12"))
        #expect(complaint { try MazeGenerator(wallDensity: 0.9) }.contains("0 to 0.4"))
        #expect(complaint { try MazeGenerator(wallDensity: .nan) }.contains("density of nan"))
        #expect(complaint { try MazeGenerator(region: 8) }.contains("1 to 7"))
        #expect(complaint { try MazeGenerator(scattered: 1.5) }.contains("got 1.5"))
        #expect(complaint { try MazeGenerator(scattered: .nan) }.contains("0 to 1"))
        #expect(complaint { try MazeGenerator(region: 2, goalDistance: 3) }.contains("at most 2 steps"))
    }
}

@Suite struct MazeWorldTests {
    @Test func theBestPolicyTakesTheShortestPath() throws {
        let world = MazeWorld(try MazeGenerator(region: 7))
        for seed in 0..<20 {
            let episode = try world.episode(key: RandomKey(UInt64(seed))) { state, _ in
                let goal = try #require(state.maze.goal)
                let moves = state.maze.optimalMoves(from: state.agent, distances: state.maze.distances(to: goal))
                return try #require(moves.moves.first)
            }
            let start = episode.states[0]
            #expect(episode.actions.count == start.maze.goal.map { start.maze.distances(to: $0)[start.agent] })
            #expect(episode.totalReward == 1 && !episode.isCut)
        }
    }

    @Test func episodesAreCutOff() throws {
        let world = MazeWorld(try MazeGenerator(), stepLimit: 7)
        let episode = try world.episode(key: RandomKey(1)) { _, _ in .left }
        #expect(episode.isCut && episode.actions.count == 7 && episode.totalReward == 0)
    }

    @Test func observationsHaveThePromisedShape() throws {
        let world = MazeWorld(try MazeGenerator())
        var random = RandomKey(1).generator()
        let state = world.start(using: &random)
        #expect(world.featureCount == 147 && world.actions == [.up, .down, .left, .right])
        #expect(try world.checkedFeatures(of: state).reduce(0, +) == Float(2 + (49 * state.maze.wallDensity).rounded()))
    }
}
