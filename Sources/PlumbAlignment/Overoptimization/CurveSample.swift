internal import PlumbBasics
public import PlumbTensor

/// The same curve measured in several independent tasks.
///
/// - Shapes: tasks by places of the curve.
public struct CurveSample: Sendable {
    /// The values, `[task][place]`.
    public let curves: [[Double]]

    /// - Precondition: there is a curve, and all have one length.
    public init(_ curves: [[Double]]) {
        require(
            !curves.isEmpty && curves.allSatisfy { $0.count == curves[0].count },
            "a sample of curves needs curves of one length, got lengths \(Set(curves.map(\.count)).sorted())")
        self.curves = curves
    }

    /// The mean curve.
    public var mean: [Double] { mean(of: curves.indices) }

    /// The mean of some of the curves, which may be named more than once.
    func mean(of rows: some Collection<Int>) -> [Double] {
        var sum = [Double](repeating: 0, count: curves[0].count)
        for row in rows {
            for place in sum.indices { sum[place] += curves[row][place] }
        }
        return sum.map { $0 / Double(rows.count) }
    }

    /// The place of the mean curve's peak, between the places where it was measured, with a 95 % bootstrap interval.
    public func peak(key: RandomKey) -> (place: Double, lower: Double, upper: Double) {
        let ends = Statistics.bootstrap(of: curves.count, key: key, resamples: 1000) { Peak.place(of: mean(of: $0)) }
        return (Peak.place(of: mean), ends.lower, ends.upper)
    }

    /// By how many places the peak comes later than in `other`, which was measured in the same tasks, with a 95 % bootstrap
    /// interval over tasks.
    public func delay(after other: CurveSample, key: RandomKey) -> (places: Double, lower: Double, upper: Double) {
        require(curves.count == other.curves.count, "curves are compared task by task")
        let ends = Statistics.bootstrap(of: curves.count, key: key, resamples: 1000) {
            Peak.place(of: mean(of: $0)) - Peak.place(of: other.mean(of: $0))
        }
        return (Peak.place(of: mean) - Peak.place(of: other.mean), ends.lower, ends.upper)
    }
}
