import PlumbFoundations
import PlumbTensor
import Testing

/// Exact derivatives of the iterated dilemma against differences.
@Suite struct OpponentShapingTests {
    @Test func derivativesAreThoseOfTheValue() throws {
        let game = try IteratedDilemma()
        var random = RandomKey(3).generator()
        let (one, other) = ((0..<5).map { _ in random.normal() }, (0..<5).map { _ in random.normal() })
        let found = game.derivatives(one, other)
        func moved(_ policy: [Double], _ logit: Int, _ by: Double) -> [Double] {
            var policy = policy
            policy[logit] += by
            return policy
        }
        let h = 1e-4
        for logit in 0..<5 {
            let (up, down) = (moved(one, logit, h), moved(one, logit, -h))
            for player in 0..<2 {
                let slope =
                    (game.derivatives(up, other).values[player] - game.derivatives(down, other).values[player])
                    / (2 * h)
                let exact = player == 0 ? found.own[0][logit] : found.others[1][logit]
                #expect(abs(slope - exact) < 1e-5 * max(1, abs(exact)))
            }
            for second in 0..<5 {
                // ∂²V₂ / ∂θ₁∂θ₂ from the second player's own gradient, and ∂²V₁ from the first's.
                let slope =
                    (game.derivatives(up, other).own[1][second] - game.derivatives(down, other).own[1][second])
                    / (2 * h)
                #expect(abs(slope - found.mixed[0][logit][second]) < 1e-4 * max(1, abs(slope)))
                let (right, left) = (moved(other, second, h), moved(other, second, -h))
                let back =
                    (game.derivatives(one, right).own[0][logit] - game.derivatives(one, left).own[0][logit]) / (2 * h)
                #expect(abs(back - found.mixed[1][second][logit]) < 1e-4 * max(1, abs(back)))
            }
        }
    }

    @Test func knownPairsOfPolicies() throws {
        let game = try IteratedDilemma()
        let (always, never) = ([Double](repeating: 40, count: 5), [Double](repeating: -40, count: 5))
        let titForTat: [Double] = [40, 40, -40, 40, -40]
        #expect(game.worth(always, always).allSatisfy { abs($0 + 1) < 1e-9 })
        #expect(game.worth(titForTat, titForTat).allSatisfy { abs($0 + 1) < 1e-9 })
        // Exploited once, then mutual defection.
        #expect(abs(game.worth(titForTat, never)[0] - (0.04 * -3 + 0.96 * -2)) < 1e-9)
        #expect(throws: FoundationsError.self) { try IteratedDilemma(discount: 1) }
    }
}
