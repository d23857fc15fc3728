import Foundation
import PlumbBasics
import PlumbData
import PlumbEvaluations
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor

/// Evaluations that are run, recorded and kept, one after the other.
struct EvalSession {
    /// One evaluation, or two that are compared.
    let evaluations: [Evaluation]
    let models: [EvaluatedLanguageModel]
    let settings: JSONValue
    let seed: UInt64
    let detect: Double?
    let sources: Sources

    /// What is read beside the models that are evaluated.
    struct Sources {
        /// The file of the samples; nil for a task that is built in.
        var samples: URL?
        /// The weights of the model that grades.
        var grader: [URL] = []
    }

    private var experiment: String { "eval-" + String(evaluations[0].task.name.map { Self.isPlain($0) ? $0 : "-" }) }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == "_")
    }

    /// Runs in a fresh folder of the store, or goes on in the folder of a run that was stopped.
    func run(in store: RunStore, resuming query: String?) throws -> (record: RunRecord, folder: URL) {
        let resumed = try query.map { try store.reopen($0, experiment: experiment) }
        if let resumed, resumed.request.settings != settings || resumed.request.seed != seed {
            resumed.folder.abandon(.interrupted)
            let kept = resumed.request.settings
            let names = (settings.object ?? [:]).keys.filter { settings[$0] != kept[$0] }.sorted()
            throw EvaluationError(
                "the run \(RunStore.shortID(of: resumed.folder.id)) was made with other "
                    + "\(names.isEmpty ? "settings" : names.joined(separator: ", ")): give the options that it had")
        }
        let folder = try resumed?.folder ?? store.create(experiment: experiment, settings: settings, seed: seed)
        let request = Interruption.current?.awaited {
            folder.abandon(.interrupted)
            let unfinished = UnfinishedEvaluation(cause: RunInterrupted(), folder: folder.url)
            if let advice = unfinished.advice { Failure.say(advice) }
        }
        let progress = Output.progress()
        do {
            let event: RunEvent.Kind =
                resumed == nil
                ? .started(commandLine: CommandLine.arguments) : .resumed(commandLine: CommandLine.arguments)
            try folder.append(RunEvent(event))
            let record = try finished(folder, started: resumed?.started ?? .now, progress) {
                if request?.isRaised ?? false { throw RunInterrupted() }
            }
            progress.close()
            return (record, folder.url)
        } catch {
            progress.close()
            let isInterruption = error is RunInterrupted || error is CancellationError
            guard folder.hasCheckpoint else {
                if resumed == nil { folder.discard() } else { folder.abandon(.failed(sentence(of: error))) }
                throw error
            }
            folder.abandon(isInterruption ? .interrupted : .failed(sentence(of: error)))
            throw UnfinishedEvaluation(cause: error, folder: folder.url)
        }
    }

    private func finished(
        _ folder: RunFolder, started: Timestamp, _ progress: TerminalProgress,
        checkpoint: @escaping @Sendable () throws -> Void
    ) throws -> RunRecord {
        let clock = ContinuousClock.now
        let outcome = try evaluations[0].task.controlOutcome()
        var results: [EvaluationResults] = []
        for (index, evaluation) in evaluations.enumerated() {
            let journal = EvaluationJournal(
                folder.checkpointFolder.appendingPathComponent("journal-\(index + 1).jsonl"))
            let label = models.count > 1 ? "\(evaluation.task.name), \(index + 1) of 2" : evaluation.task.name
            results.append(
                try evaluation.run(
                    models[index], journal: journal,
                    hooks: .init(
                        checkpoint: checkpoint,
                        progress: { done, total in
                            let event = RunEvent(
                                .progress(label: label, fraction: Double(done) / Double(max(1, total))))
                            progress.receive(event)
                            folder.receive(event)
                        })))
        }
        var artifacts: [Artifact] = []
        for (index, result) in results.enumerated() {
            let details = EvaluationResults.LogDetails(
                started: Date(timeIntervalSince1970: Double(started.milliseconds) / 1000), finished: Date(),
                name: "\(folder.id)-\(index)")
            let name = result.logName(details)
            try result.writeLog(to: folder.artifactFolder.appendingPathComponent(name), details)
            artifacts.append(Artifact(name: name, path: "\(RunStore.artifactsName)/\(name)", kind: "log"))
        }
        artifacts.append(Artifact(name: "report", path: folder.reportFile.lastPathComponent, kind: "report"))
        let findings = try EvalFindings(results, outcome, detect: detect, seed: seed).findings()
        let record = RunRecord(
            id: folder.id, card: card(findings), settings: settings, seed: seed,
            host: .current(isa: Compute.instructionSet, threads: Compute.threads),
            arithmetic: models[0].model.arithmetic == .float32
                ? "float32 on exactly dequantized weights" : "bfloat16 products, float32 sums", started: started,
            wallSeconds: (ContinuousClock.now - clock) / .seconds(1), inputs: try inputs(), findings: findings,
            artifacts: artifacts, commandLine: CommandLine.arguments, build: Runner.build)
        try folder.write(report: HTMLReport.render(record))
        try folder.finish(with: record)
        return record
    }

    private func inputs() throws -> [InputFile] {
        let store = ModelStore()
        var inputs: [InputFile] = []
        func add(_ files: [URL], as role: String) throws {
            for file in files where !inputs.contains(where: { $0.path == file.path }) {
                inputs.append(
                    InputFile(
                        path: file.path, sha256: try store.sha256(of: file),
                        bytes: try MappedBytes(contentsOf: file).count, role: role))
            }
        }
        try add(models.flatMap(\.model.files), as: "weights")
        try add(sources.grader, as: "weights of the grader")
        if let samples = sources.samples { try add([samples], as: "samples") }
        return inputs
    }

    private func card(_ findings: Findings) -> Card {
        let task = evaluations[0].task
        var card = Card(
            id: experiment, title: "Evaluation: \(task.name)", direction: "evaluations", question: task.summary,
            method:
                "Each of \(task.samples.count) samples is put to the model by the solver \(task.solver.rawValue) and "
                + "scored by \(task.scorers.map(\.name).joined(separator: ", ")). Standard errors and intervals "
                + "are those of "
                + "clusters: repetitions of a sample, and samples that belong together, are not independent.",
            limits: "A score holds for these prompts and this way of asking; other prompts give other numbers.",
            references: [
                Reference(
                    authors: "Miller",
                    title: "Adding Error Bars to Evals: A Statistical Approach to Language Model "
                        + "Evaluations", year: 2024, arXiv: "2411.00640")
            ], minutes: 1)
        card.hypothesis = findings.claims.map { "\($0.statement): \($0.threshold)." }.joined(separator: " ")
        card.control = findings.claims.map { "\($0.control.statement): \($0.control.threshold)." }
            .joined(separator: " ")
        return card
    }
}

/// An evaluation that left a journal but no record.
struct UnfinishedEvaluation: Unfinished {
    let cause: any Error
    let folder: URL

    var advice: String? {
        let id = RunStore.shortID(of: folder.lastPathComponent)
        return "what was answered is kept: go on with the same options and --resume \(id)"
    }
}
