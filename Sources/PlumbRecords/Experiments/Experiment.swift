internal import PlumbBasics

/// A question about a model or an environment, asked by running code.
///
/// One file of at most 200 lines holds the settings, the claims with their thresholds and controls, the run and the
/// figures. ``Catalogue`` lists experiments; `plumb run` runs them.
public protocol Experiment: Sendable {
    /// Everything that can be varied; every setting is an option of `plumb run`. The values it is made with are those of
    /// the quick run: seconds to a few minutes on two cores.
    associatedtype Settings: ExperimentSettings
    /// What a reader should know before running it; hypothesis and control are derived from ``claims``.
    static var card: Card { get }
    /// Other settings worth a name: `paper`, `tiny`.
    static var presets: [String: Settings] { get }
    /// What is put to the test, declared before the run; the settings may choose layers and positions, never thresholds.
    var claims: [Claim] { get }
    /// The settings as command-line options.
    ///
    /// - Throws: what the settings' `encode(to:)` throws.
    static func schema() throws -> SettingsSchema
    /// - Throws: `SettingsError` naming the option where settings do not fit together.
    init(_ settings: Settings) throws
    /// Runs the experiment. A claim that does not hold is a finding, never an error.
    func run(in context: inout RunContext) async throws -> Findings
}

extension Experiment {
    public static var presets: [String: Settings] { [:] }

    /// The settings as command-line options.
    ///
    /// - Throws: what the settings' `encode(to:)` throws.
    public static func schema() throws -> SettingsSchema { try SettingsSchema(defaults: Settings()) }

    /// The experiment with `settings`, each within its range.
    ///
    /// - Throws: `SettingsError` naming the option, what was found and what is accepted.
    public static func checked(_ settings: Settings) throws -> Self {
        let schema = try schema()
        try schema.check(schema.flattened(settings))
        return try Self(settings)
    }

    /// The card with hypothesis and control as the claims of these settings state them.
    public static func card(_ experiment: Self) -> Card { card.stating(experiment.claims) }

    /// The card with the claims of the quick run.
    ///
    /// - Throws: what ``init(_:)`` throws.
    public static func statedCard() throws -> Card { card(try Self(Settings())) }

    /// The settings that a preset and options give, as an object for the record.
    ///
    /// - Throws: `SettingsError` naming the preset or option, what was found and what is expected; what ``init(_:)``
    ///   throws.
    public static func settings(
        preset: String? = nil, overrides: [SettingsSchema.Override] = []
    ) throws -> JSONValue {
        let schema = try schema()
        let base = try preset.map { name in
            guard let settings = presets[name] else {
                let known = presets.keys.sorted()
                throw SettingsError(
                    known.isEmpty
                        ? "\(card.id) has no presets"
                        : "\(card.id) has no preset \"\(name)\": the presets are \(known.joined(separator: ", "))")
            }
            return try schema.flattened(settings)
        }
        let settings = try schema.apply(overrides: overrides, to: base)
        _ = try experiment(settings)
        return settings
    }

    /// The experiment with `settings` as ``settings(preset:overrides:)`` gives them.
    ///
    /// - Throws: `SettingsError` naming the option.
    public static func experiment(_ settings: JSONValue) throws -> Self {
        let schema = try schema()
        try schema.check(settings)
        return try Self(schema.settings(Settings.self, base: settings))
    }

    /// Runs the experiment with `settings` as ``settings(preset:overrides:)`` gives them.
    ///
    /// - Throws: `SettingsError` naming the option; what the run throws.
    public static func run(
        _ settings: JSONValue, in context: inout RunContext
    ) async throws -> (card: Card, findings: Findings) {
        let experiment = try experiment(settings)
        return (card(experiment), try await experiment.run(in: &context))
    }
}

/// Experiments by their id, in reading order.
public struct Catalogue: Sendable {
    /// The experiments in reading order.
    public let all: [any Experiment.Type]

    /// A catalogue of `experiments`.
    public init(_ experiments: [any Experiment.Type]) { all = experiments }

    /// A catalogue of `experiments`, each of which can be told from the others.
    ///
    /// - Throws: `SettingsError` naming an id, or an earlier id, that two of them have.
    public init(checking experiments: [any Experiment.Type]) throws {
        var owners: [String: any Experiment.Type] = [:]
        for experiment in experiments {
            for id in [experiment.card.id] + experiment.card.aliases {
                if let other = owners.updateValue(experiment, forKey: id) {
                    throw SettingsError(
                        "the experiments \(other) and \(experiment) are both called \(id): give one another id")
                }
            }
        }
        self.init(experiments)
    }

    /// The experiment called `id`, or known by it in earlier versions.
    public subscript(id: String) -> (any Experiment.Type)? {
        all.first { $0.card.id == id } ?? all.first { $0.card.aliases.contains(id) }
    }

    /// The experiment called `id`.
    ///
    /// - Throws: `SettingsError` with the nearest known id.
    public func experiment(_ id: String) throws -> any Experiment.Type {
        if let experiment = self[id] { return experiment }
        let hint = closestMatch(to: id, in: all.map { $0.card.id }).map { ": did you mean \($0)?" }
        throw SettingsError("there is no experiment \"\(id)\"\(hint ?? ": \(CommandName.current) list shows them")")
    }
}
