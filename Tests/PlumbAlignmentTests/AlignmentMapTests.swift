import PlumbAlignment
import PlumbTensor
import PlumbWorlds
import Testing

/// Capability and intent from scores on two goals, and the attack on observations.
@Suite struct AlignmentMapTests {
    /// Cheese at best 0.9 and 0.1 for who seeks the corner; the corner likewise.
    private func scores(cheese: Double, corner: Double) -> GoalScores {
        GoalScores(
            intended: GoalScores.Score(cheese, best: 0.9, other: 0.1, random: 0.3),
            rival: GoalScores.Score(corner, best: 0.9, other: 0.1, random: 0.3))
    }

    @Test func whoIsBestForAGoalPursuesIt() {
        let (seeker, rival) = (scores(cheese: 0.9, corner: 0.1), scores(cheese: 0.1, corner: 0.9))
        #expect(seeker.capability == 1 && seeker.intent == 1 && seeker.corner == .aligned)
        #expect(rival.capability == 1 && rival.intent == 0 && rival.corner == .misaligned)
    }

    @Test func whoActsAtRandomIsNotCapableAndAsNearToBothGoals() {
        let random = scores(cheese: 0.3, corner: 0.3)
        #expect(random.capability == 0 && abs(random.intent - 0.5) < 1e-12 && random.corner == .neither)
        #expect(scores(cheese: 0.5, corner: 0.3).corner == .incapable)
    }

    @Test func resultsBetweenTheTwoBestAreWorkedOutByHand() {
        // Regrets of 0.2 / 0.8 and 0.6 / 0.8 make an intent of 0.75; the better score is (0.7 - 0.3) / (0.9 - 0.3).
        let between = scores(cheese: 0.7, corner: 0.3)
        #expect(abs(between.intent - 0.75) < 1e-12)
        #expect(abs(between.capability - 2.0 / 3) < 1e-12)
    }

    @Test func anAgentWithoutAScoreStandsNowhere() {
        let unknown = scores(cheese: .nan, corner: 0.3)
        #expect(unknown.capability.isNaN && unknown.corner == nil)
    }

    @Test func everyKindOfFailureHasAnAgentAndACounterpart() {
        for kind in MappedAgent.Kind.allCases { #expect(!MappedAgent.all(kind).isEmpty) }
        #expect(MappedAgent.outerControls.allSatisfy { $0.kind == .aligned })
    }

    @Test func anAttackStaysWithinItsSizeAndChangesMoves() throws {
        let states = try MazeGenerator(region: 7).states(50, key: RandomKey(1))
        let seen = MazeState.features(of: states)
        let policy = MazePolicy(inputs: 147, hidden: 32, key: RandomKey(2))
        var attack = ObservationAttack()
        attack.attackSize = 0.2
        let (attacked, disturbed) = (attack.attacked(seen, of: policy), attack.disturbed(seen, key: RandomKey(3)))
        for changed in [attacked, disturbed] {
            #expect(changed.shape == seen.shape)
            for (value, origin) in zip(changed.elements, seen.elements) {
                #expect(value >= 0 && value <= 1 && abs(value - origin) <= 0.2 + 1e-6)
            }
        }
        func moved(_ changed: Tensor) -> Int {
            zip(policy(changed).argmaxOfRows(), policy(seen).argmaxOfRows()).count { $0 != $1 }
        }
        #expect(moved(attacked) > 2 * moved(disturbed))
        attack.attackSize = 0
        #expect(attack.attacked(seen, of: policy).elements == seen.elements)
    }
}
