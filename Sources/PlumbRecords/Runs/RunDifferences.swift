internal import PlumbBasics

/// What tells runs of one experiment apart: the settings in which they differ.
public struct RunDifferences: Sendable {
    private let varied: [String: Set<String>]

    /// Compares runs with their likes.
    public init(_ runs: [RunEntry]) {
        let byExperiment = Dictionary(grouping: runs.compactMap(\.record), by: \.experiment)
        varied = byExperiment.mapValues { records in
            let settings = records.map { $0.settings.object ?? [:] }
            let names = settings.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
            return names.filter { name in settings.contains { $0[name] != settings[0][name] } }
        }
    }

    /// The values of the settings in which `record` may differ from other runs of its experiment, but for the model:
    /// `steps 200, width 64`.
    public func text(of record: RunRecord) -> String {
        let settings = record.settings.object ?? [:]
        let names = (varied[record.experiment] ?? []).subtracting(["model"]).sorted()
        return names.map { name in
            let value = settings[name].map { $0.string ?? $0.text(.compact) } ?? "–"
            return "\(name) \(visible(value, limit: 40))"
        }.joined(separator: ", ")
    }

    /// The model that `record` looked into, where it names one: the last part of a path.
    public static func model(of record: RunRecord) -> String {
        guard let name = record.settings.object?["model"]?.string else { return "" }
        return name.hasPrefix("/") ? name.split(separator: "/").last.map(String.init) ?? name : name
    }
}
