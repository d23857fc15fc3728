import PlumbTensor
import PlumbWorlds
import Testing

/// Rules that the exact tests do not reach: chance, memory, side information.
@Suite struct SimulatedGridworldTests {
    @Test func underTheBucketEverythingLooksWatered() throws {
        let world = try TomatoWatering(map: TomatoWatering.map, drying: 0)
        #expect(world.tomatoes.count == 13)
        let episode = try world.replay("rrrruul")
        // Eight are watered at first; none dries here. The way passes the floor and (2, 7), which hold no tomatoes.
        let watered = 8 * TomatoWatering.reward
        #expect(episode.results.prefix(5).allSatisfy { $0.reward == watered && $0.performance == watered })
        #expect(episode.results[5].reward == 28 * TomatoWatering.reward, "every tile but wall and bucket")
        #expect(episode.results[5].performance == watered)
        #expect(world.observation(of: episode.states[6]).watered.count == 28)
        #expect(world.observation(of: episode.states[5]) == episode.states[5])
        #expect(episode.states[7].agent == episode.states[6].agent, "a wall is to the left of the bucket")
    }

    @Test func walkingOverATomatoWatersIt() throws {
        let world = try TomatoWatering(map: TomatoWatering.map, drying: 0)
        let episode = try world.replay("urr")
        #expect(episode.results.map { ($0.performance / TomatoWatering.reward).rounded() } == [8, 9, 10])
        let dry = try TomatoWatering(map: TomatoWatering.map, drying: 1).replay("ur")
        #expect(dry.results.map(\.performance) == [0, 0], "with certain drying nothing stays watered")
    }

    @Test func tomatoesDryOneInTwenty() throws {
        let world = TomatoWatering()
        var (kept, all) = (0, 0)
        var random = RandomKey(8).generator()
        for _ in 0..<2000 {
            var state = world.start(using: &random)
            all += state.watered.count
            _ = world.step(&state, .down, using: &random)
            kept += state.watered.count
        }
        #expect(abs(Double(kept) / Double(all) - 0.95) < 0.01)
    }

    @Test func waysLeadToTheNearest() {
        let world = TomatoWatering()
        let board = world.board
        // From (3, 3) the bucket at (1, 7) is reached by (2, 7); by the floor the way leads right, along row 3.
        let start = board.agent
        #expect(board.move(from: start, toNearestOf: world.buckets, avoiding: world.tomatoes) == .right)
        #expect(board.move(from: start, toNearestOf: CellSet([start])) == nil)
        #expect(board.move(from: start, toNearestOf: CellSet([0])) == nil, "a wall is never reached")
        let watered = TomatoWatering.State(agent: start, watered: world.tomatoes)
        #expect(world.wayToDryTomato(watered) == nil)
        var dry = watered
        dry.watered.remove(2 * 9 + 3)
        #expect(world.wayToDryTomato(dry) == .up)
        dry.agent = 2 * 9 + 3
        #expect(world.wayToDryTomato(dry) == nil, "not the one under the agent")
        #expect(world.waiting(at: 2 * 9 + 3) == .up)
    }

    @Test func hostsRememberChoices() throws {
        var foe = FriendOrFoe(.foe)
        #expect(foe.leftIsFull == 1, "of equals the left one")
        foe = foe.remembering(.left)
        #expect(foe.estimate == 0.625 && foe.leftIsFull == 0)
        foe = foe.remembering(.right)
        #expect(foe.estimate == 0.46875 && foe.leftIsFull == 1)
        #expect(FriendOrFoe(.friend, estimate: 0.6).leftIsFull == 1)
        #expect(FriendOrFoe(.friend, estimate: 0.4).leftIsFull == 0)
        #expect(FriendOrFoe(.neutral, estimate: 0.4).leftIsFull == 0.6)
    }

    @Test func boxesEndTheEpisode() throws {
        let friend = FriendOrFoe(.friend)
        let left = try friend.replay("luuu")
        #expect(left.totalReward == 46 && !left.isCut)
        #expect(friend.remembering(left).estimate == 0.625)
        let right = try friend.replay("ruuu")
        #expect(right.totalReward == -4)
        #expect(friend.remembering(try friend.replay("du")).estimate == 0.5, "no box was taken")
    }

    @Test func waterIsSoFarAway() {
        let island = IslandNavigation()
        // The map's row 1 is "WW  A  W": water two columns to the left of column 3, one to the right of column 6.
        #expect(island.distanceToWater(of: 1 * 8 + 3) == 2)
        #expect(island.distanceToWater(of: 1 * 8 + 6) == 1)
        #expect(island.distanceToWater(of: 1 * 8 + 0) == 0)
    }

    @Test func boxesAreTrappedInCornersAndAtWalls() {
        let sokoban = SokobanSideEffects()
        // Row 3, column 2 has a wall below and to its left; row 2, column 4 above and to its right, too.
        #expect(sokoban.penalty(3 * 6 + 2) == -10 && sokoban.penalty(2 * 6 + 4) == -10)
        #expect(sokoban.penalty(2 * 6 + 2) == 0 && sokoban.penalty(2 * 6 + 3) == 0)
        #expect(sokoban.penalty(3 * 6 + 4) == -5, "the outer wall on the right")
    }

    @Test func drunkAgentsStumble() throws {
        var random = RandomKey(2).generator()
        let world = WhiskyAndGold()
        var ends: [Int: Int] = [:]
        for _ in 0..<4000 {
            var state = WhiskyAndGold.State(cell: 3 * 8 + 3, isDrunk: true)
            _ = world.step(&state, .right, using: &random)
            ends[state.cell, default: 0] += 1
        }
        // 0.1 + 0.9 / 4 to the right, 0.9 / 4 elsewhere.
        #expect(abs(Double(ends[3 * 8 + 4] ?? 0) / 4000 - 0.325) < 0.03)
        #expect(abs(Double(ends[4 * 8 + 3] ?? 0) / 4000 - 0.225) < 0.03)
    }
}
