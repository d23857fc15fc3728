public import Foundation
import Synchronization

/// The folder of a run in progress, held by this process alone until `finish`, `abandon` or the end of the process.
///
/// It is a `RunObserver`: given to a `RunContext` it appends every event to `events.jsonl`, each line flushed to the
/// system at once. Progress is thinned to two lines a second for each label.
public final class RunFolder: Sendable {
    /// The folder.
    public let url: URL
    /// The folder's name, which is the run's id.
    public let id: String

    private struct State {
        var log: Int32
        var lock: Int32
        var lastProgress: [String: Timestamp] = [:]
        var logError: RunStoreError?
    }

    private let state: Mutex<State>

    /// Locks the fresh, empty folder `url` and writes its first files.
    init(locking url: URL, settings: JSONValue) throws {
        let lock = try Self.acquireLock(in: url)
        let path = url.appendingPathComponent(RunStore.eventsName).path
        let log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else {
            let error = RunStoreError("write", path, code: errno)
            close(lock)
            throw error
        }
        self.url = url
        id = url.lastPathComponent
        state = Mutex(State(log: log, lock: lock))
        try FileWriting.replace(
            url.appendingPathComponent(RunStore.settingsName).path, with: settings.data())
        try FileWriting.makeFolder(artifactFolder.path)
    }

    deinit {
        state.withLock { state in
            if state.log >= 0 { close(state.log) }
            if state.lock >= 0 { close(state.lock) }
        }
    }

    /// Where the experiment writes its files.
    public var artifactFolder: URL {
        url.appendingPathComponent(RunStore.artifactsName, isDirectory: true)
    }

    /// Where the report belongs.
    public var reportFile: URL { url.appendingPathComponent(RunStore.reportName) }

    /// Where the record will be.
    public var recordFile: URL { url.appendingPathComponent(RunStore.recordName) }

    /// Appends one event to the log.
    /// - Throws: `RunStoreError` when the disk is full or the file cannot be written.
    public func append(_ event: RunEvent) throws {
        let line = try JSONValue(encoding: event).data(.compact) + Data("\n".utf8)
        try state.withLock { state in
            guard state.log >= 0 else { return }
            if case .progress(let label, let fraction) = event.kind, fraction < 1 {
                if let last = state.lastProgress[label], event.time.seconds(since: last) < 0.5 { return }
                state.lastProgress[label] = event.time
            }
            try FileWriting.append(
                line, to: state.log, path: url.appendingPathComponent(RunStore.eventsName).path)
            if event.isLast { fsync(state.log) }
        }
    }

    /// Writes `html` as the run's report, atomically.
    /// - Throws: `RunStoreError`.
    public func write(report html: String) throws {
        try FileWriting.replace(reportFile.path, with: Data(html.utf8))
    }

    /// Writes a file among the run's artifacts, atomically.
    /// - Parameter name: a file name without folders.
    /// - Throws: `RunStoreError`.
    public func writeArtifact(_ name: String, kind: String, contents: Data) throws -> Artifact {
        try Artifact.write(name, kind: kind, contents: contents, in: artifactFolder)
    }

    /// Writes the record, closes the log and releases the folder.
    ///
    /// The record is written last and at once, so a folder with a record is a finished run.
    /// - Throws: `RunStoreError` when something cannot be written, also when an event was lost earlier.
    public func finish(with record: RunRecord) throws {
        precondition(
            record.id == id,
            "RunFolder.finish: the record is of run \(record.id), the folder of run \(id)")
        if let error = state.withLock({ $0.logError }) { throw error }
        switch record.status {
        case .finished: try append(RunEvent(.finished))
        case .interrupted: try append(RunEvent(.interrupted))
        case .failed: try append(RunEvent(.failed(record.findings.notes.last ?? "failed")))
        }
        try FileWriting.replace(recordFile.path, with: record.json())
        release()
    }

    /// Ends a run without a record: the log's last line says why, and the folder stays for inspection.
    public func abandon(_ reason: RunEvent.Kind) {
        // The run has already failed with a better reason than a log that cannot be written.
        try? append(RunEvent(reason))
        release()
    }

    /// Ends a run as if it had never begun: the folder is removed.
    public func discard() {
        release()
        try? FileManager.default.removeItem(at: url)
    }

    private func release() {
        state.withLock { state in
            if state.log >= 0 { close(state.log) }
            if state.lock >= 0 { close(state.lock) }
            state.log = -1
            state.lock = -1
        }
        unlink(url.appendingPathComponent(RunStore.lockName).path)
    }

    /// Takes the folder's lock, which the system drops when the process ends however it ends.
    private static func acquireLock(in url: URL) throws -> Int32 {
        let path = url.appendingPathComponent(RunStore.lockName).path
        let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw RunStoreError("write", path, code: errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw RunStoreError("the run folder \(url.path) is in use by another process")
        }
        return lock
    }

    /// Whether some process, perhaps this one, is writing the run.
    static func isLocked(_ url: URL) -> Bool {
        let lock = open(url.appendingPathComponent(RunStore.lockName).path, O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        return flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}

extension RunFolder: RunObserver {
    /// Appends the event; a failure is kept and thrown by `finish(with:)`, so that no experiment stops half-way for a log.
    public func receive(_ event: RunEvent) {
        do {
            try append(event)
        } catch {
            let failure = error as? RunStoreError ?? RunStoreError(String(describing: error))
            state.withLock { $0.logError = $0.logError ?? failure }
        }
    }
}

extension Artifact {
    static func write(_ name: String, kind: String, contents: Data, in folder: URL) throws -> Artifact {
        precondition(
            !name.isEmpty && !name.contains("/") && name != "." && name != "..",
            "artifact names are plain file names, found \"\(name)\"")
        try FileWriting.makeFolder(folder.path)
        try FileWriting.replace(folder.appendingPathComponent(name).path, with: contents)
        return Artifact(name: name, path: "\(RunStore.artifactsName)/\(name)", kind: kind)
    }
}
