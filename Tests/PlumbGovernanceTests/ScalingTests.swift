import PlumbGovernance
import PlumbTensor
import Testing

@Suite struct ScalingTests {
    private func chinchilla() throws -> [ScalingPoint] {
        ScalingPoint.dropping(5, worstOf: try ScalingPoint.read(ScalingPoint.chinchillaTable, of: "the table"))
    }

    @Test func theFigureGivesTheConstantsOfTheReplication() throws {
        let points = try chinchilla()
        #expect(points.count == 240)
        let law = ScalingLaw.fit(points)
        #expect(abs(law.a - 477.8) < 15 && abs(law.b - 2143) < 80)
        #expect(abs(law.e - 1.8172) < 2e-3 && abs(law.alpha - 0.3473) < 2e-3 && abs(law.beta - 0.3672) < 2e-3)
        #expect(law.objective(points) < 0.0010190)
        #expect(abs(ScalingLaw.hoffmannRounded.objective(points) - 0.004121) < 2e-6)
        #expect(abs(ScalingLaw.hoffmann.objective(points) - 0.001231) < 2e-6)
    }

    @Test func aKnownLawIsFound() {
        let truth = ScalingLaw(a: 300, b: 900, e: 1.5, alpha: 0.3, beta: 0.35)
        let points = [1e6, 1e7, 1e8, 1e9].flatMap { size in
            [1e8, 1e9, 1e10, 1e11].map {
                ScalingPoint(parameters: size, tokens: $0, loss: truth.loss(parameters: size, tokens: $0))
            }
        }
        let law = ScalingLaw.fit(points)
        #expect(law.objective(points) < 1e-8)
        #expect(abs(law.alpha - 0.3) < 0.01 && abs(law.e - 1.5) < 0.02)
    }

    /// One end of the sizes is worse and all others are alike: the exponent that fits best is without bound.
    @Test(arguments: [1e4, 1e40], [1.0, 32]) func aStepInTheLossesStillGivesALawThatPredicts(
        smallest: Double, worse: Double
    ) {
        let points = [1.0, 2, 4, 8, 16, 32].flatMap { size in
            [1e6, 4e6, 16e6].map { tokens in
                ScalingPoint(parameters: smallest * size, tokens: tokens, loss: size == worse ? 3 : 2)
            }
        }
        let law = ScalingLaw.fit(points)
        #expect(law.a.isFinite && law.b.isFinite && law.e.isFinite)
        #expect(law.loss(parameters: smallest * 64, tokens: 4e6).isFinite)
    }

    @Test func theOptimumIsTheLeastLossForItsComputation() {
        let law = ScalingLaw(a: 477.8, b: 2143, e: 1.817, alpha: 0.3473, beta: 0.3672)
        let (parameters, tokens) = law.optimum(flop: 5.76e23)
        #expect(abs(6 * parameters * tokens / 5.76e23 - 1) < 1e-9)
        // The reference's 72 billion parameters with 18 tokens each.
        #expect(abs(parameters / 72.2e9 - 1) < 0.03 && abs(tokens / parameters - 18.4) < 0.8)
        let least = law.loss(parameters: parameters, tokens: tokens)
        for factor in [0.5, 0.9, 1.1, 2] {
            #expect(law.loss(parameters: parameters * factor, tokens: tokens / factor) > least)
        }
    }

    @Test(arguments: [
        ("parameters,loss\n1,2\n", "no column flop"), ("", "is empty"),
        ("parameters,flop,loss\n1,2\n", "nothing in column loss"),
        ("parameters,flop,loss\n1,x,3\n", "\"x\" in column flop of line 2"),
        ("parameters,flop,loss\n1,2,3\n", "1 runs"),
        ("parameters,flop,loss\n" + String(repeating: "1,2,-3\n", count: 9), "above 0"),
    ]) func tablesThatCannotBeFittedAreRefused(_ text: String, _ reason: String) {
        #expect {
            _ = try ScalingPoint.read(text, of: "runs.csv")
        } throws: { "\($0)".hasPrefix("runs.csv ") && "\($0)".contains(reason) }
    }
}
