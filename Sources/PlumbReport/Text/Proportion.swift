/// Places between two ends, for any numbers whatever: those of an edited record may be infinite, or so large that their
/// difference is.
enum Proportion {
    /// The largest size of a number on a scale; sums and differences of such numbers are finite.
    static let limit = 1e300

    /// The number moved into the sizes a scale can show; what is nearer to zero than 10⁻³⁰⁰ counts as zero.
    static func bounded(_ value: Double) -> Double {
        abs(value) < 1 / limit ? 0 : min(limit, max(-limit, value))
    }

    /// How far `value` lies on the way from `start` to `end`, from 0 to 1; `nil` where it is not a number or the ends do
    /// not differ.
    static func of(_ value: Double, from start: Double, to end: Double) -> Double? {
        let (place, width) = (bounded(value) / 2 - bounded(start) / 2, bounded(end) / 2 - bounded(start) / 2)
        guard !value.isNaN, width != 0, place.isFinite, width.isFinite else { return nil }
        return min(1, max(0, place / width))
    }

    /// The least and the greatest finite number; `nil` where there is none.
    static func bounds(_ values: some Sequence<Double>) -> (least: Double, greatest: Double)? {
        let finite = values.filter(\.isFinite)
        guard let least = finite.min(), let greatest = finite.max() else { return nil }
        return (bounded(least), bounded(greatest))
    }
}
