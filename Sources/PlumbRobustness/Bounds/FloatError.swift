/// How far float32 arithmetic can be from exact arithmetic, and how a bound is rounded away from what it bounds.
///
/// A sum of n products whose every operation rounds to float32 differs from the exact one by at most `γₙ Σ|aᵢ||bᵢ|`,
/// `γₙ = n u / (1 - n u)`, `u = 2⁻²⁴`, in whatever order the products are added and whether or not they are fused with the
/// additions (Higham 2002, *Accuracy and Stability of Numerical Algorithms*, section 3.1). Numbers too small for float32's
/// normal range add at most 2⁻¹²⁶ an operation, also where they are flushed to zero.
enum FloatError {
    /// u, half the distance from 1 to the next float32.
    static let unit = 0x1p-24
    /// What an operation can lose below the normal range.
    static let underflow = 0x1p-126
    /// What makes room for the double precision in which bounds are put together.
    static let slack = 1 + 1e-9

    /// γₙ, a little enlarged.
    static func gamma(_ operations: Int) -> Double {
        let share = Double(operations) * unit
        return share < 0.5 ? share / (1 - share) * slack : .infinity
    }

    /// The largest float32 that is at most `value`; what is no number bounds nothing.
    static func down(_ value: Double) -> Float {
        guard !value.isNaN else { return -.infinity }
        let rounded = Float(value)
        return Double(rounded) > value ? rounded.nextDown : rounded
    }

    /// The smallest float32 that is at least `value`; what is no number bounds nothing.
    static func up(_ value: Double) -> Float { -down(-value) }
}
