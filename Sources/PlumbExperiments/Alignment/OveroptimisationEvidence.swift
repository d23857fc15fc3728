internal import PlumbAlignment
internal import PlumbTensor

/// What the claims about over-optimisation are tested on: the curves of all tasks of all seeds.
struct OveroptimisationEvidence {
    typealias Outcome = OveroptimizationStudy.Outcome
    typealias Curve = OveroptimizationStudy.Curve

    let study: OveroptimizationStudy
    let tasks: [OveroptimizationStudy.TaskOutcome]
    let key: RandomKey

    /// m, each.
    var counts: [Int] { study.comparisons }
    /// n, each, as numbers.
    var sizes: [Double] { study.sizes.map(Double.init) }
    /// √KL of the best of n.
    var distances: [Double] { study.sizes.map { BestOfN.divergence($0).squareRoot() } }

    func outcomes(_ m: Int) -> [Outcome] {
        counts.firstIndex(of: m).map { index in tasks.map { $0.outcomes[index] } } ?? []
    }

    func gold(_ m: Int, _ curve: (Outcome) -> Curve) -> CurveSample {
        CurveSample(outcomes(m).map { curve($0).gold })
    }

    func proxy(_ m: Int, _ curve: (Outcome) -> Curve) -> CurveSample {
        CurveSample(outcomes(m).map { curve($0).proxy })
    }

    var ideal: CurveSample { CurveSample(tasks.map(\.ideal.gold)) }

    /// n at the peak of a mean curve; 0 where there is none.
    func peak(_ sample: CurveSample) -> Int { Peak.index(of: sample.mean).map { study.sizes[$0] } ?? 0 }

    /// The highest value of a mean curve less its last.
    func fall(_ sample: CurveSample) -> Double {
        let mean = sample.mean
        return Statistics.greatest(mean) - (mean.last ?? .nan)
    }

    /// The smallest step up of a mean curve, from one n to the next: above 0 where it always rises.
    func smallestRise(_ sample: CurveSample) -> Double {
        let mean = sample.mean
        return Statistics.least(zip(mean, mean.dropFirst()).map { $1 - $0 })
    }

    /// Steps from one n to the next in which the learned reward rises and what is wanted falls, in the mean curves; NaN where
    /// one of them holds NaN.
    func parted(_ m: Int, _ curve: (Outcome) -> Curve) -> Double {
        let (gold, proxy) = (gold(m, curve).mean, proxy(m, curve).mean)
        guard !(gold + proxy).contains(where: \.isNaN) else { return .nan }
        return Double(gold.indices.dropFirst().count { proxy[$0] > proxy[$0 - 1] && gold[$0] < gold[$0 - 1] })
    }

    /// How many octaves of n later the peak comes than with a single reward.
    func delay(_ m: Int, _ curve: (Outcome) -> Curve) -> (places: Double, lower: Double, upper: Double) {
        gold(m, curve).delay(after: gold(m, \.single), key: key["delay"][m])
    }

    /// How far fits to each task's shifted means are from the closed form, on average: α from √2 cos, β from 2 c.
    struct Recovery {
        var alpha: Double
        var beta: Double
        /// The mean β, where extremes cost something and where they cost nothing.
        var meanBeta: Double
        var costlessBeta: Double
    }

    var recovery: Recovery {
        var (alpha, beta, mean, costless) = ([Double](), [Double](), [Double](), [Double]())
        for outcome in counts.flatMap({ outcomes($0) }) {
            let fit = FrontierFit(.quadratic, distances: study.distances, values: outcome.shifted)
            alpha.append(abs(fit.alpha - 2.0.squareRoot() * outcome.cosine))
            beta.append(abs(fit.beta - 2 * study.cost))
            mean.append(fit.beta)
            let free = FrontierFit(.quadratic, distances: study.distances, values: outcome.costlessShifted)
            costless.append(abs(free.beta))
        }
        return Recovery(
            alpha: Statistics.mean(alpha), beta: Statistics.mean(beta), meanBeta: Statistics.mean(mean),
            costlessBeta: Statistics.mean(costless))
    }

    /// The fits to the mean curves of the best of n and of the shifted distribution.
    func fits(_ m: Int) -> (bestOfN: [FrontierFit], shifted: [FrontierFit]) {
        let (gold, shifted) = (gold(m, \.single).mean, CurveSample(outcomes(m).map(\.shifted)).mean)
        return (
            FrontierFit.Form.allCases.map { FrontierFit($0, distances: distances, values: gold) },
            FrontierFit.Form.allCases.map { FrontierFit($0, distances: study.distances, values: shifted) }
        )
    }
}
