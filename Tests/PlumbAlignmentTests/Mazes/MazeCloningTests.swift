import PlumbAlignment
import PlumbLearning
import PlumbNN
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct MazeCloningTests {
    private func cloning() -> MazeCloning {
        var cloning = MazeCloning()
        (cloning.side, cloning.wallDensity) = (5, 0.1)
        (cloning.mazes, cloning.statesPerMaze, cloning.hidden) = (40, 6, 16)
        (cloning.steps, cloning.batch, cloning.learningRate) = (30, 16, 0.01)
        return cloning
    }

    @Test func examplesAreBestMoves() throws {
        let examples = try cloning().examples(of: cloning().generator(), key: RandomKey(1))
        #expect(examples.states.count == 240 && examples.moves.count == 240)
        // The cells of one maze are drawn without putting back.
        for maze in 0..<40 { #expect(Set(examples.states[6 * maze..<6 * maze + 6]).count == 6) }
        for (state, moves) in zip(examples.states, examples.moves) {
            let goal = try #require(state.maze.goal)
            let distances = state.maze.distances(to: goal)
            #expect(!moves.isEmpty && state.agent != goal)
            for move in moves.moves {
                #expect(distances[state.maze.cell(move, of: state.agent)] == distances[state.agent] - 1)
            }
        }
    }

    @Test func bestMovesShareTheTarget() throws {
        let examples = try cloning().examples(of: cloning().generator(), key: RandomKey(1))
        let two = try #require(examples.moves.firstIndex { $0.count == 2 })
        let one = try #require(examples.moves.firstIndex { $0.count == 1 })
        let batch = examples.batch([two, one])
        #expect(batch.inputs.shape == [2, 75] && batch.targets.shape == [2, 4])
        #expect(batch.targets[0].elements.sorted() == [0, 0, 0.5, 0.5])
        #expect(batch.targets[1].elements.sorted() == [0, 0, 0, 1])
        #expect(batch.targets[1].argmax() == examples.moves[one].moves.first?.rawValue)
    }

    @Test func trainingLearnsAndRepeats() throws {
        let result = try cloning().train(on: cloning().generator(), key: RandomKey(3), label: "test")
        let (early, late) = (result.losses.prefix(5).reduce(0, +), result.losses.suffix(5).reduce(0, +))
        #expect(late < 0.9 * early)
        #expect(
            try cloning().train(on: cloning().generator(), key: RandomKey(3), label: "test").model.output.bias
                == result.model.output.bias)
        #expect(
            try cloning().train(on: cloning().generator(), key: RandomKey(4), label: "test").model.output.bias
                != result.model.output.bias)
    }
}
