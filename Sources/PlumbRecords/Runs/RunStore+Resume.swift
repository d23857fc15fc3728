import Foundation
internal import PlumbBasics

/// A run that was stopped and goes on.
public struct ResumedRun: Sendable {
    /// Its folder, locked by this process again.
    public let folder: RunFolder
    /// What it was asked to do.
    public let request: RunRequest
    /// What happened before it was stopped.
    public let events: [RunEvent]

    /// A run that goes on in `folder`.
    public init(folder: RunFolder, request: RunRequest, events: [RunEvent]) {
        self.folder = folder
        self.request = request
        self.events = events
    }

    /// When the run began first; `nil` when its log does not say.
    public var started: Timestamp? { events.first?.time }

    /// How long it ran before, in seconds, without the time in which it stood still.
    public var earlierSeconds: Double {
        var total = 0.0
        var begin = events.first?.time
        var last = begin
        for event in events {
            if case .resumed = event.kind {
                if let begin, let last { total += last.seconds(since: begin) }
                begin = event.time
            }
            last = event.time
        }
        if let begin, let last { total += last.seconds(since: begin) }
        return max(0, total)
    }
}

extension RunStore {
    /// Opens the folder of an unfinished run so that it can go on: same id, settings and seed.
    ///
    /// - Parameters:
    ///   - query: as in ``find(_:)``; `latest` is the newest run of the experiment that can go on.
    ///   - experiment: the id of the experiment that is to go on.
    /// - Throws: `RunStoreError` when there is no such run, or when it is finished, still running, damaged or of
    ///   another experiment.
    public func reopen(_ query: String, experiment: String) throws -> ResumedRun {
        let entry = try query == "latest" ? newestUnfinished(of: experiment) : find(query)
        let name = "run \(entry.shortID)"
        switch entry.state {
        case .recorded:
            throw RunStoreError(
                "\(name) is finished, there is nothing to resume: start another with \(CommandName.current) run \(experiment)"
            )
        case .running: throw RunStoreError("\(name) is still running in another process: wait, or stop that one first")
        case .damaged(let reason): throw RunStoreError("\(name) is damaged and cannot be resumed: \(reason)")
        case .incomplete: break
        }
        let request = try RunRequest(folder: entry.url)
        guard request.experiment == experiment else {
            throw RunStoreError(
                "\(name) is of \(request.experiment), not of \(experiment): "
                    + "\(CommandName.current) run \(request.experiment) --resume \(entry.shortID) resumes it")
        }
        return ResumedRun(folder: try RunFolder(reopening: entry.url), request: request, events: entry.events())
    }

    private func newestUnfinished(of experiment: String) throws -> RunEntry {
        let found = try list().first { entry in
            guard case .incomplete = entry.state else { return false }
            return (try? RunRequest(folder: entry.url))?.experiment == experiment
        }
        guard let found else {
            throw RunStoreError(
                "there is no unfinished run of \(experiment) in \(directory.path): \(CommandName.current) runs lists all"
            )
        }
        return found
    }
}
