import PlumbFoundations
import PlumbTensor
import Testing

/// Races against their closed forms, and a market against its own.
@Suite struct SafetyRaceTests {
    @Test func risksAtKnownPoints() throws {
        let known: [(Int, Double, Double, [Double])] = [
            (2, 1, 1, [0.5, 0.6667, 0.6667]), (5, 1, 1, [0.8, 0.8333, 0.8333]), (2, 1, 2, [0, 0.3333, 0.4167]),
            (5, 1, 4, [0.2, 0.3333, 0.4520]), (2, 0.5, 0.5, [0.5, 0.7778, 0.6667]), (5, 1, 2, [0.6, 0.6667, 0.6719]),
            (5, 0.5, 1, [0.6, 0.7222, 0.6719]), (3, 0, 1, [0, 0.25, 0]),
        ]
        for (teams, enmity, range, risks) in known {
            let race = try SafetyRace(teams: teams, enmity: enmity, range: range)
            for (information, risk) in zip(SafetyRace.Information.allCases, risks) {
                #expect(abs(race.risk(information) - risk) < 6e-5, "\(race) \(information)")
            }
        }
    }

    @Test func learningEndsInTheEquilibrium() throws {
        let race = try SafetyRace(teams: 3, enmity: 0.6, range: 1)
        let learning = RaceLearning(race)
        let own = learning.learned(.own, key: RandomKey(1))
        #expect(abs(own(0.6) - 0.2727) < 0.01)
        #expect(abs(learning.learned(.none, key: RandomKey(2))(0) - race.blindSafety) < 0.01)
        let all = learning.learned(.all, key: RandomKey(3))
        for lead in [0.1, 0.3, 0.5, 0.8] { #expect(abs(all(lead) - race.safety(lead: lead)) < 0.02) }
    }

    @Test func aRaceThatCannotBeRunIsRefused() {
        #expect(throws: FoundationsError.self) { try SafetyRace(teams: 1, enmity: 1, range: 1) }
        #expect(throws: FoundationsError.self) { try SafetyRace(teams: 2, enmity: 1.5, range: 1) }
        #expect(throws: FoundationsError.self) { try SafetyRace(teams: 2, enmity: 1, range: 0) }
        #expect(throws: FoundationsError.self) { try CautionMarket(caution: [0.5, 1.2], cost: 1) }
    }

    @Test func aMarketOfEqualFirmsFollowsTheLogisticCurve() throws {
        let market = try CautionMarket(caution: [0.5, 0.5, 0.5], cost: 1)
        // x(t) = 1 / (1 + e^t) from one half on.
        #expect(abs(market.means(duration: 2, steps: 100)[100] - 0.11920292202211755) < 1e-6)
        #expect(
            try CautionMarket(caution: [0.2, 0.7], cost: 0).means(duration: 9, steps: 9).allSatisfy {
                abs($0 - 0.45) < 1e-12
            })
    }
}
