public import Foundation
internal import PlumbBasics

/// A folder of run folders, `<UTC time>-<experiment>-<short id>`, each readable by a person.
///
/// A run folder holds `record.json` (written last), `settings.json`, `events.jsonl`, `report.html`, `artifacts/` and, where
/// the experiment keeps states to continue from, `checkpoints/`.
public struct RunStore: Sendable {
    /// The folder that holds the run folders.
    public let directory: URL

    static let recordName = "record.json"
    static let settingsName = "settings.json"
    static let eventsName = "events.jsonl"
    static let reportName = "report.html"
    /// The folder of a run that holds the files of its experiment.
    public static let artifactsName = "artifacts"
    static let checkpointsName = "checkpoints"
    static let lockName = ".lock"

    /// - Parameter directory: the folder that holds the run folders; it is made when first needed.
    public init(directory: URL) { self.directory = directory }

    /// The store `runs` under the current folder, which `--out` replaces.
    public static var standard: RunStore {
        RunStore(
            directory: URL(
                fileURLWithPath: FileManager.default.currentDirectoryPath + "/runs", isDirectory: true))
    }

    /// The part of a run's id that people type.
    public static func shortID(of id: String) -> String {
        id.split(separator: "-").last.map(String.init) ?? id
    }

    /// Makes and locks a fresh run folder.
    /// - Throws: `RunStoreError` when the folder cannot be made.
    public func create(
        experiment: String, settings: JSONValue, seed: UInt64 = 0, at time: Timestamp = .now
    ) throws -> RunFolder {
        try FileWriting.makeFolder(directory.path)
        removeLeftovers()
        let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")
        for _ in 0..<100 {
            let short = String((0..<6).map { _ in alphabet.randomElement() ?? "a" })
            let url = directory.appendingPathComponent(
                "\(time.compact)-\(experiment)-\(short)", isDirectory: true)
            // Making a folder succeeds for one process only, whoever else tries the same name.
            if mkdir(url.path, 0o755) != 0 {
                if errno == EEXIST { continue }
                throw RunStoreError("make the folder", url.path, code: errno)
            }
            do {
                return try RunFolder(
                    locking: url, request: RunRequest(experiment: experiment, seed: seed, settings: settings))
            } catch {
                try? FileManager.default.removeItem(at: url)
                throw error
            }
        }
        throw RunStoreError("cannot find a free name for a run in \(directory.path)")
    }

    /// Removes what killed processes left of finished runs: states to go on from, which a run removes after its record is
    /// written, and files of which only a part was written.
    ///
    /// Unfinished runs keep everything: they are gone on with.
    func removeLeftovers() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [] {
            let folder = directory.appendingPathComponent(name, isDirectory: true)
            let manager = FileManager.default
            guard manager.fileExists(atPath: folder.appendingPathComponent(Self.recordName).path),
                manager.fileExists(atPath: folder.appendingPathComponent(Self.settingsName).path),
                let lock = try? HeldLock(folder.appendingPathComponent(Self.lockName).path)
            else { continue }
            defer { lock.release() }
            FileWriting.removeLeftovers(in: folder)
            try? manager.removeItem(at: folder.appendingPathComponent(Self.checkpointsName, isDirectory: true))
        }
    }

    /// Every folder of the store, newest first; damaged and foreign ones are listed as such.
    /// - Throws: `RunStoreError` when the store itself exists but cannot be read.
    public func list() throws -> [RunEntry] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory.path, isDirectory: &isFolder) else {
            return []
        }
        guard isFolder.boolValue else { throw RunStoreError("read", directory.path, code: ENOTDIR) }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        } catch {
            throw RunStoreError("cannot read the folder \(directory.path): \(systemReason(of: error))")
        }
        return names.filter { !$0.hasPrefix(".") }.sorted(by: >).compactMap { name in
            let url = directory.appendingPathComponent(name, isDirectory: true)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
                isFolder.boolValue
            else {
                return nil
            }
            return RunEntry(reading: url)
        }
    }

    /// A run folder as its name tells of it.
    public struct Folder: Sendable, Equatable {
        /// The folder's name.
        public let id: String
        /// Whether the run has its record.
        public let hasRecord: Bool
        /// The part of the id that people type.
        public var shortID: String { RunStore.shortID(of: id) }
    }

    /// The run folders, newest first, or those of one experiment, without reading what they hold: for lists that must be
    /// there at once.
    public func folders(of experiment: String? = nil) -> [Folder] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.sorted(by: >).compactMap { name in
            let parts = name.split(separator: "-")
            let isRun =
                parts.count > 2
                && (experiment.map { parts.dropFirst().dropLast().joined(separator: "-") == $0 } ?? true)
            let folder = directory.appendingPathComponent(name, isDirectory: true)
            func holds(_ file: String) -> Bool {
                FileManager.default.fileExists(atPath: folder.appendingPathComponent(file).path)
            }
            guard isRun, holds(Self.settingsName) else { return nil }
            return Folder(id: name, hasRecord: holds(Self.recordName))
        }
    }

    /// The one run that `query` names: `latest`, the path of a run folder or of its `record.json`, or the beginning of
    /// a run's id or of its short id.
    /// - Throws: `RunStoreError` when there is none or more than one.
    public func find(_ query: String) throws -> RunEntry {
        if query == "latest" {
            guard let newest = try list().first(where: { $0.record != nil }) else {
                throw RunStoreError(
                    "there is no finished run in \(directory.path): start one with \(CommandName.current) run")
            }
            return newest
        }
        if let entry = try match(query) { return entry }
        let near = closestMatch(to: query, in: try list().map(\.shortID)).map { ": did you mean \($0)?" }
        throw RunStoreError(
            "there is no run \"\(query)\" in \(directory.path)"
                + (near ?? ": \(CommandName.current) runs lists them"))
    }

    /// The run that `query` names by its path, its id or the beginning of it; `nil` where there is none.
    /// - Throws: `RunStoreError` when there is more than one.
    public func match(_ query: String) throws -> RunEntry? {
        if let entry = entry(atPath: query) { return entry }
        let matches = query.isEmpty ? [] : try list().filter { $0.matches(query) }
        if let exact = matches.first(where: { $0.id == query || $0.shortID == query }) { return exact }
        guard matches.count > 1 else { return matches.first }
        let some = matches.prefix(5).map(\.id).joined(separator: ", ")
        throw RunStoreError(
            "\"\(query)\" names \(matches.count) runs: \(some)\(matches.count > 5 ? ", …" : ""): write more of the id"
        )
    }

    /// The record of the run that `query` names.
    /// - Throws: `RunStoreError` when there is no such run, or when it has no readable record.
    public func record(_ query: String) throws -> RunRecord {
        let entry = try find(query)
        switch entry.state {
        case .recorded(let record): return record
        case .running:
            throw RunStoreError("run \(entry.id) is still running: wait until it has a record")
        case .incomplete(_, let reason): throw RunStoreError("run \(entry.id) has no record: \(reason)")
        case .damaged(let reason): throw RunStoreError("run \(entry.id) is damaged: \(reason)")
        }
    }

    private func entry(atPath query: String) -> RunEntry? {
        var url = URL(fileURLWithPath: query)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            return nil
        }
        if !isFolder.boolValue {
            guard url.lastPathComponent == Self.recordName else { return nil }
            url.deleteLastPathComponent()
        }
        let entry = RunEntry(reading: url)
        // A word such as "src" may happen to be a folder here; only a run folder is taken for a path.
        if case .damaged = entry.state, !query.contains("/") { return nil }
        return entry
    }
}
