import Foundation
import PlumbTensor
import Testing

/// Exact intervals against published values and against the binomial distribution itself.
@Suite struct ProportionIntervalTests {
    private func expect(_ k: Int, of n: Int, is lower: Double, _ upper: Double, level: Double = 0.95) {
        let found = Statistics.proportionInterval(successes: k, of: n, level: level)
        #expect(abs(found.lower - lower) < 6e-5 && abs(found.upper - upper) < 6e-5, "\(k) of \(n): \(found)")
    }

    @Test func knownIntervals() {
        expect(0, of: 10, is: 0, 0.3085)
        expect(5, of: 10, is: 0.1871, 0.8129)
        expect(10, of: 10, is: 0.6915, 1)
        expect(1, of: 1, is: 0.025, 1)
        // Nothing in n: the upper end is 1 - tail^(1/n).
        expect(0, of: 1000, is: 0, 1 - pow(0.025, 1 / 1000))
        expect(0, of: 3, is: 0, 1 - pow(0.05, 1 / 3.0), level: 0.9)
    }

    @Test func theEndsHaveTheTailsTheyShould() {
        func atLeast(_ k: Int, _ n: Int, _ p: Double) -> Double {
            (k...n).reduce(0) { sum, successes in
                var ways = 1.0
                for i in 0..<successes { ways = ways * Double(n - i) / Double(i + 1) }
                return sum + ways * pow(p, Double(successes)) * pow(1 - p, Double(n - successes))
            }
        }
        for (k, n) in [(1, 7), (3, 12), (19, 20), (40, 100)] {
            let (lower, upper) = Statistics.proportionInterval(successes: k, of: n)
            #expect(abs(atLeast(k, n, lower) - 0.025) < 1e-9, "\(k) of \(n)")
            #expect(abs(1 - atLeast(k + 1, n, upper) - 0.025) < 1e-9, "\(k) of \(n)")
        }
    }

    @Test func theIncompleteBetaFunctionInClosedForm() {
        for x in [0.0, 1e-9, 0.1, 0.37, 0.5, 0.9, 1] {
            #expect(abs(Statistics.regularizedIncompleteBeta(x, a: 1, b: 1) - x) < 1e-14)
            #expect(abs(Statistics.regularizedIncompleteBeta(x, a: 3, b: 1) - x * x * x) < 1e-14)
            let arc = 2 / Double.pi * asin(x.squareRoot())
            #expect(abs(Statistics.regularizedIncompleteBeta(x, a: 0.5, b: 0.5) - arc) < 1e-13, "\(x)")
        }
        // Half of a symmetric distribution, also where it is narrow.
        #expect(abs(Statistics.regularizedIncompleteBeta(0.5, a: 5000, b: 5000) - 0.5) < 1e-10)
        #expect(Statistics.regularizedIncompleteBeta(.nan, a: 2, b: 2).isNaN)
    }

    @Test func quantilesUndoTheFunction() {
        for probability in [0.001, 0.3, 0.975] {
            for (a, b) in [(0.5, 4.0), (2, 2), (30, 400)] {
                let x = Statistics.betaQuantile(probability, a: a, b: b)
                #expect(abs(Statistics.regularizedIncompleteBeta(x, a: a, b: b) - probability) < 1e-12)
            }
        }
    }
}
