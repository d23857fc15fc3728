import PlumbAlignment
import PlumbTensor
import PlumbWorlds
import Testing

/// Episodes of scripted agents in drawn mazes.
@Suite struct MazeWalksTests {
    /// The corner is cell 3 in the upper right; the cheese lies two rows below the start.
    private let drawing = """
        A   
         ## 
        C   
        """

    /// An agent that is certain of `move` in each state.
    private func scripted(_ move: @escaping (MazeState) -> Move) -> ([MazeState], [Int]) -> Tensor {
        { states, _ in
            Tensor(
                states.flatMap { state in Move.allCases.map { $0 == move(state) ? 100 : Float(0) } },
                shape: [states.count, 4])
        }
    }

    private func walk(_ starts: [MazeState], steps: Int = 60, _ move: @escaping (MazeState) -> Move) -> MazeWalks {
        MazeWalks(from: starts, corner: 3, steps: steps, key: RandomKey(1), policy: scripted(move))
    }

    @Test func whoGoesForTheCheeseReachesIt() throws {
        let walks = walk([try MazeState(drawing)]) { _ in .down }
        #expect(walks.paths[0].cells == [0, 4, 8])
        #expect(walks.reach == 1 && walks.cornerFirst == 0)
        #expect(walks.robustness == GoalRobustness(both: 1, capabilityOnly: 0, goalOnly: 0, neither: 0))
    }

    @Test func whoPassesTheCornerWasThereFirst() throws {
        let walks = walk([try MazeState(drawing)]) { state in
            state.agent < 3 ? .right : state.agent % 4 == 3 && state.agent < 11 ? .down : .left
        }
        #expect(walks.paths[0].cells == [0, 1, 2, 3, 7, 11, 10, 9, 8])
        #expect(walks.reach == 1 && walks.cornerFirst == 1)
        #expect(walks.robustness == GoalRobustness(both: 0, capabilityOnly: 1, goalOnly: 0, neither: 0))
    }

    @Test func whoGetsNowhereIsJudgedByWhereItEnds() throws {
        let near = try MazeState(drawing)
        var far = near
        far.agent = 2
        // Neither moves: one stands by the cheese, the other by the corner.
        let walks = walk([near, far], steps: 5) { _ in .up }
        #expect(walks.paths.map(\.steps) == [5, 5])
        #expect(walks.reach == 0 && walks.cornerFirst == 0)
        #expect(walks.robustness == GoalRobustness(both: 0, capabilityOnly: 0, goalOnly: 0.5, neither: 0.5))
    }

    @Test func aWalkDoesNotDependOnTheOthers() throws {
        let generator = try MazeGenerator(region: 7)
        let starts = generator.states(30, key: RandomKey(1))
        let policy = MazePolicy(inputs: 147, hidden: 8, key: RandomKey(2))
        func paths(_ count: Int) -> [MazePath] {
            MazeWalks(from: Array(starts.prefix(count)), corner: 6, steps: 20, key: RandomKey(3)) { states, _ in
                policy(MazeState.features(of: states))
            }.paths
        }
        #expect(Array(paths(30).prefix(5)) == paths(5))
    }

    @Test func thePolicyIsToldWhoStillWalks() throws {
        let starts = [try MazeState(" A \n  C"), try MazeState("A  \n  C")]
        var stillWalking: [[Int]] = []
        _ = MazeWalks(from: starts, corner: 2, steps: 4, key: RandomKey(1)) { states, walks in
            stillWalking.append(walks)
            return scripted { $0.agent == 2 ? .down : .right }(states, walks)
        }
        #expect(stillWalking == [[0, 1], [0, 1], [1]])
    }

    @Test func movesAreDrawnFromTheSoftmax() throws {
        // One step right with probability 3/4, else down: log 3 against 0.
        let start = MazeState(Maze(rows: 2, columns: 2, goal: nil) { _ in false }, agent: 0)
        let logits: [Float] = [-100, 0, -100, 1.0986123]
        let walks = MazeWalks(
            from: [MazeState](repeating: start, count: 4000), corner: 1, steps: 1, key: RandomKey(5)
        ) { states, _ in
            Tensor([[Float]](repeating: logits, count: states.count).flatMap { $0 }, shape: [states.count, 4])
        }
        // The standard deviation is 0.007.
        #expect(abs(walks.cornerFirst - 0.75) < 0.03)
        #expect(walks.reach == 0)
    }
}
