import PlumbAlignment
import PlumbNN
import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct PolicySteeringTests {
    /// A corridor of three cells, nine inputs, three neurons: the first counts walls, the second says where the agent
    /// is, the third where the cheese is. Right pays for cheese, left for the agent's place.
    private var policy: MazePolicy {
        var policy = MazePolicy(inputs: 9, hidden: 3, key: RandomKey(1))
        func weight(_ rows: [[Float]]) -> Weight {
            Weight(Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count]))
        }
        policy.first = Linear(
            weight: weight([
                [1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 2, 3, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 2, 3],
            ]))
        policy.second = Linear(weight: weight([[1, 0, 0], [0, 1, 0], [0, 0, 1]]))
        policy.output = Linear(weight: weight([[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]))
        return policy
    }

    private var states: [MazeState] { get throws { [try MazeState("A C"), try MazeState("CA ")] } }

    @Test func theVectorIsWhatTheCheeseAdds() throws {
        let vectors = GoalVectors(of: policy, in: try states)
        #expect(vectors.values.elements == [0, 0, 3, 0, 0, 1])
        #expect(vectors.norms == [3, 1])
    }

    @Test func steeringAddsTheMazesOwnVector() throws {
        let states = try states
        let vectors = GoalVectors(of: policy, in: states)
        let features = MazeState.features(of: states)
        #expect(policy(features).elements == [0, 0, 1, 3, 0, 0, 2, 1])
        #expect(vectors.steering(policy, coefficient: 0)(states, [0, 1]) == policy(features))
        #expect(vectors.steering(policy, coefficient: -1)(states, [0, 1]).elements == [0, 0, 1, 0, 0, 0, 2, 0])
        #expect(vectors.steering(policy, coefficient: 2)(states, [0, 1]).elements == [0, 0, 1, 9, 0, 0, 2, 3])
        // The second walk alone still gets its own vector.
        #expect(vectors.steering(policy, coefficient: -1)([states[1]], [1]).elements == [0, 0, 2, 0])
    }

    @Test func randomVectorsHaveTheSameLengths() throws {
        let vectors = GoalVectors(Tensor.normal([5, 64], key: RandomKey(2)))
        let random = vectors.random(key: RandomKey(3))
        for (a, b) in zip(vectors.norms, random.norms) { #expect(abs(a - b) < 1e-5 * a) }
        // Directions of 64 numbers drawn at random are nearly at right angles.
        for row in 0..<5 {
            let cosine = vectors.values[row].dot(random.values[row]) / (vectors.norms[row] * random.norms[row])
            #expect(abs(cosine) < 0.6)
        }
        #expect(vectors.random(key: RandomKey(3)).values == random.values)
        #expect(vectors.random(key: RandomKey(4)).values != random.values)
    }

    @Test func aVectorOfLengthZeroStaysSo() {
        let random = GoalVectors(Tensor.zeros([2, 4])).random(key: RandomKey(1))
        #expect(random.values.elements.allSatisfy { $0 == 0 })
    }

    @Test func theStudyMeasuresEveryVector() throws {
        var study = PolicySteeringStudy()
        (study.cloning.side, study.cloning.wallDensity, study.cloning.hidden) = (5, 0.1, 16)
        (study.cloning.mazes, study.cloning.statesPerMaze, study.cloning.steps, study.cloning.batch) = (40, 6, 30, 16)
        (study.test.testMazes, study.test.episodeSteps, study.coefficients) = (20, 10, [-1, 0, 1])
        let outcome = try study.run(region: 5, key: RandomKey(1))
        #expect(outcome.sweep == [outcome.added, outcome.plain, outcome.subtracted])
        #expect(outcome.randomSweep[1] == outcome.plain && outcome.randomSweep[2] == outcome.random)
        #expect(outcome.norm > 0 && outcome.activationNorm > 0)
        #expect(outcome.plainPanels.count == 4 && outcome.steeredPanels.count == 4)
        // The same mazes stand above each other.
        #expect(outcome.plainPanels.map(\.rows) == outcome.steeredPanels.map(\.rows))
    }

    @Test func otherMazesKeepTheCheesesPlace() throws {
        let generator = try MazeGenerator(region: 7)
        let states = generator.states(20, key: RandomKey(1))
        let others = PolicySteeringStudy.others(states, generator, key: RandomKey(2))
        #expect(others.map(\.maze.goal) == states.map(\.maze.goal))
        #expect(zip(others, states).allSatisfy { $0.maze != $1.maze })
    }
}
