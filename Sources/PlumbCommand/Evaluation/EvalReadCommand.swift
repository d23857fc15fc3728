import ArgumentParser
import Foundation
import PlumbBasics
import PlumbEvaluations
import PlumbReport
import PlumbTensor

/// Logs of Inspect: listed, filtered, shown and compared.
struct EvalReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Read a log of Inspect (.eval or .json), or compare two.",
        discussion: """
              \(CommandName.current) eval read LOG.eval
              \(CommandName.current) eval read LOG.eval --below 1 --contains "capital"
              \(CommandName.current) eval read LOG.eval --sample facts-3
              \(CommandName.current) eval read LOG.eval OTHER.eval

            Only what is asked for is read, so that a log of 200,000 samples is listed in about a second. C counts as \
            1, P as 0.5, and I and N as 0, as in Inspect.
            """)

    @Argument(help: "The log.", completion: .file()) var log: String
    @Argument(help: "Another log to compare it with, sample by sample. (default: none)", completion: .file())
    var other: String?
    @Option(help: "The score to show, by its scorer's name. (default: the first)") var score: String?
    @Option(parsing: .unconditional, help: "Show samples with a score below this. (default: all)") var below: Double?
    @Option(parsing: .unconditional, help: "Show samples with a score above this. (default: all)") var above: Double?
    @Option(parsing: .unconditional, help: "Show samples whose input holds this text. (default: all)")
    var contains: String?
    @Flag(help: "Show samples that failed.") var errors = false
    @Option(parsing: .unconditional, help: "How many samples are shown at most.") var limit = 20
    @Option(help: "Show one sample by its id, or id:epoch. (default: none)") var sample: String?
    @Option(parsing: .unconditional, help: "The seed of the comparison's test.") var seed: UInt64 = 0
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        try PathOption.check(log, "LOG")
        try PathOption.check(other, "OTHER")
        guard limit >= 0 else { throw ValidationError("--limit must not be negative, got \(limit)") }
        guard other == nil || sample == nil else { throw ValidationError("--sample goes with one log") }
    }

    func run() throws {
        let log = try InspectLog(contentsOf: URL(fileURLWithPath: log))
        if let other {
            return try compare(log, InspectLog(contentsOf: URL(fileURLWithPath: other)))
        }
        if let sample { return try show(sample, of: log) }
        try list(log)
    }

    /// A text that is looked for whatever the case of its letters.
    struct Needle {
        private let text: String
        private let bytes: [UInt8]

        init(_ text: String) {
            self.text = text.lowercased()
            bytes = Array(self.text.utf8)
        }

        /// Whether the text occurs in another. Where that holds ASCII alone, its bytes are compared, without a copy.
        func isIn(_ text: String) -> Bool {
            var text = text
            let found: Bool? = text.withUTF8 { all in
                guard let first = bytes.first else { return true }
                guard all.allSatisfy({ $0 < 0x80 }) else { return nil }
                guard all.count >= bytes.count else { return false }
                func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
                return (0...all.count - bytes.count).contains { start in
                    lower(all[start]) == first && bytes.indices.allSatisfy { lower(all[start + $0]) == bytes[$0] }
                }
            }
            return found ?? text.lowercased().contains(self.text)
        }
    }

    /// What a walk over the summaries found.
    private struct Listing {
        var count = 0
        var matching = 0
        var shown: [InspectSummary] = []
        var sums: [String: (sum: Double, count: Int)] = [:]

        /// The mean of each score, by its name.
        var means: [(name: String, mean: Double, count: Int)] {
            sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sum / Double($0.value.count), $0.value.count) }
        }
    }

    private func listing(of log: InspectLog) throws -> Listing {
        var listing = Listing()
        let needle = contains.map(Needle.init)
        try log.forEachSummary(texts: needle != nil) { summary in
            listing.count += 1
            for score in summary.scores {
                let before = listing.sums[score.name] ?? (0, 0)
                listing.sums[score.name] = (before.sum + score.value, before.count + 1)
            }
            let value = summary.score(score)
            if let below, !((value ?? .nan) < below) { return true }
            if let above, !((value ?? .nan) > above) { return true }
            if errors, summary.error == nil { return true }
            if let needle, !needle.isIn(summary.input) { return true }
            listing.matching += 1
            if listing.shown.count < limit { listing.shown.append(summary) }
            return true
        }
        if let score, listing.count > 0, !listing.sums.keys.contains(score) {
            let known = listing.sums.keys.sorted().joined(separator: ", ")
            throw EvaluationError("\(self.log) has no score \(visible(score, limit: 60)); it has \(known)")
        }
        return listing
    }

    private func list(_ log: InspectLog) throws {
        let listing = try listing(of: log)
        guard !json else {
            return try Output.json(
                .object([
                    "task": .string(log.task), "model": .string(log.model), "status": .string(log.status),
                    "created": .string(log.created), "samples": JSONValue(listing.count),
                    "matching": JSONValue(listing.matching),
                    "metrics": .object(
                        Dictionary(log.metrics.map { ($0.name, JSONValue($0.value)) }, uniquingKeysWith: { $1 })),
                    "means": .object(
                        Dictionary(listing.means.map { ($0.name, JSONValue($0.mean)) }, uniquingKeysWith: { $1 })),
                    "shown": .array(
                        listing.shown.map { summary in
                            .object([
                                "id": .string(summary.id), "epoch": JSONValue(summary.epoch),
                                "score": summary.score(score).map { JSONValue($0) } ?? .null,
                                "error": summary.error.map(JSONValue.string) ?? .null,
                            ])
                        }),
                ]))
        }
        print("task    \(VisibleText.line(log.task))\nmodel   \(VisibleText.line(log.model))")
        print("status  \(VisibleText.line(log.status)), created \(VisibleText.line(log.created))")
        print("samples \(listing.count)\n")
        for (name, value) in log.metrics { print("\(VisibleText.line(name))  \(NumberText.value(value))") }
        for (name, mean, count) in listing.means {
            print("mean of \(VisibleText.line(name)) over \(count) samples  \(NumberText.value(mean))")
        }
        print("")
        let table = TerminalTable(
            columns: [.init("sample"), .init("epoch", .right), .init("score", .right), .init("error")],
            rows: listing.shown.map { summary in
                [
                    summary.id, "\(summary.epoch)", summary.score(score).map { NumberText.value($0) } ?? "",
                    summary.error.map { visible($0, limit: 60) } ?? "",
                ]
            })
        print(table.render(.current()))
        let rest = listing.matching - listing.shown.count
        if rest > 0 { print("… and \(rest) more; --limit shows more of them") }
    }

    private func show(_ name: String, of log: InspectLog) throws {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        let epoch = parts.count > 1 ? parts.last.flatMap { Int($0) } : nil
        let id = epoch == nil ? name : parts.dropLast().joined(separator: ":")
        guard let sample = try log.sample(id, epoch: epoch ?? 1) else {
            throw EvaluationError("\(self.log) has no sample \(visible(id, limit: 60)) in epoch \(epoch ?? 1)")
        }
        guard !json else { return try Output.json(sample) }
        for message in sample["messages"]?.array ?? [] {
            let content = message["content"].map(\.plainText) ?? ""
            try Output.show("[\(message["role"]?.string ?? "unknown")]\n\(content)\n\n")
        }
        for (name, score) in (sample["scores"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            try Output.show("\(name): \(score["value"].map(\.plainText) ?? "")\n")
            if let text = score["explanation"]?.string { try Output.show("  \(text)\n") }
        }
        try Output.show("target: \(sample["target"].map(\.plainText) ?? "")\n")
    }

    private func compare(_ first: InspectLog, _ second: InspectLog) throws {
        let found = try PairedComparison(
            first.scoresBySample(score), second.scoresBySample(score), key: RandomKey(seed)["comparison"])
        let ends = found.interval()
        guard !json else {
            return try Output.json(
                .object([
                    "first": .string(first.model), "second": .string(second.model),
                    "samples": JSONValue(found.difference.count), "unpaired": JSONValue(found.unpaired),
                    "means": .array([JSONValue(found.means.first), JSONValue(found.means.second)]),
                    "difference": JSONValue(found.difference.mean),
                    "standard_error": JSONValue(found.difference.standardError),
                    "interval": .array([JSONValue(ends.lower), JSONValue(ends.upper)]), "p": JSONValue(found.test.p),
                    "correlation": JSONValue(found.correlation),
                ]))
        }
        let table = TerminalTable(
            columns: [.init("log"), .init("model"), .init("mean", .right)],
            rows: [
                [log, first.model, NumberText.value(found.means.first)],
                [other ?? "", second.model, NumberText.value(found.means.second)],
            ])
        print(table.render(.current()))
        print(
            "difference \(NumberText.fixed(found.difference.mean, decimals: 4)), 95 % interval "
                + "\(NumberText.fixed(ends.lower, decimals: 4)) to \(NumberText.fixed(ends.upper, decimals: 4)), "
                + "paired "
                + "permutation test p = \(NumberText.value(found.test.p)), over \(found.difference.count) shared "
                + "samples"
        )
        if found.unpaired > 0 { print("\(found.unpaired) samples are in one log only") }
    }
}
