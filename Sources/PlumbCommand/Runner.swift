import Foundation
import PlumbBasics
import PlumbData
import PlumbExperiments
import PlumbLearning
import PlumbRecords
import PlumbReport
import PlumbTensor

/// Runs an experiment and keeps its record.
struct Runner {
    private let interruption = Interruption.current
    let observer: any RunObserver
    /// Whether trained models stay in the run's folder.
    var keepsModels = true

    /// Runs and records: the run's folder holds settings, events, record and report afterwards.
    /// - Throws: ``UnfinishedRun`` when the experiment ends without findings.
    func run(
        _ experiment: any Experiment.Type, settings: JSONValue, seed: UInt64, in store: RunStore
    ) async throws -> (record: RunRecord, folder: RunFolder) {
        let folder = try store.create(experiment: experiment.card.id, settings: settings, seed: seed)
        let request = RunRequest(experiment: experiment.card.id, seed: seed, settings: settings)
        return try await finish(folder, isFresh: true) {
            folder.receive(RunEvent(.started(commandLine: CommandLine.arguments)))
            return try await record(experiment, request, folder: folder, curves: CurveRecorder())
        }
    }

    /// Goes on with a run that was stopped, in its folder, with its settings and seed.
    /// - Throws: ``UnfinishedRun`` when the experiment ends without findings again.
    func resume(
        _ experiment: any Experiment.Type, _ query: String, in store: RunStore
    ) async throws -> (record: RunRecord, folder: RunFolder) {
        let resumed = try store.reopen(query, experiment: experiment.card.id)
        let folder = resumed.folder
        return try await finish(folder, isFresh: false) {
            let event = RunEvent(.resumed(commandLine: CommandLine.arguments))
            folder.receive(event)
            let curves = CurveRecorder(replaying: resumed.events + [event])
            var record = try await record(experiment, resumed.request, folder: folder, curves: curves)
            record.started = resumed.started ?? record.started
            record.wallSeconds += resumed.earlierSeconds
            return record
        }
    }

    /// Runs without leaving anything on disk.
    func run(_ experiment: any Experiment.Type, settings: JSONValue, seed: UInt64) async throws -> RunRecord {
        let request = RunRequest(experiment: experiment.card.id, seed: seed, settings: settings)
        return try await record(experiment, request, folder: nil, curves: CurveRecorder())
    }

    /// Writes what `body` finds into the run's folder, or why it found nothing.
    private func finish(
        _ folder: RunFolder, isFresh: Bool, _ body: () async throws -> RunRecord
    ) async throws -> (record: RunRecord, folder: RunFolder) {
        _ = interruption?.awaited {
            folder.abandon(.interrupted)
            let unfinished = UnfinishedRun(cause: RunInterrupted(), folder: folder)
            if let advice = unfinished.advice { Failure.say(advice) }
        }
        do {
            var record = try await body()
            record.artifacts.append(
                Artifact(name: "report", path: folder.reportFile.lastPathComponent, kind: "report"))
            try folder.write(report: HTMLReport.render(record))
            try folder.finish(with: record)
            return (record, folder)
        } catch {
            // Said now: a full file system has room again once the folder is gone.
            let said = sentence(of: error)
            let error: any Error = said == "\(error)" ? error : RunStoreError(said)
            let ending = isInterruption(error) ? RunEvent.Kind.interrupted : .failed(said)
            observer.receive(RunEvent(ending))
            guard isInterruption(error) || folder.hasWork else {
                // What was refused before any work was done is no run; a resumed one was.
                if isFresh { folder.discard() } else { folder.abandon(ending) }
                throw error
            }
            folder.abandon(ending)
            throw UnfinishedRun(cause: error, folder: folder)
        }
    }

    /// This executable, looked at once.
    static let build: Build = {
        let url = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        return Build(executable: try? FileHash.sha256(of: url), commit: Build.commit(of: url))
    }()

    private func record(
        _ experiment: any Experiment.Type, _ request: RunRequest, folder: RunFolder?, curves: CurveRecorder
    ) async throws -> RunRecord {
        let started = Timestamp.now
        let clock = ContinuousClock.now
        var context = RunContext(
            seed: request.seed, observer: RunObservers([observer, curves] + (folder.map { [$0] } ?? [])),
            interruption: interruption?.awaited(), artifactFolder: folder?.artifactFolder,
            modelFolder: keepsModels ? folder?.artifactFolder : nil, checkpointFolder: folder?.checkpointFolder)
        let (card, findings) = try await experiment.run(request.settings, in: &context)
        return RunRecord(
            id: folder?.id ?? experiment.card.id, card: card, settings: request.settings,
            seed: request.seed, host: .current(isa: Compute.instructionSet, threads: Compute.threads),
            arithmetic: context.arithmetic, started: started,
            wallSeconds: (ContinuousClock.now - clock) / .seconds(1), inputs: context.inputs, findings: findings,
            curves: curves.curves,
            artifacts: context.artifacts
                + (try folder.map { try KeptModel.all(in: $0.artifactFolder).map { try $0.artifact() } } ?? []),
            commandLine: CommandLine.arguments, build: folder == nil ? nil : Self.build)
    }
}

/// Whether a run ended because it was asked to.
private func isInterruption(_ error: any Error) -> Bool { error is RunInterrupted || error is CancellationError }

/// A run that left a folder but no record.
struct UnfinishedRun: Unfinished {
    /// Why it ended.
    let cause: any Error
    /// What it left.
    let folder: RunFolder

    /// How to go on; `nil` where beginning anew is as good.
    var advice: String? {
        // What diverged diverges again from the same settings and seed.
        guard isInterruption(cause) || folder.hasCheckpoint, !(cause is FitError) else { return nil }
        let entry = RunEntry(reading: folder.url)
        let store = folder.url.deletingLastPathComponent()
        let isStandard = store.standardizedFileURL.path == RunStore.standard.directory.standardizedFileURL.path
        let out = isStandard ? "" : " --out \(ShellWord.quoted(store.path))"
        let command = "\(CommandName.current) run \(entry.experiment) --resume \(entry.shortID)\(out)"
        return folder.hasCheckpoint
            ? "it goes on from its last checkpoint with: \(command)"
            : "it left no checkpoint, so it would begin again with: \(command)"
    }
}

/// A word as a shell would need it.
enum ShellWord {
    static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "._-/=,:+@%".contains($0) }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
