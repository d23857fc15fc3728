import PlumbFoundations
import PlumbTensor
import Testing

/// The rules of the shared orchard, worked by hand, and what players learn there.
@Suite struct CommonsHarvestTests {
    /// An orchard of 5 × 5 trees in which nothing grows, with apples at `apples` and players at `places`.
    private func orchard(
        _ rule: CommonsHarvest.Rule, apples: [Int], places: [Int], isProtected: Bool = false
    ) -> (world: CommonsHarvest, state: CommonsHarvest.State) {
        let world = CommonsHarvest(players: places.count, side: 5, growth: 0, rule: rule)
        var random = RandomKey(1).generator()
        var state = world.start(using: &random)
        state.apples = (0..<25).map(apples.contains)
        (state.places, state.isProtected) = (places, isProtected)
        return (world, state)
    }

    @Test func playersActInARandomOrder() {
        let (world, start) = orchard(.own, apples: [0, 7], places: [0, 0, 7])
        var winners: Set<Int> = []
        for seed in 0..<20 {
            var (state, random) = (start, RandomKey(UInt64(seed)).generator())
            let result = world.step(&state, [.eat, .eat, .up], using: &random)
            #expect(result.harvest == 1 && result.rewards.reduce(0, +) == 1 && result.rewards[2] == 0)
            #expect(state.stock == 1 && state.apples[7] && state.places == [0, 0, 2] && state.step == 1)
            winners.insert(result.rewards[0] == 1 ? 0 : 1)
        }
        #expect(winners == [0, 1])
    }

    @Test func edgesMeet() {
        let (world, start) = orchard(.own, apples: [12], places: [0, 0, 24, 24, 6])
        var (state, random) = (start, RandomKey(2).generator())
        let result = world.step(&state, [.up, .left, .down, .right, .eat], using: &random)
        // There is no apple at the last player's tree.
        #expect(state.places == [20, 4, 4, 20, 6] && result.harvest == 0 && state.stock == 1)
    }

    @Test func taxIsOnApplesTakenFromALowStock() {
        let (world, start) = orchard(.taxed(1.5, .stock(2, last: 0)), apples: [0, 7, 9], places: [0, 7])
        var (state, random) = (start, RandomKey(3).generator())
        // Three hung at the beginning of the step, so that neither of two is taxed.
        #expect(world.step(&state, [.eat, .stay], using: &random).rewards == [1, 0])
        #expect(state.isProtected)
        #expect(world.step(&state, [.eat, .eat], using: &random).rewards == [0, -0.5])
    }

    @Test func nothingIsProtectedWhenTheEndIsNear() {
        let (world, start) = orchard(.taxed(1.5, .stock(25, last: 10)), apples: Array(0..<25), places: [0])
        var (state, random, steps) = (start, RandomKey(9).generator(), [Int]())
        while !world.isOver(state) {
            _ = world.step(&state, [.stay], using: &random)
            if state.isProtected { steps.append(state.step) }
        }
        #expect(steps == Array(1..<140) && state.step == 150)
    }

    @Test func whoTakesAProtectedAppleIsShutOut() {
        let (world, start) = orchard(
            .shutOut(2, .stock(2, last: 0)), apples: [0, 7], places: [0, 12], isProtected: true)
        var (state, random) = (start, RandomKey(4).generator())
        #expect(world.step(&state, [.eat, .up], using: &random).rewards == [1, 0])
        #expect(state.shutOut == [2, 0] && state.places == [0, 7])
        for _ in 0..<2 { _ = world.step(&state, [.down, .stay], using: &random) }
        #expect(state.places == [0, 7] && state.shutOut == [0, 0])
        _ = world.step(&state, [.down, .stay], using: &random)
        #expect(state.places == [5, 7])
    }

    @Test func protectionAtRandomDoesNotDependOnTheStock() {
        for (chance, expected) in [(0.0, 0), (0.5, 100), (1, 200)] {
            let (world, start) = orchard(.taxed(1.5, .random(chance)), apples: Array(0..<25), places: [0])
            var (state, random, count) = (start, RandomKey(5).generator(), 0)
            for _ in 0..<200 {
                _ = world.step(&state, [.stay], using: &random)
                count += state.isProtected ? 1 : 0
            }
            #expect(abs(count - expected) <= (chance == 0.5 ? 30 : 0))
        }
    }

    @Test func anOwnersWorkersShareAllApples() {
        let (world, start) = orchard(.owner, apples: [0, 7], places: [0, 7, 3, 3])
        var (state, random) = (start, RandomKey(6).generator())
        #expect(world.step(&state, [.eat, .eat, .stay, .stay], using: &random).rewards == [0.5, 0.5, 0.5, 0.5])
        #expect(world.isOver(state))
    }

    @Test func anEmptyOrchardStaysEmptyAndAFullerOneBearsSooner() {
        var world = CommonsHarvest(players: 1, side: 5, growth: 1, rule: .own)
        func grown(_ apples: Int) -> Int {
            var random = RandomKey(7).generator()
            return (0..<100).reduce(0) { sum, _ in
                var state = world.start(using: &random)
                state.apples = (0..<25).map { $0 < apples }
                _ = world.step(&state, [.stay], using: &random)
                return sum + state.stock - apples
            }
        }
        #expect(grown(0) == 0)
        // 25 - s trees bear with chance s / 25: 4 of 20 and 4 of 5 a step.
        #expect((300...500).contains(grown(5)) && (350...450).contains(grown(20)))
        world.growth = 0
        #expect(grown(20) == 0)
    }

    @Test func playersSeeTheOrchardFromTheirPlace() {
        let (world, state) = orchard(.own, apples: [0, 7], places: [7, 0, 1])
        var features: [Float] = []
        world.appendFeatures(of: state, player: 0, to: &features)
        #expect(features.count == world.featureCount)
        // Tree 0 is a row up and two columns to the left: 4 rows down and 3 columns to the right where edges meet.
        #expect(features.indices.filter { features[$0] != 0 } == [0, 23, 25 + 23, 25 + 24, 50])
        #expect(features[50] == 2.0 / 25)
    }

    @Test func sparingHarvestsMoreThanGreed() {
        let optimum = CommonsStudy().optimum(episodes: 10, key: RandomKey(2))
        #expect((4...12).contains(optimum.spared) && optimum.greedy < 0.5 * optimum.harvest)
    }

    @Test func whatIsTakenIsMissing() throws {
        var study = CommonsStudy()
        (study.rounds, study.orchards, study.episodes, study.width, study.growth) = (2, 2, 3, 8, 0)
        let best = study.optimum(episodes: 4, key: RandomKey(10))
        for regime in CommonsStudy.Regime.allCases {
            let outcome = try study.learned(
                study.rule(regime, best), key: RandomKey(8), label: regime.rawValue)
            let left = try #require(outcome.stock.last)
            #expect(abs(outcome.harvest + left - 16) < 1e-9 && outcome.harvest > 0)
            #expect(outcome.curve.count == 2 && outcome.stock == outcome.stock.sorted(by: >))
        }
    }
}
