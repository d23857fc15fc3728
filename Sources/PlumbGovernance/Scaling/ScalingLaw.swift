internal import Foundation
public import PlumbTensor

/// The loss as a function of parameters and tokens, `L = E + A / N^α + B / D^β` (Hoffmann et al. 2022, *Training
/// Compute-Optimal Large Language Models*, arXiv:2203.15556).
public struct ScalingLaw: Sendable, Codable, Equatable {
    /// A, of the parameters' term.
    public var a: Double
    /// B, of the tokens' term.
    public var b: Double
    /// E, the loss that is left.
    public var e: Double
    /// α, the exponent of the parameters.
    public var alpha: Double
    /// β, the exponent of the tokens.
    public var beta: Double

    /// A law from its constants.
    public init(a: Double, b: Double, e: Double, alpha: Double, beta: Double) {
        (self.a, self.b, self.e, self.alpha, self.beta) = (a, b, e, alpha, beta)
    }

    /// Hoffmann et al.'s constants as printed, with two digits in the exponents.
    public static let hoffmannRounded = ScalingLaw(a: 406.4, b: 410.7, e: 1.69, alpha: 0.34, beta: 0.28)
    /// The same with the digits of the paper's source.
    public static let hoffmann = ScalingLaw(
        a: exp(6.0073404), b: exp(6.0179186), e: exp(0.5267228), alpha: 0.33917084, beta: 0.2849083)

    /// The loss of a model of N parameters trained on D tokens.
    public func loss(parameters: Double, tokens: Double) -> Double {
        e + a / pow(parameters, alpha) + b / pow(tokens, beta)
    }

    /// The parameters with which `flop` = 6 N D gives the least loss; the tokens follow.
    public func optimum(flop: Double) -> (parameters: Double, tokens: Double) {
        // d/dN of A N^-α + B (6 N / C)^β is 0
        let scale = pow(alpha * a / (beta * b), 1 / (alpha + beta))
        let parameters = scale * pow(flop / 6, beta / (alpha + beta))
        return (parameters, flop / 6 / parameters)
    }

    /// The sum of Huber losses (δ = 0.001) of the logarithms of the losses: what a fit makes least.
    public func objective(_ points: [ScalingPoint]) -> Double {
        ScalingFit(points).value(of: [log(a), log(b), log(e), alpha, beta]).value
    }

    /// The law with the least objective, from a grid of starts. Losses without order can ask for an A or B beyond the largest
    /// or below the least number, with an exponent to match; these make no law, and the best of the others is taken.
    public static func fit(_ points: [ScalingPoint]) -> ScalingLaw {
        let fit = ScalingFit(points)
        let least = log(points.map(\.loss).min() ?? 1)
        var best: (value: Double, place: [Double])?
        for a in [0.0, 6, 12] {
            for b in [0.0, 7, 14] {
                for e in [least - 0.7, least - 0.1] {
                    for exponent in [0.2, 0.5] {
                        let found = QuasiNewton.minimize(from: [a, b, e, exponent, exponent], fit.value)
                        let isLaw =
                            found.place.prefix(2).allSatisfy { exp($0).isNormal } && exp(found.place[2]).isFinite
                        if isLaw, found.value < best?.value ?? .infinity { best = found }
                    }
                }
            }
        }
        return ScalingLaw(logarithms: best?.place ?? [0, 0, 0, 0, 0])
    }

    /// The law with the least objective, from this one.
    public func refitted(_ points: [ScalingPoint]) -> ScalingLaw {
        ScalingLaw(
            logarithms: QuasiNewton.minimize(
                from: [log(a), log(b), log(e), alpha, beta], ScalingFit(points).value
            ).place)
    }

    /// Laws of resampled points.
    public func resampled(_ points: [ScalingPoint], resamples: Int, key: RandomKey) -> [ScalingLaw] {
        var random = key["resamples"].generator()
        return (0..<resamples).map { _ in
            refitted(points.indices.map { _ in points[random.index(below: points.count)] })
        }
    }

    private init(logarithms place: [Double]) {
        self.init(a: exp(place[0]), b: exp(place[1]), e: exp(place[2]), alpha: place[3], beta: place[4])
    }
}

/// The objective of a scaling law, with its gradient, as a function of (ln A, ln B, ln E, α, β).
struct ScalingFit {
    private let points: [(n: Double, d: Double, loss: Double)]

    init(_ points: [ScalingPoint]) {
        self.points = points.map { (log($0.parameters), log($0.tokens), log($0.loss)) }
    }

    func value(of place: [Double]) -> (value: Double, gradient: [Double]) {
        let delta = 1e-3
        var (value, gradient) = (0.0, [Double](repeating: 0, count: 5))
        for point in points {
            let terms = (place[0] - place[3] * point.n, place[1] - place[4] * point.d, place[2])
            let top = max(terms.0, terms.1, terms.2)
            let parts = (exp(terms.0 - top), exp(terms.1 - top), exp(terms.2 - top))
            let sum = parts.0 + parts.1 + parts.2
            let error = top + log(sum) - point.loss
            value += abs(error) <= delta ? error * error / 2 : delta * (abs(error) - delta / 2)
            let slope = min(max(error, -delta), delta) / sum
            gradient[0] += slope * parts.0
            gradient[1] += slope * parts.1
            gradient[2] += slope * parts.2
            gradient[3] -= slope * parts.0 * point.n
            gradient[4] -= slope * parts.1 * point.d
        }
        return (value, gradient)
    }
}
