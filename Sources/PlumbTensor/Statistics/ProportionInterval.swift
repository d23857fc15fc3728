internal import PlumbBasics

extension Statistics {
    /// The exact interval of a proportion (Clopper, Pearson 1934, *The Use of Confidence or Fiducial Limits Illustrated in
    /// the Case of the Binomial*).
    ///
    /// Its ends are the proportions under which as many successes or more, and as many or fewer, have the probability
    /// (1 - level) / 2: the quantiles of the beta distributions (k, n - k + 1) and (k + 1, n - k). It covers the true
    /// proportion with at least the stated probability, whatever that proportion is.
    ///
    /// - Parameters:
    ///   - successes: k.
    ///   - trials: n, at least 1.
    ///   - level: the coverage, 0.95 for a 95 % interval.
    public static func proportionInterval(
        successes: Int, of trials: Int, level: Double = 0.95
    ) -> (lower: Double, upper: Double) {
        require(
            trials > 0 && successes >= 0 && successes <= trials, "\(successes) of \(trials) is no proportion")
        require(level > 0 && level < 1, "an interval needs a level in (0, 1), got \(level)")
        let (k, n, tail) = (Double(successes), Double(trials), (1 - level) / 2)
        return (
            successes == 0 ? 0 : betaQuantile(tail, a: k, b: n - k + 1),
            successes == trials ? 1 : betaQuantile(1 - tail, a: k + 1, b: n - k)
        )
    }

    /// The x at which ``regularizedIncompleteBeta(_:a:b:)`` is `probability`, by bisection to the last digit.
    ///
    /// - Precondition: the probability is in 0...1.
    public static func betaQuantile(_ probability: Double, a: Double, b: Double) -> Double {
        require(
            probability >= 0 && probability <= 1, "a quantile needs a probability in 0...1, got \(probability)")
        var (below, above) = (0.0, 1.0)
        while true {
            let middle = (below + above) / 2
            guard middle > below && middle < above else { return middle }
            if regularizedIncompleteBeta(middle, a: a, b: b) < probability { below = middle } else { above = middle }
        }
    }
}
