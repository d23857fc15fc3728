import PlumbAlignment
import PlumbTensor
import Testing

/// The office supplies game, worked by hand.
@Suite struct SupplyGameTests {
    private let game = SupplyGame()

    @Test func demonstrationsAreWorthSixtyNine() {
        let plan = game.demonstration
        // One of each is worth 1 whatever θ is, two clips 2θ: never the middle.
        #expect(plan.choices.map(\.option) == [2, 0])
        #expect(plan.choices.map(\.range) == [0...0.5, 0.5...1])
        // Two clips mean θ is 3/4 on average, and 90 · 3/4 is more than 50.
        #expect(plan.answers == [0, 1, 2])
        #expect(abs(game.value(of: plan) - 69) < 1e-12)
    }

    @Test func theBestPairLetsTheHumanSpeakByTheMiddleOption() {
        let plan = game.bestPair
        #expect(plan.answers == [0, 1, 2] && plan.choices.map(\.option) == [2, 1, 0])
        #expect(abs(plan.choices[1].range.lowerBound - 41.0 / 92) < 1e-12)
        #expect(abs(plan.choices[1].range.upperBound - 51.0 / 92) < 1e-12)
        let closed = 92 * (1 - 51.0 * 51 / 92 / 92) + 51 * 10.0 / 92
        #expect(abs(game.value(of: plan) - closed) < 1e-9 && abs(closed - 69.272) < 5e-4)
        // It is a pair of best responses.
        #expect(game.answers(to: plan.choices) == plan.answers)
        #expect(game.response(to: plan.answers) == plan)
        #expect(plan.choice(0.2) == 2 && plan.choice(0.5) == 1 && plan.choice(0.9) == 0)
    }

    @Test func aSearchWithoutTheClosedFormFindsTheSame() {
        let search = game.search(cells: 4001)
        #expect(abs(search.demonstration - 69) < 0.01)
        #expect(abs(search.value - game.value(of: game.bestPair)) < 0.01)
        #expect(search.rounds >= 2 && search.rounds < 10)
        let known = game.search(cells: 4001, robotKnows: true)
        #expect(known.value == known.demonstration)
        #expect(abs(known.value - game.informedValue) < 0.01)
        // Knowing is worth more than being told.
        #expect(game.informedValue > game.value(of: game.bestPair))
    }

    @Test func playEarnsWhatThePlansAreWorth() {
        let (best, shown) = (game.bestPair, game.demonstration)
        let played = game.played(best, shown, games: 100_000, key: RandomKey(6))
        #expect(abs(played.first - game.value(of: best)) < 4 * played.firstError)
        #expect(abs(played.second - game.value(of: shown)) < 4 * played.secondError)
        #expect(played.first - played.second > 4 * played.differenceError)
        #expect(played.differenceError < played.firstError)
    }

    @Test func aGameWithoutAnythingToSayHasNoGap() {
        // One thing to make: nothing can be said with it, and the robot goes by the mean of θ.
        let mute = SupplyGame(human: [SupplyGame.Supplies(1, 1)])
        #expect(mute.value(of: mute.bestPair) == mute.value(of: mute.demonstration))
        #expect(abs(mute.value(of: mute.bestPair) - 51) < 1e-12)
        #expect(mute.demonstration.answers == [1])
    }
}
