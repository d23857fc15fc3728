internal import Foundation
internal import PlumbBasics

extension Statistics {
    /// ln Γ(x) for x > 0, to about 15 digits (Lanczos 1964, *A Precision Approximation of the Gamma Function*, with g = 7
    /// and nine terms).
    static func logGamma(_ x: Double) -> Double {
        let terms = [
            0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
            12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
        ]
        // Γ(x) = Γ(x + 1) / x keeps the argument where the series is good.
        guard x >= 0.5 else { return logGamma(x + 1) - log(x) }
        let z = x - 1
        let series = terms.indices.dropFirst().reduce(terms[0]) { $0 + terms[$1] / (z + Double($1)) }
        let t = z + 7.5
        return 0.5 * log(2 * .pi) + (z + 0.5) * log(t) - t + log(series)
    }

    /// The regularized incomplete beta function
    /// `I_x(a, b) = Γ(a + b) / (Γ(a) Γ(b)) ∫₀ˣ tᵃ⁻¹ (1 - t)ᵇ⁻¹ dt`: the probability that a beta variable is at most x.
    ///
    /// Its continued fraction is evaluated from the front (Lentz 1976, *Generating Bessel functions in Mie scattering
    /// calculations using continued fractions*), on the side of the mean where it converges fast.
    ///
    /// - Precondition: a and b are above 0, and x is in 0...1 or NaN, which gives NaN.
    public static func regularizedIncompleteBeta(_ x: Double, a: Double, b: Double) -> Double {
        require(a > 0 && b > 0, "the incomplete beta function needs a and b above 0, got \(a) and \(b)")
        guard !x.isNaN else { return .nan }
        require(x >= 0 && x <= 1, "the incomplete beta function needs x in 0...1, got \(x)")
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // I_x(a, b) = 1 - I_{1 - x}(b, a)
        guard x <= (a + 1) / (a + b + 2) else { return 1 - tail(1 - x, b, a) }
        return tail(x, a, b)
    }

    private static func tail(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let front = a * log(x) + b * log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)
        return exp(front) * betaFraction(x, a, b) / a
    }

    /// 1 / (1 + d₁ / (1 + d₂ / (1 + …))), whose d are those of the incomplete beta function.
    private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var fraction = d
        // About √(a + b) terms are needed; far beyond that nothing changes any more.
        for step in 1...100_000 {
            let m = Double(step)
            for part in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 / kept(1 + part * d)
                c = kept(1 + part / c)
                fraction *= c * d
            }
            if abs(c * d - 1) < 1e-15 { break }
        }
        return fraction
    }
}
