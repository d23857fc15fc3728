import PlumbGovernance
import PlumbTensor
import Testing

@Suite struct TimelineTests {
    @Test func spendingAndHardwareDoubleUntilTheirLimits() {
        var supply = ComputeSupply()
        (supply.flopPerDollar, supply.spending, supply.outputGrowth) = (10, 3, 1)
        (supply.hardwareCeiling, supply.hardwareDoubling, supply.spendingDoubling) = (40, 2, 1e9)
        // Far below both limits twenty years are ten doublings.
        #expect(abs(supply.affordable(2045) - supply.affordable(2025) - 3.0103) < 1e-4)
        #expect(abs(supply.affordable(2025) - 13) < 1e-4)
        (supply.hardwareCeiling, supply.years) = (12, 1000)
        #expect(abs(supply.affordable(3000) - 15) < 1e-4)
    }

    @Test func theYearIsTheFirstInWhichTheRequirementIsAffordable() {
        let supply = ComputeSupply()
        for requirement in stride(from: 24.0, to: 45, by: 0.37) {
            func affords(_ year: Int) -> Bool {
                requirement - supply.reduction(requirement, year) <= supply.affordable(year)
            }
            let year = supply.year(affording: requirement)
            #expect(year == (supply.firstYear...supply.lastYear).first(where: affords) ?? supply.lastYear + 1)
        }
    }

    @Test func nothingChangesWithoutGrowth() {
        let still = ComputeSupply().withoutGrowth
        #expect(still.affordable(2125) == still.affordable(2025))
        #expect(still.reduction(35, 2125) == 0)
        #expect(still.year(affording: 30) == still.lastYear + 1)
    }

    @Test func anAnchorIsTheSumOfItsParts() throws {
        var anchors = BiologicalAnchors()
        (anchors.brain, anchors.transformative, anchors.mediumHorizon) = ("15", "0.5", "4")
        (anchors.scalingExponent, anchors.flopPerParameter) = ("0.8", "1")
        let drawn = try anchors.requirement().samples(3, of: .medium, key: RandomKey(1))
        // 15 + 1 + 0.5 + 4 + 12 + 0.8 (15 + 1 - 1 - 11.2)
        for value in drawn { #expect(abs(value - 35.54) < 1e-9) }
    }

    @Test func modelsThatDifferInOneQuantityShareTheOthers() throws {
        let model = try BiologicalAnchors().requirement()
        let one = model.samples(500, of: .evolution, key: RandomKey(5))
        let other = model.knowing(.brain, atQuantile: 0.95).samples(500, of: .evolution, key: RandomKey(5))
        #expect(one == other)
        #expect(one != model.knowing(.ancestors, atQuantile: 0.95).samples(500, of: .evolution, key: RandomKey(5)))
    }

    @Test func aQuantityOfAnAnchorWithoutWeightDoesNotMatter() throws {
        let model = try BiologicalAnchors().requirement().without(.evolution)
        #expect(abs(model.weights.reduce(0, +) - 1) < 1e-12)
        let swing = TimelineSensitivity().swing(
            of: .ancestors, in: model, ComputeSupply(), samples: 500, key: RandomKey(2))
        #expect(swing.size == 0)
    }

    @Test func weightsThatAreNoProbabilitiesAreRefused() {
        var anchors = BiologicalAnchors()
        anchors.weights[0] = 1.2
        #expect(throws: GovernanceError("the weight of lifetime is 1.2: a probability lies from 0 to 1")) {
            try anchors.requirement()
        }
        anchors.weights[0] = 0.5
        #expect { try anchors.requirement() } throws: { "\($0)".contains("add up to 1") }
        anchors.weights = [1]
        #expect { try anchors.requirement() } throws: { "\($0)".contains("7 anchors, found 1") }
    }
}
