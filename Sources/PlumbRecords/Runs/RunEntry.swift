public import Foundation
internal import PlumbBasics

/// A folder of a run store, as found.
public struct RunEntry: Sendable, Equatable {
    /// What the folder holds.
    public enum State: Sendable, Equatable {
        /// The run has its record.
        case recorded(RunRecord)
        /// A process is still writing it.
        case running
        /// The run ended without a record, so and for this reason.
        case incomplete(RunStatus, String)
        /// The folder cannot be read as a run, for this reason.
        case damaged(String)
    }

    /// The folder.
    public let url: URL
    /// What was found when it was read.
    public let state: State

    /// The folder's name.
    public var id: String { url.lastPathComponent }

    /// The file of its record, whether or not it is there.
    public var recordFile: URL { url.appendingPathComponent(RunStore.recordName) }

    /// The last part of `id`.
    public var shortID: String { RunStore.shortID(of: id) }

    /// The experiment's id, from the folder's name.
    public var experiment: String { id.split(separator: "-").dropFirst().dropLast().joined(separator: "-") }

    /// When the run began, from the folder's name; `nil` for a folder of another name.
    public var started: Timestamp? {
        let digits = id.prefix { $0 != "-" }.filter { $0.isASCII && $0.isNumber }
        guard digits.count == 14 else { return nil }
        let pattern = zip(digits, ["", "", "", "", "-", "", "-", "", "T", "", ":", "", ":", ""])
        return Timestamp(pattern.map { $0.1 + String($0.0) }.joined() + ".000Z")
    }

    /// How the run stands, in a word: "finished", "running", "interrupted", "failed" or "damaged".
    public var status: String {
        switch state {
        case .recorded(let record): record.status.rawValue
        case .running: "running"
        case .incomplete(let status, _): status.rawValue
        case .damaged: "damaged"
        }
    }

    /// The record, when there is one.
    public var record: RunRecord? {
        if case .recorded(let record) = state { return record }
        return nil
    }

    /// Reads the folder `url`, whatever it holds.
    public init(reading url: URL) {
        self.url = url
        state = Self.state(of: url)
    }

    /// Every readable line of the run's event log; a last line cut short by a crash is left out.
    public func events() -> [RunEvent] {
        let log = url.appendingPathComponent(RunStore.eventsName)
        guard let data = try? WholeFile.read(log, limit: Self.largestLog) else { return [] }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { line in
            try? JSONDecoder().decode(RunEvent.self, from: Data(line))
        }
    }

    func matches(_ query: String) -> Bool { id.hasPrefix(query) || shortID.hasPrefix(query) }

    /// Larger than any record a person could want to read; a bound against a foreign file of that name.
    private static let largestRecord = 512 << 20
    private static let largestLog = 4 << 30

    private static func state(of url: URL) -> State {
        let file = url.appendingPathComponent(RunStore.recordName)
        let manager = FileManager.default
        guard manager.fileExists(atPath: file.path) else {
            if RunFolder.isLocked(url) { return .running }
            let log = url.appendingPathComponent(RunStore.eventsName).path
            guard manager.fileExists(atPath: log) else {
                return .damaged("it is no run folder: it has no record.json")
            }
            let (status, reason) = Self.ending(of: log)
            return .incomplete(status, reason)
        }
        do {
            return .recorded(try RunRecord(json: WholeFile.read(file, limit: largestRecord)))
        } catch let error as RunStoreError {
            return .damaged(error.description)
        } catch {
            return .damaged("record.json cannot be read: \(sentence(of: error))")
        }
    }

    private static func ending(of log: String) -> (RunStatus, String) {
        switch lastEvent(of: URL(fileURLWithPath: log))?.kind {
        case .interrupted: (.interrupted, "it was interrupted")
        case .failed(let sentence): (.failed, "it failed: \(sentence)")
        case .finished: (.failed, "its record was never written")
        default: (.interrupted, "its process ended before it finished")
        }
    }

    /// The last readable line of a log, looked for near its end: logs of long runs are large.
    private static func lastEvent(of log: URL) -> RunEvent? {
        guard let data = tail(of: log, bytes: 1 << 16) else { return nil }
        for line in data.split(separator: UInt8(ascii: "\n")).reversed() {
            if let event = try? JSONDecoder().decode(RunEvent.self, from: Data(line)) { return event }
        }
        return nil
    }

    /// At most the last `bytes` of a file; `nil` for what is no file on a disk, such as a pipe, which would be waited for.
    static func tail(of url: URL, bytes: Int) -> Data? {
        let file = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            (try? handle.seek(toOffset: UInt64(max(0, Int(status.st_size) - bytes)))) != nil
        else { return nil }
        return (try? handle.read(upToCount: bytes)) ?? Data()
    }
}
