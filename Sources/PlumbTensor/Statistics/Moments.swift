/// Mean and variance of numbers that come one by one, without the cancellation of `E[x²] - E[x]²`
/// (Welford 1962, *Note on a Method for Calculating Corrected Sums of Squares and Products*).
public struct Moments: Sendable, Equatable {
    /// How many numbers came.
    public private(set) var count = 0
    /// Their mean; 0 of none.
    public private(set) var mean = 0.0
    private var squares = 0.0

    /// The moments of no numbers.
    public init() {}

    /// Takes in one number.
    public mutating func add(_ value: Double) {
        count += 1
        let before = value - mean
        mean += before / Double(count)
        squares += before * (value - mean)
    }

    /// The unbiased variance; NaN of fewer than two numbers.
    public var variance: Double { count > 1 ? squares / Double(count - 1) : .nan }

    /// The standard error of the mean; NaN of fewer than two numbers.
    public var standardError: Double { (variance / Double(count)).squareRoot() }
}

extension Statistics {
    /// The values less their mean, and the root of the mean of their squares: all 0 where the values differ by no more than
    /// rounding, so that a constant has no direction.
    ///
    /// - Parameter correction: what is taken from the number of values: 1 for the unbiased variance, 0 for the values' own.
    public static func centered(_ values: [Double], correction: Int = 0) -> (values: [Double], deviation: Double) {
        let mean = mean(values)
        let centered = values.map { $0 - mean }
        let squares = centered.reduce(0) { $0 + $1 * $1 }
        let deviation = (squares / Double(max(1, values.count - correction))).squareRoot()
        let scale = values.reduce(0) { max($0, abs($1)) }
        guard deviation > scale * 1e-12 || deviation.isNaN else { return (values.map { _ in 0 }, 0) }
        return (centered, deviation)
    }
}
