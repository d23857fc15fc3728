internal import PlumbBasics

extension Statistics {
    /// How closely `y` follows a straight line in `x`, -1...1 (Pearson 1895); NaN where either varies by no more than
    /// rounding.
    ///
    /// - Precondition: as many of one as of the other.
    public static func pearson(_ x: [Double], _ y: [Double]) -> Double {
        require(x.count == y.count, "a correlation needs pairs, got \(x.count) and \(y.count) values")
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for (a, b) in zip(centered(x).values, centered(y).values) {
            xx += a * a
            yy += b * b
            xy += a * b
        }
        guard xx > 0 && yy > 0 else { return .nan }
        return min(1, max(-1, xy / (xx.squareRoot() * yy.squareRoot())))
    }

    /// How closely the order of `y` follows that of `x`, -1...1: the correlation of their ranks
    /// (Spearman 1904, *The Proof and Measurement of Association between Two Things*); NaN where either does not vary or
    /// holds NaN.
    public static func spearman(_ x: [Double], _ y: [Double]) -> Double {
        // Numbers among which one is none have no order.
        (x + y).contains(where: \.isNaN) ? .nan : pearson(ranks(x), ranks(y))
    }

    /// The place of each value in rising order, counted from 1; equal values share the mean of their places.
    public static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        var ranks = [Double](repeating: 0, count: values.count)
        var first = 0
        while first < order.count {
            var last = first
            while last + 1 < order.count && values[order[last + 1]] == values[order[first]] { last += 1 }
            for place in first...last { ranks[order[place]] = Double(first + last) / 2 + 1 }
            first = last + 1
        }
        return ranks
    }
}
