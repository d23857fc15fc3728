public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbWorlds

/// What a file of answers may hold.
enum PreferenceFileLimit {
    /// Half a million answers; a device or a pipe without end is refused here.
    static let bytes = 64 << 20
}

/// Answers kept on disk, one JSON object a line, as they come in: `{"first":[…],"mu":1,"second":[…]}`.
///
/// A μ of null is on record as a question that could not be answered. Whoever asks goes on by appending: nothing that was
/// written is written again.
///
/// ```swift
/// let file = PreferenceFile<Int>(url)
/// let before = try file.read()
/// try file.append([Comparison([1, 2], [7, 8], mu: 1)])
/// ```
public struct PreferenceFile<Step: Sendable & Hashable & Codable>: Sendable {
    /// What a file holds.
    public struct Contents: Sendable {
        /// The comparisons, in the order of the lines.
        public var comparisons: [Comparison<Step>] = []
        /// A sentence about a last line that was cut off; nil where there is none.
        public var torn: String?
        /// The file's bytes, the torn line included.
        public var bytes = Data()
    }

    /// Where the file is, or will be with the first answer.
    public let url: URL

    /// The answers at `url`; nothing is read or made yet.
    public init(_ url: URL) { self.url = url }

    /// All comparisons so far, without a torn last line; see ``contents(complaint:)``.
    ///
    /// - Parameter complaint: what is wrong with a step, as a sentence; nil where it can be used.
    /// - Throws: ``PreferenceError`` naming the file, the line and what is wrong with it.
    public func read(complaint: (Step) -> String? = { _ in nil }) throws -> [Comparison<Step>] {
        try contents(complaint: complaint).comparisons
    }

    /// All comparisons so far; none where there is no file yet. Empty lines are passed over.
    ///
    /// A process that was killed while it wrote leaves a part of its last line, without a line break and never read by
    /// anyone: it is left out, and ``append(_:)`` removes it.
    ///
    /// - Parameter complaint: what is wrong with a step, as a sentence; nil where it can be used.
    /// - Throws: ``PreferenceError`` naming the file, the line and what is wrong with it: text that is not JSON, a member
    ///   that is missing or of another type, a segment without steps, a μ that is no number or outside 0...1, a step that
    ///   `complaint` speaks of.
    public func contents(complaint: (Step) -> String? = { _ in nil }) throws -> Contents {
        if let reason = obstacle(at: url.path) { throw PreferenceError("\(url.path) cannot be read: \(reason)") }
        guard FileManager.default.fileExists(atPath: url.path) else { return Contents() }
        let data: Data
        do { data = try WholeFile.read(url, limit: PreferenceFileLimit.bytes, kind: .stream) } catch {
            throw PreferenceError("\(url.path) cannot be read: \(error)")
        }
        var comparisons: [Comparison<Step>] = []
        let decoder = JSONDecoder()
        let end = Self.startOfTornLine(data) ?? data.endIndex
        for (index, line) in data[..<end].split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { continue }
            let place = "\(url.path), line \(index + 1)"
            let comparison: Comparison<Step>
            do { comparison = try decoder.decode(Comparison<Step>.self, from: Data(line)) } catch {
                let isJSON = (try? JSONSerialization.jsonObject(with: Data(line), options: .fragmentsAllowed)) != nil
                throw PreferenceError(
                    "\(place): \(isJSON ? Self.sentence(error) : "this is not JSON"). Each line is one comparison, "
                        + "{\"first\": [steps], \"second\": [steps], \"mu\": a number from 0 to 1, or null}.")
            }
            for step in comparison.first + comparison.second {
                if let complaint = complaint(step) { throw PreferenceError("\(place): \(complaint)") }
            }
            comparisons.append(comparison)
        }
        guard end < data.endIndex else { return Contents(comparisons: comparisons, bytes: data) }
        let line = data.count { $0 == 0x0A } + 1
        let torn =
            "\(url.path), line \(line) was cut off while it was written and is left out; what stands before it is kept"
        return Contents(comparisons: comparisons, torn: torn, bytes: data)
    }

    /// Makes sure that ``append(_:)`` can write, before an answer is asked for; makes no file.
    ///
    /// - Throws: ``PreferenceError`` for what is no file on a disk, or may not be written.
    public func checkWritable() throws {
        if let reason = obstacle(at: url.path) { throw PreferenceError("cannot write \(url.path): \(reason)") }
        guard FileManager.default.fileExists(atPath: url.path) else { return }
        do {
            _ = try WholeFile.read(url, limit: PreferenceFileLimit.bytes)
        } catch { throw PreferenceError("\(url.path) cannot be read: \(error)") }
        do { try Data().append(to: url) } catch { throw PreferenceError("\(error)") }
    }

    /// Where the last line begins, if it is a part of a line as ``append(_:)`` writes them: what somebody else wrote is
    /// never taken for it.
    private static func startOfTornLine(_ data: Data) -> Data.Index? {
        guard let last = data.last, last != 0x0A else { return nil }
        let start = data.lastIndex(of: 0x0A).map { $0 + 1 } ?? data.startIndex
        let beginning = Data("{\"first\":[".utf8)
        let line = data[start...]
        guard line.prefix(beginning.count) == beginning.prefix(line.count),
            (try? JSONSerialization.jsonObject(with: Data(line))) == nil
        else { return nil }
        return start
    }

    /// Writes `comparisons` behind what is there, in the place of a torn last line, and makes sure that they are on
    /// disk.
    ///
    /// - Throws: ``PreferenceError`` where a number is not finite, the file cannot be written, or its last line has no
    ///   line break and is no comparison: whatever was appended to that would be lost with it.
    public func append(_ comparisons: [Comparison<Step>]) throws {
        guard !comparisons.isEmpty else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text = Data()
        for (index, comparison) in comparisons.enumerated() {
            guard let line = try? encoder.encode(comparison) else {
                throw PreferenceError(
                    "comparison \(index + 1) of \(comparisons.count) holds a number that JSON cannot hold: none was written"
                )
            }
            text += line + [0x0A]
        }
        if try isLineBreakMissing() { text.insert(0x0A, at: 0) }
        do { try text.append(to: url) } catch { throw PreferenceError("\(error)") }
    }

    /// Whether a line break is missing after the last line, which is whole. A torn last line is removed.
    private func isLineBreakMissing() throws -> Bool {
        guard let data = try? WholeFile.read(url, limit: PreferenceFileLimit.bytes), let last = data.last, last != 0x0A
        else { return false }
        if let start = Self.startOfTornLine(data) {
            guard truncate(url.path, off_t(start - data.startIndex)) == 0 else {
                throw PreferenceError("cannot write \(url.path): \(systemReason(errno, at: url.path))")
            }
            return false
        }
        _ = try read()
        return true
    }

    private static func sentence(_ error: any Error) -> String {
        switch error {
        case DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context):
            return context.debugDescription
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            let member = context.codingPath.first.map { "\"\($0.stringValue)\"" } ?? "the line"
            return "\(member) is not what it should be: \(context.debugDescription)"
        default: return "\(error)"
        }
    }
}
