import PlumbGovernance
import PlumbTensor
import Testing

@Suite struct DistributionTests {
    static let texts = [
        "3", "-2.5", "1e+3", "uniform(2,5)", "normal(8.7, 0.35)", "normal90(-2,2)", "lognormal(1,0.5)",
        "lognormal90(11,19.5)", "0.5*lognormal90(2,5) + 0.5*lognormal90(5,9)",
    ]

    @Test(arguments: texts) func samplesAgreeWithQuantiles(_ text: String) throws {
        let distribution = try Distribution(text, of: "a number")
        var random = RandomKey(3)[text].generator()
        let samples = (0..<20_000).map { _ in distribution.sample(&random) }
        for fraction in [0.05, 0.5, 0.95] {
            let quantile = distribution.quantile(fraction)
            let below = samples.count { $0 <= quantile }
            // A known number lies at all its quantiles.
            let expected = text.contains("(") ? fraction : 1
            #expect(abs(Double(below) / 20_000 - expected) < 0.01, "\(text) at \(fraction)")
        }
    }

    @Test func intervalsHoldNinetyPercent() throws {
        let normal = try Distribution("normal90(-2,2)", of: "a number")
        #expect(abs(normal.quantile(0.05) + 2) < 1e-9)
        #expect(abs(normal.quantile(0.95) - 2) < 1e-9)
        let skewed = try Distribution("lognormal90(11,19.5)", of: "a number")
        #expect(abs(skewed.quantile(0.05) - 11) < 1e-9)
        #expect(abs(skewed.cumulative(19.5) - 0.95) < 1e-12)
        #expect(skewed.cumulative(-1) == 0)
    }

    @Test(arguments: [
        ("normal(1,0)", "deviation above 0"), ("normal90(2,-2)", "lower end below its upper end"),
        ("uniform(5,2)", "lower end below its upper end"), ("lognormal90(-1,2)", "ends above 0"), ("nan", "finite"),
        ("inf", "finite"), ("normal(1)", "two numbers"), ("normal(a,b)", "no number"),
        ("beta(1,2)", "distributions are"),
        ("", "no number"), ("0.5*normal(0,1) + 0.6*normal(1,1)", "add up to 1"), ("normal(0,1", "no number"),
    ]) func whatCannotBeSampledIsRefused(_ text: String, _ reason: String) {
        #expect {
            _ = try Distribution(text, of: "the horizon")
        } throws: { error in
            "\(error)".hasPrefix("the horizon \"\(text)\" cannot be sampled: ") && "\(error)".contains(reason)
        }
    }
}
