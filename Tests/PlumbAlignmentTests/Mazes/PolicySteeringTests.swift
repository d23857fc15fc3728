import Foundation
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

    @Test func randomVectorsVaryAsTheActivationsDo() {
        // Activations that vary along the first axis ten times as much as along the second, and not along the third.
        let noise = Tensor.normal([400, 3], key: RandomKey(5))
        let activations = noise * Tensor([10, 1, 0], shape: [1, 3]) + Tensor([7, -3, 2], shape: [1, 3])
        let vectors = GoalVectors(Tensor.normal([300, 3], key: RandomKey(6)))
        let random = vectors.random(withCovarianceOf: activations, key: RandomKey(7))
        for (a, b) in zip(vectors.norms, random.norms) { #expect(abs(a - b) < 1e-5 * a) }
        let slopes = (0..<300).map { row in
            let vector = random.values[row].elements
            #expect(abs(vector[2]) < 1e-4)
            return Double(abs(vector[1] / vector[0]))
        }.sorted()
        // The ratio of two normal numbers has the median of its scales' ratio, 0.1.
        #expect((0.07...0.14).contains(slopes[150]), "\(slopes[150])")
        #expect(random.values == vectors.random(withCovarianceOf: activations, key: RandomKey(7)).values)
    }

    @Test func exchangedVectorsKeepTheirMazesLengths() {
        let vectors = GoalVectors(Tensor([3, 0, 0, 1, 2, 0], shape: [3, 2]))
        #expect(vectors.exchanged(by: 1).values.elements == [0, 3, 1, 0, 2, 0])
        #expect(vectors.exchanged(by: 3).values == vectors.values)
        #expect(GoalVectors(Tensor.zeros([1, 2])).scaled(to: [5]).values.elements == [0, 0])
    }

    @Test func comparisonsAreOfTheSameMazes() {
        // Ten mazes lost under the first condition alone, none under the second alone: one of 2^10 choices.
        let first = [Bool](repeating: false, count: 10) + [Bool](repeating: true, count: 30)
        let second = [Bool](repeating: true, count: 40)
        let comparison = SteeringComparison(first, second, key: RandomKey(1))
        #expect(comparison.difference == 0.25 && comparison.p == 1.0 / 1024)
        #expect(SteeringComparison(second, first, key: RandomKey(1)).p == 1)
        #expect(comparison.secondOnly == 10 && comparison.firstOnly == 0 && comparison.mazes == 40)
        let pooled = SteeringComparison(
            pooling: [comparison, SteeringComparison(second, first, key: RandomKey(1))], key: RandomKey(1))
        #expect(pooled.difference == 0 && pooled.mazes == 80 && pooled.p > 0.4)
        #expect(SteeringComparison(first, first, key: RandomKey(1)).p == 1)
    }

    @Test func endsAreToldApart() throws {
        // The corner is cell 2, the cheese cell 8.
        let maze = try MazeState("A  \n   \n  C")
        func path(_ moves: [Move]) -> MazePath {
            moves.reduce(into: MazePath(start: maze)) { $0.take($1) }
        }
        let still = [Move](repeating: .left, count: 12)
        let circles = (0..<3).flatMap { _ in [Move.down, .right, .up, .left] }
        let paths = [
            path([.right, .right, .down, .down]), path([.right, .right] + [Move](repeating: .up, count: 6)),
            path(still), path(circles),
        ]
        let ends = MazeEnds(paths, rival: 2)
        #expect(MazeEnds.shares.map { $0.value(ends) } == [0.25, 0.25, 0.25, 0.25])
        #expect(MazeEnds([paths[3]], rival: 2).elsewhere == 1 && MazeEnds([paths[2]], rival: 2).nowhere == 1)
    }

    @Test func theStudyMeasuresEveryVector() throws {
        var study = PolicySteeringStudy()
        (study.cloning.side, study.cloning.wallDensity, study.cloning.hidden) = (5, 0.1, 16)
        (study.cloning.mazes, study.cloning.statesPerMaze, study.cloning.steps, study.cloning.batch) = (40, 6, 30, 16)
        (study.test.testMazes, study.test.episodeSteps, study.coefficients) = (20, 10, [-1, 0, 1])
        let outcome = try study.run(region: 5, key: RandomKey(1))
        #expect(outcome.sweeps[.own] == [outcome.reach(.added), outcome.reach(.none), outcome.reach(.own)])
        for vector in [SteeringVector.anotherMaze, .covariance, .isotropic] {
            #expect(outcome.sweeps[vector]?[1] == outcome.reach(.none))
            #expect(outcome.sweeps[vector]?[2] == outcome.reach(vector))
        }
        #expect(Set(outcome.ends.keys) == Set(SteeringVector.allCases))
        for comparison in PolicySteeringStudy.Comparison.allCases {
            #expect((outcome.comparisons[comparison]?.p).map { $0 > 0 && $0 <= 1 } == true)
        }
        let difference = try #require(outcome.comparisons[.ownAgainstAnotherMaze]?.difference)
        #expect(abs(difference - (outcome.reach(.anotherMaze) - outcome.reach(.own))) < 1e-12)
        let kept = try JSONDecoder().decode(PolicySteeringStudy.Outcome.self, from: JSONEncoder().encode(outcome))
        #expect(kept.ends == outcome.ends && kept.comparisons == outcome.comparisons)
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
