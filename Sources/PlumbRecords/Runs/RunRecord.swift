public import Foundation
internal import PlumbBasics

/// Everything about one run: what was asked, with which settings, on what machine, from which files, and what was found.
///
/// Reports and pages are functions of a record alone.
public struct RunRecord: Codable, Sendable, Equatable {
    /// The record format this version writes and reads.
    public static let currentFormat = 1

    /// The format the record was written in.
    public var formatVersion: Int
    /// The run folder's name: time, experiment, short id.
    public var id: String
    /// The experiment's id.
    public var experiment: String
    /// What was asked and how.
    public var card: Card
    /// The experiment's settings as they were used.
    public var settings: JSONValue
    /// Every random number of the run derives from it.
    public var seed: UInt64
    /// The version of Plumbline.
    public var version: String
    /// The machine it ran on.
    public var host: Host
    /// The arithmetic the numbers were computed in, for example "float32 on exactly dequantized weights".
    public var arithmetic: String
    /// When it began.
    public var started: Timestamp
    /// How long it took, in seconds.
    public var wallSeconds: Double
    /// Processor time of all threads, where it was measured.
    public var cpuSeconds: Double?
    /// How it ended.
    public var status: RunStatus
    /// The files it was made from.
    public var inputs: [InputFile]
    /// What was found.
    public var findings: Findings
    /// What was followed through the run, for example losses by step; empty for most.
    public var curves: [Curve]
    /// The files it wrote beside the record.
    public var artifacts: [Artifact]
    /// The words of the command that made the run.
    public var commandLine: [String]
    /// What the numbers were computed by; `nil` in records of earlier versions.
    public var build: Build?

    /// A record in the current format; `experiment` is the card's id.
    public init(
        id: String, card: Card, settings: JSONValue, seed: UInt64, host: Host, arithmetic: String,
        started: Timestamp,
        wallSeconds: Double, cpuSeconds: Double? = nil, status: RunStatus = .finished,
        inputs: [InputFile] = [],
        findings: Findings, curves: [Curve] = [], artifacts: [Artifact] = [], commandLine: [String] = [],
        build: Build? = nil, version: String = PlumbVersion.current
    ) {
        self.build = build
        formatVersion = Self.currentFormat
        self.id = id
        experiment = card.id
        self.card = card
        self.settings = settings
        self.seed = seed
        self.version = version
        self.host = host
        self.arithmetic = arithmetic
        self.started = started
        self.wallSeconds = wallSeconds
        self.cpuSeconds = cpuSeconds
        self.status = status
        self.inputs = inputs
        self.findings = findings
        self.curves = curves
        self.artifacts = artifacts
        self.commandLine = commandLine
    }

    /// The last part of `id`: enough to name the run on the command line.
    public var shortID: String { RunStore.shortID(of: id) }
}

extension RunRecord {
    /// Reads a record.
    /// - Throws: `RunStoreError` when `data` is no record, is damaged, or has a newer format.
    public init(json data: Data) throws {
        struct Version: Decodable { var formatVersion: Int }
        do {
            let version = try JSONDecoder().decode(Version.self, from: data).formatVersion
            guard version <= Self.currentFormat else {
                throw RunStoreError(
                    "record has format \(version), which a newer Plumbline wrote; this one reads up to "
                        + "\(Self.currentFormat): update Plumbline")
            }
            self = try JSONDecoder().decode(RunRecord.self, from: data)
        } catch let error as DecodingError {
            throw RunStoreError("record cannot be read: \(sentence(of: error))")
        }
        try checkShapes()
    }

    /// The record as JSON with sorted keys; equal records give equal bytes.
    /// - Throws: `EncodingError` when a figure or setting cannot be encoded.
    public func json() throws -> Data { try JSONValue(encoding: self).data() }

    /// What `--json` prints: one object that scripts rely on.
    ///
    /// Its members stand in `Documentation/records.md`.
    /// - Throws: `EncodingError` when a value cannot be encoded.
    public func contract() throws -> JSONValue {
        var tables: [String: JSONValue] = [:]
        for table in findings.tables { tables[table.name] = try JSONValue(encoding: table) }
        let claims = try findings.claims.map { claim in
            var members = try JSONValue(encoding: claim).object ?? [:]
            members["passes"] = claim.verdict == .notMeasurable ? .null : .bool(claim.passes)
            return JSONValue.object(members)
        }
        return .object([
            "formatVersion": JSONValue(formatVersion), "experiment": .string(experiment), "id": .string(id),
            "seed": JSONValue(seed),
            "version": .string(version),
            "status": .string(status.rawValue), "started": .string(started.description),
            "wallSeconds": JSONValue(wallSeconds), "arithmetic": .string(arithmetic),
            "host": try JSONValue(encoding: host), "settings": settings,
            "inputs": try JSONValue(encoding: inputs),
            "summary": .string(findings.summary), "metrics": try JSONValue(encoding: findings.metrics),
            "claims": .array(claims), "tables": .object(tables),
            "notes": .array(findings.notes.map(JSONValue.string)),
            "build": try build.map { try JSONValue(encoding: $0) } ?? .null,
            "artifacts": try JSONValue(encoding: artifacts), "curves": try JSONValue(encoding: curves),
        ])
    }

    /// `contract()` as text in UTF-8, keys sorted, ending in a line break.
    /// - Throws: `EncodingError` when a value cannot be encoded.
    public func contractJSON() throws -> Data { try contract().data() }
}
