internal import PlumbBasics

extension PermutationTest {
    /// Compares two measurements of the same things by their differences.
    ///
    /// If the measurements do not differ, each difference is as likely with the other sign: the test counts the choices of
    /// signs whose mean is at least as large as the one found. Differences of 0 have no sign, and change nothing.
    ///
    /// - Parameters:
    ///   - differences: the first measurement less the second, one value a pair.
    ///   - alternative: which means count as large; by default either way.
    ///   - key: of the draws. The same key gives the same p.
    ///   - samples: how many choices are drawn where there are more than `exactLimit`.
    ///   - exactLimit: the most choices that are all compared.
    /// - Precondition: there is at least one difference.
    public init(
        paired differences: [Double], alternative: Alternative = .different, key: RandomKey, samples: Int = 9_999,
        exactLimit: Int = 20_000
    ) {
        require(!differences.isEmpty, "a paired permutation test needs at least one pair")
        require(samples > 0, "a permutation test needs samples")
        let sizes = differences.filter { $0 != 0 }.map(abs)
        let isExact = sizes.count < 62 && 1 << sizes.count <= exactLimit
        guard differences.allSatisfy(\.isFinite) else {
            self.init(difference: Statistics.mean(differences), p: .nan, permutations: 0, isExact: isExact)
            return
        }
        let observed = differences.reduce(0, +)
        // Equal sums must count as equal though they were rounded in another order.
        let tolerance = 1e-12 * sizes.reduce(0, +)
        func isHit(_ sum: Double) -> Bool {
            switch alternative {
            case .different: abs(sum) >= abs(observed) - tolerance
            case .greater: sum >= observed - tolerance
            case .less: sum <= observed + tolerance
            }
        }
        var hits = 0
        if isExact {
            for choice in 0..<1 << sizes.count {
                let sum = sizes.enumerated().reduce(0) { $0 + ($1.offset.isSet(in: choice) ? $1.element : -$1.element) }
                if isHit(sum) { hits += 1 }
            }
            // The choice that was found is one of them, and is counted as the 1 below.
            hits -= 1
        } else {
            var random = key["paired permutation"].generator()
            for _ in 0..<samples {
                var (sum, bits) = (0.0, UInt64(0))
                for (index, size) in sizes.enumerated() {
                    if index.isMultiple(of: 64) { bits = random.next() }
                    sum += bits & 1 == 1 ? size : -size
                    bits >>= 1
                }
                if isHit(sum) { hits += 1 }
            }
        }
        let count = isExact ? (1 << sizes.count) - 1 : samples
        self.init(
            difference: Statistics.mean(differences), p: Double(1 + hits) / Double(1 + count), permutations: count,
            isExact: isExact)
    }
}

extension Int {
    fileprivate func isSet(in choice: Int) -> Bool { choice >> self & 1 == 1 }
}
