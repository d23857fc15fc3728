@testable import PlumbGovernance
import PlumbTensor
import Testing

@Suite struct TakeoffTests {
    @Test func davidsonsBestGuessesGiveHisYears() throws {
        let path = try TakeoffModel(TakeoffAssumptions()).run()
        // The public model in JavaScript, with the best guesses of 2023.
        #expect(abs((path.wakeUp ?? 0) - 2034.7) < 0.01)
        #expect(abs((path.year(goods: 0.2) ?? 0) - 2036.4) < 0.01)
        #expect(abs((path.year(goods: 1) ?? 0) - 2040.2) < 0.01)
        #expect(abs((path.year(research: 0.2) ?? 0) - 2034.5) < 0.01)
        #expect(abs((path.year(research: 1) ?? 0) - 2039.7) < 0.01)
        #expect(path.thinned(to: 50).years.count <= 50)
    }

    @Test func nothingIsAutomatedWithoutReturns() throws {
        let path = try TakeoffModel(TakeoffAssumptions().withoutReturns).run()
        #expect(path.year(goods: 0.2) == nil && path.length == nil)
    }

    @Test func theBestAllocationUsesAllLaborAndComputeAndNoOtherIsBetter() {
        var random = RandomKey(4).generator()
        for _ in 0..<50 {
            let count = 6
            let weights = (0..<count).map { _ in 0.1 + random.uniform() }
            let machines = (0..<count).map { _ in 0.1 + 10 * random.uniform() }.sorted(by: >)
            let (labor, compute, automatable) = (
                1 + 9 * random.uniform(), 5 * random.uniform(), 1 + random.index(below: count)
            )
            let best = TaskAllocation(
                labor: labor, compute: compute, weights: weights, rho: -0.5, machines: machines,
                automatable: automatable)
            #expect(abs(best.labor.reduce(0, +) - labor) < 1e-9)
            #expect(abs(best.compute.reduce(0, +) - compute) < 1e-9)
            #expect(best.compute[automatable...].allSatisfy { $0 == 0 })
            func output(_ people: [Double], _ chips: [Double]) -> Double {
                constantElasticity((0..<count).map { people[$0] + machines[$0] * chips[$0] }, weights, -0.5)
            }
            let most = output(best.labor, best.compute)
            for _ in 0..<20 {
                var (people, chips) = (best.labor, best.compute)
                let (from, to) = (random.index(below: count), random.index(below: count))
                let moved = people[from] * 0.2 * random.uniform()
                people[from] -= moved
                people[to] += moved
                let (source, target) = (random.index(below: automatable), random.index(below: automatable))
                let shifted = chips[source] * 0.2 * random.uniform()
                chips[source] -= shifted
                chips[target] += shifted
                #expect(output(people, chips) <= most * (1 + 1e-9))
            }
        }
    }

    @Test func requirementsSpanTheGap() {
        let tasks = TaskRequirements(training: 1e36, trainingGap: 1e4, runtime: 1e20, runtimeGap: 10, tasks: 101)
        #expect(tasks.training.count == 102 && tasks.training[0] == 1)
        #expect(abs(tasks.training[101] / 1e36 - 1) < 1e-9)
        // The task at 20 % takes less by the gap.
        #expect(abs(tasks.training[21] / 1e32 - 1) < 1e-9)
        #expect(tasks.automatable(run: 1e32 * 1.001) == 22)
    }

    @Test func worldsThatCannotBeAreRefused() {
        var world = TakeoffAssumptions()
        world.largestRun = 1e30
        #expect { try TakeoffModel(world) } throws: { "\($0)".contains("more than all chips compute in a year") }
        world = TakeoffAssumptions()
        world.trainingShare = [0.5, 1.1]
        #expect { try TakeoffModel(world) } throws: { "\($0)".contains("three numbers") }
        world.trainingShare = [0.5, 1.1, 1.5]
        #expect { try TakeoffModel(world) } throws: { "\($0)".contains("a probability lies from 0 to 1") }
    }
}
