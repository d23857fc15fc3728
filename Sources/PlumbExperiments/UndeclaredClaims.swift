internal import PlumbRecords

/// An experiment whose claims are still made beside its results, and whose settings have their help and ranges beside
/// them: the form that ``Experiment`` replaces, one experiment after the other.
protocol UndeclaredClaims: Experiment {
    /// One line about each setting, by its Swift name.
    static var help: [String: String] { get }
    /// What each number may be, by its setting's Swift name.
    static var ranges: [String: ClosedRange<Double>] { get }
    /// Refuses settings that cannot be run.
    func validate() throws
}

extension UndeclaredClaims {
    /// The quick run.
    static var defaults: Settings { Settings() }

    /// Refuses a number outside its range.
    static func checkRanges(_ settings: Settings) throws {
        let schema = try schema()
        try schema.check(schema.flattened(settings))
    }

    static func oldSchema() throws -> SettingsSchema {
        try SettingsSchema(defaults: Settings(), help: help, ranges: ranges)
    }
}
