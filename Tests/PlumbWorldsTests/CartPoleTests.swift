import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct CartPoleTests {
    /// Worked out apart from this code: the two equations of motion, (M + m) x'' + m l θ'' cos θ = F + m l θ'² sin θ and
    /// m l x'' cos θ + 4/3 m l² θ'' = m g l sin θ, solved as a linear system in double precision.
    @Test func stepsFollowTheEquationsOfMotion() {
        let expected: [[Double]] = [
            [0.009600000000000001, 0.17467919574755525, 0.030799999999999998, -0.24306871796000815],
            [0.013093583914951107, 0.3693479760579556, 0.025938625640799833, -0.5258796280501484],
            [0.02048054343611022, 0.17387081260481596, 0.015421033079796864, -0.2251374160923748],
            [0.02395795968820654, 0.3687690101747617, 0.010918284757949367, -0.5129163478026589],
        ]
        var random = RandomKey(1).generator()
        var state = CartPole.State(position: 0.01, velocity: -0.02, angle: 0.03, angularVelocity: 0.04)
        for (action, expected) in zip([CartPole.Action.right, .right, .left, .right], expected) {
            let result = CartPole().step(&state, action, using: &random)
            #expect(result == StepResult(reward: 1))
            let found = [state.position, state.velocity, state.angle, state.angularVelocity]
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-14 }, "\(found)")
        }
    }

    @Test func aPoleThatIsOnlyPushedOneWayFalls() throws {
        let start = CartPole.State()
        #expect(steps(from: start, .right) == 9)
        #expect(steps(from: CartPole.State(angle: 0.1), .left) == 7)
        #expect(steps(from: CartPole.State(position: 2.39, velocity: 1), .right) == 1, "the track ends")
        #expect(steps(from: CartPole.State(position: .nan), .right) == 1, "no number is not upright")
    }

    private func steps(from start: CartPole.State, _ action: CartPole.Action) -> Int {
        var random = RandomKey(1).generator()
        var (state, count) = (start, 0)
        while count < 1000 {
            count += 1
            if CartPole().step(&state, action, using: &random).isOver { return count }
        }
        return count
    }

    @Test func episodesBeginNearTheMiddleAndAreCutOff() throws {
        var random = RandomKey(5).generator()
        let starts = (0..<1000).map { _ in CartPole().start(using: &random) }
        let angles = starts.map(\.angle)
        #expect(angles.allSatisfy { abs($0) <= 0.05 } && (angles.max() ?? 0) > 0.045 && (angles.min() ?? 0) < -0.045)
        // Leaning on angle and speed keeps the pole up for ever.
        let world = CartPole(steps: 200)
        let episode = try world.episode(key: RandomKey(2)) { seen, _ in
            seen.angle + 0.3 * seen.angularVelocity + 0.1 * seen.velocity + 0.05 * seen.position > 0 ? .right : .left
        }
        #expect(episode.isCut && episode.totalReward == 200)
        #expect(CartPole().stepLimit == 500)
        #expect(try world.checkedFeatures(of: CartPole.State(position: 1, velocity: 2, angle: 3)) == [1, 2, 3, 0])
    }
}
