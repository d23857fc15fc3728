import ArgumentParser
import PlumbExperiments
import PlumbRecords
import PlumbReport

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Test every claim and its control in quick runs.",
        discussion:
            "Exits with 1 if a claim or its control fails or cannot be measured. Claims should hold for any --seed.")

    @Argument(help: ArgumentHelp("The ids of experiments to verify. (default: all)", valueName: "experiment"))
    var ids: [String] = []
    @Option(parsing: .unconditional, help: "The seed of every random number.") var seed: UInt64 = 0
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        let experiments = try ids.isEmpty ? Plumb.catalogue.all : ids.map(Plumb.catalogue.experiment)
        let progress = Output.progress()
        let runner = Runner(observer: progress)
        var records: [RunRecord] = []
        for experiment in experiments {
            let record = try await runner.run(experiment, settings: experiment.settings(), seed: seed)
            progress.close()
            records.append(record)
            if !json { print(TerminalReport(record).claims(.current())) }
        }
        let passed = records.allSatisfy(\.findings.allClaimsPass)
        if json {
            try Output.json(
                .object([
                    "passed": .bool(passed), "seed": JSONValue(seed),
                    "experiments": .array(records.map { try $0.contract() }),
                ]))
        } else {
            func names(_ verdict: ClaimResult.Verdict) -> String {
                records.filter { !$0.findings.claims(verdict).isEmpty }.map(\.experiment).joined(separator: ", ")
            }
            let (failed, unmeasured) = (names(.fails), names(.notMeasurable))
            if passed {
                print(
                    "all claims hold: \(records.count) \(records.count == 1 ? "experiment" : "experiments"), seed \(seed)"
                )
            }
            if !failed.isEmpty { print("claims fail in \(failed), seed \(seed)") }
            if !unmeasured.isEmpty { print("claims could not be measured in \(unmeasured), seed \(seed)") }
        }
        if !passed { throw ExitCode(Failure.claimFailed) }
    }
}
