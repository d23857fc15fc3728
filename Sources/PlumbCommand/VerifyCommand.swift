import ArgumentParser
import Foundation
import PlumbBasics
import PlumbExperiments
import PlumbRecords
import PlumbReport

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Test every claim and its control in quick runs.",
        discussion: """
            Draws a seed, so that each verification is a new test, and keeps the record of every run. Exits with 1 if a \
            claim or a control fails, or if one cannot be measured without having been declared so. --seed N repeats a \
            verification.
            """)

    @Argument(help: ArgumentHelp("The ids of experiments to verify. (default: all)", valueName: "experiment"))
    var ids: [String] = []
    @Option(parsing: .unconditional, help: "The seed of every random number. (default: drawn)") var seed: UInt64?
    @Option(help: "The folder that run folders are written to.", completion: .directory) var out = "runs"
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        try PathOption.check(out, "--out")
        let experiments = try ids.isEmpty ? Plumb.catalogue.all : ids.map(Plumb.catalogue.experiment)
        // Short enough to be typed again.
        let seed = seed ?? UInt64.random(in: 0..<1_000_000)
        if !json { print("seed \(seed)\n") }
        let progress = Output.progress()
        let runner = Runner(observer: progress, keepsModels: false)
        let store = RunStore(directory: URL(fileURLWithPath: out))
        var records: [RunRecord] = []
        for experiment in experiments {
            let (record, _) = try await runner.run(experiment, settings: experiment.settings(), seed: seed, in: store)
            progress.close()
            records.append(record)
            if !json {
                print(record.card.title)
                print(TerminalReport(record).claims(.current()))
                try Output.flush()
            }
        }
        let passed = records.allSatisfy(\.findings.areAsExpected)
        if json {
            try Output.json(
                .object([
                    "passed": .bool(passed), "seed": JSONValue(seed),
                    "experiments": .array(records.map { try $0.contract() }),
                ]))
        } else {
            print(Self.table(records).render(.current()))
            print(Self.conclusion(records, seed: seed) + "\nrecords in \(store.directory.path)")
        }
        if !passed { throw ExitCode(Failure.claimFailed) }
    }

    private static func table(_ records: [RunRecord]) -> TerminalTable {
        TerminalTable(
            columns: [
                .init("experiment"), .init("claims", .right), .init("hold", .right), .init("fail", .right),
                .init("not measurable", .right), .init("time", .right), .init("record"),
            ],
            rows: records.map { record in
                let claims = record.findings.claims
                func count(_ verdict: ClaimResult.Verdict) -> String {
                    let count = claims.count { $0.verdict == verdict }
                    return count == 0 ? "" : "\(count)"
                }
                return [
                    record.experiment, "\(claims.count)", count(.passes), count(.fails), count(.notMeasurable),
                    NumberText.duration(record.wallSeconds), record.shortID,
                ]
            })
    }

    private static func conclusion(_ records: [RunRecord], seed: UInt64) -> String {
        func names(_ isMeant: (ClaimResult) -> Bool) -> String {
            records.filter { $0.findings.claims.contains(where: isMeant) }.map(\.experiment).joined(separator: ", ")
        }
        let failed = names { $0.verdict == .fails }
        let unmeasured = names { $0.verdict == .notMeasurable && !$0.isAsExpected }
        let expected = names { $0.verdict == .notMeasurable && $0.isAsExpected }
        var lines: [String] = []
        if failed.isEmpty, unmeasured.isEmpty {
            let count = "\(records.count) \(records.count == 1 ? "experiment" : "experiments")"
            let but = expected.isEmpty ? "" : " but those declared not measurable, in \(expected)"
            lines.append("all claims hold\(but): \(count), seed \(seed)")
        }
        if !failed.isEmpty { lines.append("claims fail in \(failed), seed \(seed)") }
        if !unmeasured.isEmpty { lines.append("claims could not be measured in \(unmeasured), seed \(seed)") }
        return lines.joined(separator: "\n")
    }
}
