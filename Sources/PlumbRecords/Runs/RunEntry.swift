public import Foundation

/// A folder of a run store, as found.
public struct RunEntry: Sendable, Equatable {
    /// What the folder holds.
    public enum State: Sendable, Equatable {
        /// The run has its record.
        case recorded(RunRecord)
        /// A process is still writing it.
        case running
        /// The run ended without a record, for this reason.
        case incomplete(String)
        /// The folder cannot be read as a run, for this reason.
        case damaged(String)
    }

    /// The folder.
    public let url: URL
    /// What was found when it was read.
    public let state: State

    /// The folder's name.
    public var id: String { url.lastPathComponent }

    /// The last part of `id`.
    public var shortID: String { RunStore.shortID(of: id) }

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
        guard let data = try? Data(contentsOf: url.appendingPathComponent(RunStore.eventsName)) else {
            return []
        }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { line in
            try? JSONDecoder().decode(RunEvent.self, from: Data(line))
        }
    }

    func matches(_ query: String) -> Bool { id.hasPrefix(query) || shortID.hasPrefix(query) }

    /// Larger than any record a person could want to read; a bound against a foreign file of that name.
    private static let largestRecord = 512 << 20

    private static func state(of url: URL) -> State {
        let file = url.appendingPathComponent(RunStore.recordName)
        let manager = FileManager.default
        guard manager.fileExists(atPath: file.path) else {
            if RunFolder.isLocked(url) { return .running }
            let log = url.appendingPathComponent(RunStore.eventsName).path
            guard manager.fileExists(atPath: log) else {
                return .damaged("it is no run folder: it has no record.json")
            }
            return .incomplete(Self.reason(from: url))
        }
        do {
            let bytes = try manager.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0
            guard bytes <= largestRecord else {
                return .damaged("record.json is too large (\(bytes) bytes)")
            }
            return .recorded(try RunRecord(json: Data(contentsOf: file)))
        } catch let error as RunStoreError {
            return .damaged(error.description)
        } catch {
            return .damaged("record.json cannot be read: \(error.localizedDescription)")
        }
    }

    private static func reason(from url: URL) -> String {
        let entry = RunEntry(url: url, state: .running)
        switch entry.events().last?.kind {
        case .interrupted: return "it was interrupted"
        case .failed(let sentence): return "it failed: \(sentence)"
        case .finished: return "its record was never written"
        default: return "its process ended before it finished"
        }
    }

    private init(url: URL, state: State) {
        self.url = url
        self.state = state
    }
}
