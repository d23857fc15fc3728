internal import PlumbRecords

/// Checks of settings whose sentences name the option.
///
/// A count has an upper limit too, far above what an experiment can use: one beyond it would end the process for want
/// of memory, and not with a sentence.
enum SettingLimits {
    /// - Throws: `SettingsError` naming the first option whose count lies outside its range.
    static func check(_ counts: [(name: String, value: Int, range: ClosedRange<Int>)]) throws {
        for (name, value, range) in counts where !range.contains(value) {
            throw SettingsError("--\(name) \(value): it must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// - Throws: `SettingsError` naming the first option that is not a finite number above 0.
    static func checkPositive(_ numbers: [(name: String, value: Double)]) throws {
        for (name, value) in numbers where !(value > 0 && value.isFinite) {
            throw SettingsError("--\(name) \(value): it must be a finite number above 0")
        }
    }
}
