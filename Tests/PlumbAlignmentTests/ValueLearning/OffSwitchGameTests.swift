import PlumbAlignment
import PlumbTensor
import Testing

/// The off-switch game against its closed form, against play, and where the argument ends.
@Suite struct OffSwitchGameTests {
    private func incentive(_ mean: Double, _ deviation: Double = 1, _ human: OffSwitchGame.Human = .rational) -> Double
    {
        OffSwitchGame(mean: mean, deviation: deviation, human: human).incentive
    }

    @Test func theIncentiveAtKnownPoints() {
        let known = [0: 0.3989, 0.25: 0.2863, 0.5: 0.1978, 1: 0.0833, 2: 0.0085]
        for (mean, value) in known {
            #expect(abs(incentive(mean) - value) < 5e-5, "\(mean)")
            // Uncertainty counts from 0: acting for certain and stopping for certain are alike.
            #expect(abs(incentive(-mean) - value) < 5e-5, "\(-mean)")
            // Utilities in another unit.
            #expect(abs(incentive(3 * mean, 3) - 3 * value) < 1.5e-4)
        }
    }

    @Test func aNoisyHumanCanMakeWaitingCostly() {
        // Where μ = σ² / 2T, e^(-u/T) turns the density at u into that at -u and the chance of being allowed at u into that
        // at -u, so what the human forgoes, E[U (1 - allowed)], is its own negative: waiting costs and gains nothing.
        #expect(abs(incentive(0.5, 1, .noisy(temperature: 1))) < 1e-12)
        #expect(abs(incentive(2, 4, .noisy(temperature: 4))) < 1e-11)
        // Simulated by another program, to three digits.
        let known = [(0.5, 0.25, 0.167), (0.5, 4, -0.173), (1, 0.25, 0.06), (1, 1, -0.125), (1, 4, -0.378)]
        for (mean, temperature, value) in known {
            #expect(abs(incentive(mean, 1, .noisy(temperature: temperature)) - value) < 1.2e-3)
        }
        // Hardly any noise is a rational human, and nothing but noise is a coin.
        #expect(abs(incentive(0.5, 1, .noisy(temperature: 1e-4)) - incentive(0.5)) < 1e-3)
        #expect(abs(incentive(0.5, 1, .noisy(temperature: 1e6)) + 0.25) < 1e-5)
    }

    @Test func whoIsSureGainsNothingByWaiting() {
        for mean in [-2, -0.5, 0, 0.5, 2] {
            #expect(incentive(mean, 0) == 0)
            #expect(incentive(mean, 0, .noisy(temperature: 0.5)) <= 0)
            let played = OffSwitchGame(mean: mean, deviation: 0).played(100, key: RandomKey(1))
            #expect(played.incentive == 0 && played.standardError == 0)
            #expect(played.switchedOff == (mean < 0 ? 1 : 0))
        }
    }

    @Test func playAgreesWithTheFormulaAndNotWithAnother() {
        for (index, mean) in [-1, 0, 0.25, 0.5, 2].enumerated() {
            for human in [OffSwitchGame.Human.rational, .noisy(temperature: 0.25), .noisy(temperature: 4)] {
                let game = OffSwitchGame(mean: mean, deviation: 1.5, human: human)
                let played = game.played(40_000, key: RandomKey(2)[index])
                #expect(played.standardError > 0 && played.standardError < 0.02)
                #expect(abs(played.incentive - game.incentive) < 4.5 * played.standardError, "\(game)")
                #expect(played == game.played(40_000, key: RandomKey(2)[index]))
            }
        }
        let other = OffSwitchGame(mean: 0, deviation: 1).played(40_000, key: RandomKey(3))
        #expect(abs(other.incentive - incentive(0.5)) > 20 * other.standardError)
    }
}
