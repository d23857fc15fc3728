import Foundation
import PlumbExperiments
import PlumbRecords
import PlumbTensor
import Testing

/// What every experiment finds with its preset `tiny` and seed 7, held to a record: claims, metrics and tables.
///
/// Instruction sets add in different orders, and long training makes a difference of the last bit large: the records are
/// those of one that every recent x86 processor has.
///
/// Record anew with `PLUMB_RECORD_GOLDEN=1 swift test --filter GoldenRecord`, on purpose and never in CI, and look at the
/// difference before committing it.
@Suite struct GoldenRecordTests {
    static let instructionSet = "avx2"
    static let ids = Catalogue.standard.all.map { $0.card.id }

    static let hasInstructionSet: Bool = {
        let usual = Compute.instructionSet
        return Compute.force(instructionSet: instructionSet) && Compute.force(instructionSet: usual)
    }()

    private func file(_ id: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(id).json")
    }

    @Test(.enabled(if: hasInstructionSet, "the records were made with AVX2"), arguments: ids)
    func theRecordIsAsItWas(_ id: String) async throws {
        let usual = Compute.instructionSet
        defer { #expect(Compute.force(instructionSet: usual)) }
        #expect(Compute.force(instructionSet: Self.instructionSet))
        let experiment = try Catalogue.standard.experiment(id)
        var context = RunContext(seed: 7)
        let (_, findings) = try await experiment.run(experiment.settings(preset: "tiny"), in: &context)
        // Two to four numbers are shown first, by the experiment's own choice.
        #expect((2...4).contains(findings.metrics.count(where: \.isHeadline)))
        let found = GoldenRecord(findings)
        if ProcessInfo.processInfo.environment["PLUMB_RECORD_GOLDEN"] != nil {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            encoder.nonConformingFloatEncodingStrategy = GoldenRecord.encoding
            try encoder.encode(found).write(to: file(id))
        }
        let kept = try GoldenRecord.read(file(id))
        #expect(kept.disagreements(found) == [])
    }

    @Test(arguments: ids) func everyNumberCounts(_ id: String) throws {
        let kept = try GoldenRecord.read(file(id))
        #expect(!kept.numbers.isEmpty)
        #expect(kept.disagreements(kept) == [])
        for (name, value) in kept.numbers where value.isFinite {
            var shifted = kept
            shifted.numbers[name] = value + 3 * GoldenRecord.tolerance(value)
            #expect(kept.disagreements(shifted) == [name])
        }
    }
}

/// The numbers of findings by name; what depends on the clock or the machine's memory is left out.
struct GoldenRecord: Codable {
    var numbers: [String: Double] = [:]

    static let encoding = JSONEncoder.NonConformingFloatEncodingStrategy.convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")

    static func tolerance(_ value: Double) -> Double { 1e-7 * max(1e-3, abs(value)) }

    static func read(_ file: URL) throws -> GoldenRecord {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(GoldenRecord.self, from: Data(contentsOf: file))
    }

    init(_ findings: Findings) {
        for metric in findings.metrics where !["s", "MB", "times as fast"].contains(metric.unit) {
            numbers["metric \(metric.name)"] = metric.value
        }
        for (index, claim) in findings.claims.enumerated() where claim.unit != "times as fast" {
            numbers["claim \(index)"] = claim.observed ?? .nan
            numbers["control \(index)"] = claim.control.observed ?? .nan
        }
        for table in findings.tables {
            for (row, values) in table.values.enumerated() {
                for (column, value) in values.enumerated() { numbers["table \(table.name) \(row) \(column)"] = value }
            }
        }
    }

    /// The names of numbers that differ by more than their tolerance, or that only one of the records has.
    func disagreements(_ other: GoldenRecord) -> [String] {
        Set(numbers.keys).union(other.numbers.keys).filter { name in
            guard let mine = numbers[name], let theirs = other.numbers[name] else { return true }
            if mine.isNaN || theirs.isNaN { return mine.isNaN != theirs.isNaN }
            return mine != theirs && abs(mine - theirs) > Self.tolerance(mine)
        }.sorted()
    }
}
