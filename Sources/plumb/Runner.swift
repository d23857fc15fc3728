import Foundation
import PlumbExperiments
import PlumbRecords
import PlumbReport
import PlumbTensor

/// Runs an experiment and keeps its record.
struct Runner {
    let interruption: Interruption
    let observer: any RunObserver

    /// Runs and records: the run's folder holds settings, events, record and report afterwards.
    func run(
        _ experiment: any Experiment.Type, settings: JSONValue, seed: UInt64, in store: RunStore
    ) async throws -> (record: RunRecord, folder: RunFolder) {
        let folder = try store.create(experiment: experiment.card.id, settings: settings)
        do {
            var record = try await run(experiment, settings: settings, seed: seed, id: folder.id, folder: folder)
            record.artifacts.append(
                Artifact(name: "report", path: folder.reportFile.lastPathComponent, kind: "report"))
            try folder.write(report: HTMLReport.render(record))
            try folder.finish(with: record)
            return (record, folder)
        } catch {
            folder.abandon(error is RunInterrupted ? .interrupted : .failed("\(error)"))
            throw error
        }
    }

    /// Runs without leaving anything on disk.
    func run(_ experiment: any Experiment.Type, settings: JSONValue, seed: UInt64) async throws -> RunRecord {
        try await run(experiment, settings: settings, seed: seed, id: experiment.card.id, folder: nil)
    }

    private func run(
        _ experiment: any Experiment.Type, settings: JSONValue, seed: UInt64, id: String, folder: RunFolder?
    ) async throws -> RunRecord {
        let started = Timestamp.now
        let clock = ContinuousClock.now
        var context = RunContext(
            seed: seed, observer: RunObservers([observer] + (folder.map { [$0] } ?? [])),
            interruption: interruption.request, artifactFolder: folder?.artifactFolder)
        let findings = try await experiment.run(settings, in: &context)
        return RunRecord(
            id: id, card: experiment.card, settings: settings, seed: seed,
            host: .current(isa: Compute.instructionSet, threads: Compute.threads), arithmetic: context.arithmetic,
            started: started, wallSeconds: (ContinuousClock.now - clock) / .seconds(1), inputs: context.inputs,
            findings: findings, artifacts: context.artifacts, commandLine: CommandLine.arguments)
    }
}
