public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbTensor

/// A file of finished samples, one JSON object a line: what a run that was killed goes on from.
///
/// A batch is appended at once and waited for until it is on the disk. Its last line may be a part, which is passed
/// over.
public struct EvaluationJournal: Sendable {
    /// Where it is.
    public let url: URL

    /// The journal at `url`, which is made when first needed.
    public init(_ url: URL) { self.url = url }

    /// The most bytes that a journal may have.
    static let limit = 1 << 30

    /// What is finished; nothing where there is no journal.
    ///
    /// - Throws: ``EvaluationError`` for the journal of another evaluation, `FileError` for one that cannot be read.
    func finished(_ fingerprint: JSONValue) throws -> [UnitKey: SampleResult] {
        guard FileManager.default.fileExists(atPath: url.path) else { return [:] }
        let data: Data
        do { data = try WholeFile.read(url, limit: Self.limit) } catch {
            throw FileError("\(url.path) cannot be read: \(error)")
        }
        let lines = data.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard let first = lines.first, let kept = try? JSONValue(parsing: Data(first)) else {
            throw EvaluationError("\(url.path) is not the journal of an evaluation: remove it and begin anew")
        }
        guard kept == fingerprint else {
            let names = (fingerprint.object ?? [:]).keys.sorted().filter { kept[$0] != fingerprint[$0] }
            throw EvaluationError(
                "\(url.path) is the journal of an evaluation with other \(names.joined(separator: ", ")): go on "
                    + "with the "
                    + "settings it had, or begin anew")
        }
        var results: [UnitKey: SampleResult] = [:]
        // What follows the last line break was being written when the process ended.
        for line in lines.dropFirst().dropLast() where !line.isEmpty {
            guard let batch = try? JSONDecoder.nonFinite.decode([SampleResult].self, from: Data(line)) else {
                continue
            }
            for result in batch { results[result.key] = result }
        }
        if data.last != 0x0A { try Data("\n".utf8).append(to: url) }
        return results
    }

    /// Adds a finished batch; the first one begins the journal.
    func append(_ results: [SampleResult], of fingerprint: JSONValue) throws {
        let line = try JSONEncoder.nonFinite().encode(results) + Data("\n".utf8)
        guard !FileManager.default.fileExists(atPath: url.path) else { return try line.append(to: url) }
        try (fingerprint.data(.compact) + Data("\n".utf8) + line).writeWhole(to: url)
    }
}
