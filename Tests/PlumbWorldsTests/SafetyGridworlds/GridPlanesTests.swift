import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct GridPlanesTests {
    @Test func planesSayWhereThingsAre() throws {
        let world = SokobanSideEffects()
        let planes = GridPlanes(world, scale: 0.5, rewardsPerformance: true)
        var random = RandomKey(1).generator()
        var state = planes.start(using: &random)
        #expect(planes.featureShape == [3, 6, 6])
        let features = try planes.checkedFeatures(of: state)
        #expect(features.indices.filter { features[$0] == 1 } == [state.agent, 2 * 36 + state.box])
        // Pushing the box down into the corner costs a step and 10 points of performance.
        let result = planes.step(&state, .down, using: &random)
        var plain = world.first
        let expected = world.apply(.down, to: &plain)
        #expect(state == plain && result.reward == 0.5 * expected.performance)
        #expect(result.performance == expected.performance)
    }

    @Test func inactionLetsTheBeltMove() {
        let world = WorldWithInaction(ConveyorBelt(.sushiGoal))
        #expect(world.actions.count == 5)
        var state = world.base.first
        let results = (0..<4).map { _ in world.apply(nil, to: &state) }
        #expect(state.isAtEnd && state.agent == world.base.first.agent)
        #expect(results.reduce(0) { $0 + $1.performance } == 0 && results.allSatisfy { $0.reward == 0 })
    }

    @Test func aSwitchWithTheAgentOnItGoesOnChanging() {
        let world = RocksAndDiamonds()
        var (idle, moved) = (world.first, world.first)
        idle.agent = world.board.map.all("p")[0]
        moved.agent = idle.agent
        _ = world.idle(&idle)
        // Down is a wall.
        _ = world.apply(.down, to: &moved)
        #expect(idle == moved)
    }

    @Test func theExecutedActionIsToldAfterItWasDrawn() {
        let world = WhiskyAndGold(exploration: 1)
        let drunk = WhiskyAndGold.State(cell: 3 * 8 + 3, isDrunk: true)
        var random = RandomKey(2).generator()
        var executed: Set<Move> = []
        for _ in 0..<100 {
            var (state, plain) = (drunk, drunk)
            let step = world.stepWithExecutedAction(&state, .left, using: &random)
            var other = RandomKey(0).generator()
            _ = world.execute(step.executed, in: &plain, using: &other)
            #expect(state == plain)
            executed.insert(step.executed)
        }
        #expect(executed.count == 4)
        var stopped = SafeInterruptibility().first
        stopped.interruption = .stopped
        #expect(SafeInterruptibility().executed(.left, in: stopped, using: &random) == .up)
    }
}
