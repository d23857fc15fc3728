import Foundation
import PlumbGovernance
import PlumbRecords
import PlumbTensor
import Testing

@Suite struct CruxTests {
    private func argument(_ credences: [Double]) throws -> Argument { try Argument(credences, of: "someone") }

    @Test func carlsmithsProductAndItsBounds() throws {
        let carlsmith = try CruxPositions().camps()[0]
        #expect(abs(carlsmith.conclusion - 0.051376) < 1e-12)
        #expect(carlsmith.bounds == 0...0.4)
        #expect(try argument([0.9, 0.95]).bounds.lowerBound > 0.8499)
    }

    @Test func sensitivityIsTheDerivativeOfTheLogOdds() throws {
        let base = try argument([0.65, 0.4, 0.9])
        func logOdds(_ p: Double) -> Double { log(p / (1 - p)) }
        for premise in 0..<3 {
            var moved = base
            moved.credences[premise] = 1 / (1 + exp(-(logOdds(base.credences[premise]) + 1e-5)))
            let slope = (logOdds(moved.conclusion) - logOdds(base.conclusion)) / 1e-5
            #expect(abs(slope - base.sensitivity(premise)) < 1e-4)
        }
    }

    @Test func informationIsWorthTheExpectedMove() throws {
        let base = try argument([0.5, 0.4])
        // Known to hold: 0.4, else 0, each with probability 1/2; before 0.2.
        #expect(abs(base.valueOfInformation(0) - 0.2) < 1e-12)
        #expect(try argument([1, 0.4]).valueOfInformation(0) == 0)
    }

    @Test func agreementWhereTheCampsAgreeClosesNothing() throws {
        let pair = DoubleCrux(try argument([0.5, 0.4]), try argument([0.5, 0.1]))
        #expect(pair.weight(0) == 0 && pair.order == [1, 0] && pair.best == 1)
        #expect(pair.gap(agreeingOn: 0) == pair.gap)
        #expect(pair.gap(agreeingOn: 1) < 1e-12)
    }

    private func evidence(met: Int, of count: Int, controlMet: Int) throws -> Evidence {
        let control = ControlResult("c", observed: 0, holds: true, met: controlMet)
        let claim = ClaimResult("s", threshold: "t", observed: 1, holds: true, control: control, n: count, met: met)
        return try #require(Evidence(claim, of: "x"))
    }

    @Test func equalEvidenceLeavesOddsEqual() throws {
        let (strong, weak) = (try evidence(met: 6, of: 6, controlMet: 6), try evidence(met: 3, of: 6, controlMet: 4))
        #expect(strong.likelihoodRatio == 7)
        #expect(abs(weak.likelihoodRatio - 4.0 / 3) < 1e-12)
        let updating = Updating()
        #expect(updating.distance([(strong, true), (weak, false)], [(weak, false), (strong, true)]) == 0)
        #expect(updating.distance([(strong, true)], [(strong, false)]) > 0.9)
        // Two camps that see the same record keep the ratio of their odds.
        let (one, other) = (try argument([0.4]), try argument([0.1]))
        let shift = updating.shift(strong, supports: true)
        func odds(_ p: Double) -> Double { p / (1 - p) }
        let ratio =
            odds(updating.updated(one, 0, by: shift).conclusion)
            / odds(updating.updated(other, 0, by: shift).conclusion)
        #expect(abs(ratio - odds(0.4) / odds(0.1)) < 1e-9)
    }

    @Test func oneRecordMovesOddsByTheCapAtMost() throws {
        var updating = Updating()
        (updating.cap, updating.relevance) = (3, 1)
        let strong = try evidence(met: 50, of: 50, controlMet: 50)
        #expect(abs(updating.shift(strong, supports: true) - log(3)) < 1e-12)
        #expect(updating.updated(try argument([1]), 0, by: -1).conclusion == 1)
    }

    @Test func namesDealtAtRandomTellLittle() throws {
        let camps = try CruxPositions().camps()
        let people = try Respondents(of: camps, count: 500, spread: 0.5, key: RandomKey(1))
        let value = people.valueOfCamp(\.conclusion)
        #expect(value > 5 * people.shuffled(key: RandomKey(2)).valueOfCamp(\.conclusion))
    }

    @Test func credencesThatAreNoProbabilitiesAreRefused() {
        var positions = CruxPositions()
        positions.carlsmith[2] = 1.4
        #expect(throws: GovernanceError("Carlsmith's credence in premise 3 is 1.4: a probability lies from 0 to 1")) {
            try positions.camps()
        }
        positions.carlsmith = [0.5]
        #expect { try positions.camps() } throws: { "\($0)".contains("has 1 credences") }
    }

    @Test func peopleOfOneCampHaveNoPairs() throws {
        let camp = try Argument([0.5, 0.5], of: "a camp")
        let people = try Respondents(of: [camp], count: 20, spread: 0.5, key: RandomKey(1))
        #expect(people.orderIsBest(pairs: 10, key: RandomKey(2)).ordered.isNaN)
    }
}
