extension SettingsField {
    /// The range as words, `from 3 to 1000`; `nil` without one.
    public var rangeText: String? {
        range.map { "from \(Self.plain($0.lowerBound)) to \(Self.plain($0.upperBound))" }
    }

    /// Refuses a number, or a list that holds one, outside ``range``; NaN lies outside every range.
    ///
    /// - Throws: `SettingsError` naming the option, what was found and the range.
    public func check(_ value: JSONValue) throws {
        guard let range, let rangeText else { return }
        let numbers = (value.array ?? [value]).compactMap(\.double)
        guard numbers.allSatisfy(range.contains) else {
            let subject = value.array == nil ? "it" : "each"
            throw SettingsError("--\(option) \(Self.text(of: value)): \(subject) must be \(rangeText)")
        }
    }

    private static func plain(_ number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }
}
