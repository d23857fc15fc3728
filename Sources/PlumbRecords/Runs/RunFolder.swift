public import Foundation
internal import PlumbBasics
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
        var lock: HeldLock?
        var hasWork = false
        var lastProgress: [String: Timestamp] = [:]
        var logError: RunStoreError?
    }

    private let state: Mutex<State>

    /// Locks the fresh, empty folder `url` and writes its first files.
    convenience init(locking url: URL, request: RunRequest) throws {
        try self.init(opening: url)
        try FileWriting.replace(
            url.appendingPathComponent(RunStore.settingsName).path, with: JSONValue(encoding: request).data())
    }

    /// Locks the folder of an unfinished run; what is appended to its log begins on a line of its own.
    convenience init(reopening url: URL) throws {
        try self.init(opening: url)
        let path = url.appendingPathComponent(RunStore.eventsName)
        // The last line may have been cut short when the process was killed.
        guard let last = RunEntry.tail(of: path, bytes: 1), !last.isEmpty, last != Data("\n".utf8) else { return }
        try state.withLock { try FileWriting.append(Data("\n".utf8), to: $0.log, path: path.path) }
    }

    private init(opening url: URL) throws {
        let lock = try Self.acquireLock(in: url)
        FileWriting.removeLeftovers(in: url)
        let path = url.appendingPathComponent(RunStore.eventsName).path
        // A pipe of that name would be waited for until somebody reads it.
        let log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard log >= 0 else { throw RunStoreError("write", path, code: errno) }
        self.url = url
        id = url.lastPathComponent
        state = Mutex(State(log: log, lock: lock))
        try FileWriting.makeFolder(artifactFolder.path)
        try FileWriting.makeFolder(checkpointFolder.path)
    }

    deinit {
        state.withLock { state in
            if state.log >= 0 { close(state.log) }
            // What is not released may still be gone on with by who opened the folder again.
        }
    }

    /// Where the experiment writes its files.
    public var artifactFolder: URL {
        url.appendingPathComponent(RunStore.artifactsName, isDirectory: true)
    }

    /// Where the experiment keeps states to continue from.
    public var checkpointFolder: URL {
        url.appendingPathComponent(RunStore.checkpointsName, isDirectory: true)
    }

    /// Whether the experiment left anything to continue from.
    public var hasCheckpoint: Bool {
        let names = try? FileManager.default.contentsOfDirectory(atPath: checkpointFolder.path)
        return names?.isEmpty == false
    }

    /// Where the report belongs.
    public var reportFile: URL { url.appendingPathComponent(RunStore.reportName) }

    /// Where the record will be.
    public var recordFile: URL { url.appendingPathComponent(RunStore.recordName) }

    /// Appends one event to the log.
    /// - Throws: `RunStoreError` when the disk is full or the file cannot be written.
    public func append(_ event: RunEvent) throws {
        try state.withLock { state in
            guard state.log >= 0 else { return }
            if case .progress(let label, let fraction, _) = event.kind, fraction < 1 {
                if let last = state.lastProgress[label], event.time.seconds(since: last) < 0.5 { return }
                state.lastProgress[label] = event.time
            }
            if event.isWork { state.hasWork = true }
            try FileWriting.appendWhole(
                Self.line(event), to: state.log, path: url.appendingPathComponent(RunStore.eventsName).path)
            if event.isLast { fsync(state.log) }
        }
    }

    private static func line(_ event: RunEvent) throws -> Data {
        // Points are by far the most frequent; the general way takes ten times as long to the same bytes.
        if case .point(let series, let x, let y) = event.kind {
            let members: [String: JSONValue] = [
                "kind": .string("point"), "series": .string(series), "time": .string(event.time.description),
                "x": JSONValue(x), "y": JSONValue(y),
            ]
            return Data((JSONValue.object(members).text(.compact) + "\n").utf8)
        }
        return Data((try JSONValue(encoding: event).text(.compact) + "\n").utf8)
    }

    /// Writes `html` as the run's report, atomically.
    /// - Throws: `RunStoreError`.
    public func write(report html: String) throws {
        try FileWriting.replace(reportFile.path, with: Data(html.utf8))
    }

    /// Writes a file among the run's artifacts, atomically.
    /// - Parameters:
    ///   - name: a file name without folders.
    ///   - kind: what it is, for example "report" or "table".
    ///   - contents: the bytes of the file.
    /// - Throws: `RunStoreError`.
    public func writeArtifact(_ name: String, kind: String, contents: Data) throws -> Artifact {
        try Artifact.write(name, kind: kind, contents: contents, in: artifactFolder)
    }

    /// Writes the record, closes the log and releases the folder.
    ///
    /// The record is written last and at once, so a folder with a record is a finished run.
    /// - Throws: `RunStoreError` when something cannot be written, also when an event was lost earlier.
    public func finish(with record: RunRecord) throws {
        require(
            record.id == id,
            "RunFolder.finish: the record is of run \(record.id), the folder of run \(id)")
        if let error = state.withLock({ $0.logError }) { throw error }
        switch record.status {
        case .finished: try append(RunEvent(.finished))
        case .interrupted: try append(RunEvent(.interrupted))
        case .failed: try append(RunEvent(.failed(record.findings.notes.last ?? "failed")))
        }
        try FileWriting.replace(recordFile.path, with: record.json())
        // A finished run is not gone on with. Where the process ends here, the store's next run removes it.
        try? FileManager.default.removeItem(at: checkpointFolder)
        release()
    }

    /// Ends a run without a record: the log's last line says why, and the folder stays for inspection.
    public func abandon(_ reason: RunEvent.Kind) {
        // The run has already failed with a better reason than a log that cannot be written.
        try? append(RunEvent(reason))
        release()
    }

    /// Whether the run has left anything worth keeping: a measured number, a file, a state to go on from, or a part done.
    public var hasWork: Bool {
        let artifacts = (try? FileManager.default.contentsOfDirectory(atPath: artifactFolder.path)) ?? []
        return state.withLock { $0.hasWork } || hasCheckpoint || !artifacts.isEmpty
    }

    /// Ends a run as if it had never begun: the folder is removed.
    public func discard() {
        try? FileManager.default.removeItem(at: url)
        release()
    }

    private func release() {
        state.withLock { state in
            if state.log >= 0 { close(state.log) }
            state.log = -1
            state.lock?.release()
            state.lock = nil
        }
    }

    /// Takes the folder's lock, which the system drops when the process ends however it ends.
    private static func acquireLock(in url: URL) throws -> HeldLock {
        let path = url.appendingPathComponent(RunStore.lockName).path
        do throws(HeldLock.Failure) {
            return try HeldLock(path)
        } catch {
            switch error {
            case .isHeld: throw RunStoreError("the run folder \(url.path) is in use by another process")
            case .system(let code): throw RunStoreError("write", path, code: code)
            }
        }
    }

    /// Whether some process, perhaps this one, is writing the run.
    static func isLocked(_ url: URL) -> Bool {
        HeldLock.isHeld(url.appendingPathComponent(RunStore.lockName).path)
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
        require(
            !name.isEmpty && !name.contains("/") && name != "." && name != "..",
            "artifact names are plain file names, found \"\(name)\"")
        try FileWriting.makeFolder(folder.path)
        try FileWriting.replace(folder.appendingPathComponent(name).path, with: contents)
        return Artifact(name: name, path: "\(RunStore.artifactsName)/\(name)", kind: kind)
    }
}
