import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbEvaluations
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor

struct EvalRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Evaluate a model on a task.",
        discussion: """
            Before the model is asked, scripted answers test the scorer: known-good ones must pass, known-bad, empty \
            and constant ones must not. Where a scorer does not tell them apart, or the model says the same to \
            everything, the exit code is 1. The folder of the run holds a record, a page, and a log in artifacts/ that \
            inspect-ai reads.

            A run that was stopped goes on with the same options and --resume RUN.
            """)

    @Argument(help: "A task that \(CommandName.current) eval list shows, or a file of samples.", completion: .file())
    var task: String
    @OptionGroup var options: ModelOptions
    @Option(help: "Another model to ask the same, for a paired comparison. (default: none)") var compare: String?
    @Option(parsing: .unconditional, help: "What the system says first. (default: as the task says)") var system:
        String?
    @Option(
        parsing: .unconditional,
        help: "What the system says first to a second copy of the model, for a paired comparison. (default: none)")
    var compareSystem: String?
    @Option(help: "How prompts are written. (default: chat for written answers where the model has a template)")
    var prompting: EvaluatedLanguageModel.Prompting?
    @Option(help: "The date that a chat template states, such as 2026-07-06. (default: today)") var date: String?
    @Option(help: "How the model is brought to answer. (default: as the task says)") var solver: Solver?
    @Option(help: "How answers are scored. (default: as the task says)") var scorer: ScorerChoice?
    @Option(parsing: .unconditional, help: "With --scorer pattern, the regular expression. (default: none)")
    var pattern: String?
    @Option(help: "With --scorer model-graded, the model that grades. (default: the model itself)") var grader: String?
    @Option(parsing: .unconditional, help: "The most samples, from the first on. (default: all)") var limit: Int?
    @Option(parsing: .unconditional, help: "How often each sample is asked.") var epochs = 1
    @Flag(help: "Ask each question with its choices in every rotation, and measure the bias of their order.")
    var rotate = false
    @Option(parsing: .unconditional, help: "Worked examples before each question.") var fewShot = 0
    @Option(parsing: .unconditional, help: "0 takes the most probable token.") var temperature = 0.0
    @Option(parsing: .unconditional, help: "The most tokens of an answer. (default: as the task says)")
    var maxTokens: Int?
    @Option(parsing: .unconditional, help: "Samples that are asked side by side.") var batch = 16
    @Option(parsing: .unconditional, help: "Seconds after which no further sample is asked. (default: none)")
    var timeLimit: Double?
    @Option(parsing: .unconditional, help: "Tokens after which no further sample is asked. (default: none)")
    var tokenLimit: Int?
    @Option(parsing: .unconditional, help: "Say how many samples show a difference of this size. (default: none)")
    var detect: Double?
    @Option(parsing: .unconditional, help: "The seed of every random number.") var seed: UInt64 = 0
    @Option(help: "The folder that run folders are written to.", completion: .directory) var out = "runs"
    @Option(help: "Go on with a run that was stopped. (default: none)") var resume: String?
    @Flag(help: "Ask nothing: show a prompt, the controls, and how many samples there are.") var dryRun = false
    @Flag(help: "Print one JSON object when done.") var json = false

    func validate() throws {
        try PathOption.check(task, "TASK")
        try PathOption.check(out, "--out")
        let counts = [
            ("limit", limit), ("epochs", epochs), ("max-tokens", maxTokens), ("batch", batch),
            ("token-limit", tokenLimit),
        ]
        for (name, value) in counts {
            if let value, value < 1 { throw ValidationError("--\(name) must be at least 1, got \(value)") }
        }
        guard fewShot >= 0 else { throw ValidationError("--few-shot must not be negative, got \(fewShot)") }
        guard temperature >= 0, temperature.isFinite else {
            throw ValidationError("--temperature must be 0 or a positive number, got \(temperature)")
        }
        if let timeLimit, !(timeLimit > 0) { throw ValidationError("--time-limit must be above 0, got \(timeLimit)") }
        if let detect, !(detect > 0 && detect <= 1) {
            throw ValidationError("--detect must be above 0 and at most 1, got \(detect)")
        }
        guard (scorer == .pattern) == (pattern != nil) else {
            throw ValidationError("--scorer pattern and --pattern go together")
        }
        guard grader == nil || scorer == .modelGraded else {
            throw ValidationError("--grader needs --scorer model-graded")
        }
        guard compare == nil || compareSystem == nil else {
            throw ValidationError("give one of --compare and --compare-system")
        }
    }

    var settings: EvaluationSettings {
        var settings = EvaluationSettings()
        (settings.limit, settings.epochs, settings.rotatesChoices) = (limit, epochs, rotate)
        (settings.fewShot, settings.temperature, settings.maxTokens) = (fewShot, temperature, maxTokens)
        (settings.seed, settings.batch) = (seed, batch)
        (settings.timeLimit, settings.tokenLimit) = (timeLimit, tokenLimit)
        return settings
    }

    /// The task with what the options change.
    func loadedTask() throws -> EvaluationTask {
        var task: EvaluationTask
        if let known = BuiltInTasks.task(self.task) {
            task = known
        } else if FileManager.default.fileExists(atPath: self.task) {
            task = try SampleFile(URL(fileURLWithPath: self.task)).task()
        } else {
            let near = closestMatch(to: self.task, in: BuiltInTasks.all.map(\.name))
            throw EvaluationError(
                "\(self.task) is neither a built-in task nor a file\(near.map { "; did you mean \($0)?" } ?? "")")
        }
        if let solver {
            task.solver = solver
            task.controls = EvaluationControls(of: solver)
            if scorer == nil, solver.needsChoices { task.scorers = [.choice] }
        }
        switch scorer {
        case nil, .modelGraded: break
        case .match: task.scorers = [.match()]
        case .number: task.scorers = [.match(.end, numeric: true)]
        case .includes: task.scorers = [.includes]
        case .exact: task.scorers = [.exact]
        case .f1: task.scorers = [.f1]
        case .pattern: task.scorers = [try .pattern(pattern ?? "")]
        case .choice: task.scorers = [.choice]
        case .mass: task.scorers = [.correctMass]
        case .compliance: task.scorers = [.compliance]
        }
        if let system { task.system = system }
        return task
    }

    func run() async throws {
        var task = try loadedTask()
        if dryRun {
            return try EvalPreview(Evaluation(task, settings), detect: detect).show(json: json)
        }
        _ = try Evaluation(task, settings)
        let model = try await options.load()
        var subjects = [try subject(model, task)]
        if let compare { subjects.append(try subject(try await other(compare), task)) }
        var sources = EvalSession.Sources()
        if BuiltInTasks.task(self.task) == nil { sources.samples = URL(fileURLWithPath: self.task) }
        if scorer == .modelGraded {
            var grading = model
            if let grader { grading = try await other(grader) }
            sources.grader = grading.files
            task.scorers = [ModelGrader(try EvaluatedLanguageModel(grading, prompting: .plain, now: moment)).scorer]
        }
        var tasks = subjects.map { _ in task }
        if let compareSystem {
            subjects.append(subjects[0])
            tasks.append(task)
            tasks[1].system = compareSystem
        }
        let evaluations = try tasks.map { try Evaluation($0, settings) }
        let session = EvalSession(
            evaluations: evaluations, models: subjects, settings: try recordedSettings(task, subjects), seed: seed,
            detect: detect, sources: sources)
        let (record, folder) = try session.run(in: RunStore(directory: URL(fileURLWithPath: out)), resuming: resume)
        if json {
            try Output.json(try record.contract())
        } else {
            print(TerminalReport(record).render(.current()))
            print("record  \(folder.path)")
            for artifact in record.artifacts where artifact.kind == "log" {
                print("log     \(folder.appendingPathComponent(artifact.path).path)")
            }
        }
        if !record.findings.areAsExpected { throw ExitCode(Failure.claimFailed) }
    }

    /// The moment that a chat template is told: noon, so that a run that goes on the same day reads the same prompts.
    private var moment: Date {
        let today = Date()
        return date.flatMap(PromptDate.noon) ?? PromptDate.noon(PromptDate.text(today)) ?? today
    }

    private func other(_ name: String) async throws -> HookedTransformer {
        var loaded = try await HookedTransformer.load(name)
        loaded.arithmetic = options.arithmetic
        return loaded
    }

    private func subject(_ model: HookedTransformer, _ task: EvaluationTask) throws -> EvaluatedLanguageModel {
        let hasTemplate = try model.tokenizer?.chatTemplate != nil
        let usual: EvaluatedLanguageModel.Prompting =
            hasTemplate && !task.solver.usesLogProbabilities ? .chat : .plain
        model.prepare()
        return try EvaluatedLanguageModel(model, prompting: prompting ?? usual, now: moment)
    }

    private func recordedSettings(_ task: EvaluationTask, _ subjects: [EvaluatedLanguageModel]) throws -> JSONValue {
        var members = try JSONValue(encoding: settings).object ?? [:]
        members["task"] = .string(task.name)
        members["taskVersion"] = JSONValue(task.version)
        members["solver"] = .string(task.solver.rawValue)
        members["scorers"] = .array(task.scorers.map { .string($0.name) })
        members["date"] = .string(PromptDate.text(moment))
        members["arithmetic"] = .string(options.arithmetic.rawValue)
        if let pattern { members["pattern"] = .string(pattern) }
        if scorer == .modelGraded { members["grader"] = .string(grader ?? subjects[0].name) }
        members["model"] = .string(subjects[0].name)
        members["prompting"] = .string(subjects[0].prompting.rawValue)
        if subjects.count > 1 { members["compare"] = .string(subjects[1].name) }
        if let system = task.system { members["system"] = .string(system) }
        if let compareSystem { members["compareSystem"] = .string(compareSystem) }
        return .object(members)
    }
}
