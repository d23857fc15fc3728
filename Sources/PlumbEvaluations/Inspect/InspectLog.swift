public import Foundation
public import PlumbBasics
internal import PlumbTensor

/// A log of Inspect (UK AI Security Institute), `.eval` or `.json`, of any length.
///
/// Opening reads the header alone. Summaries and samples are read one at a time when they are asked for, so that a log
/// of hundreds of thousands of samples is listed and filtered in the time that its summaries take to unpack.
public struct InspectLog: Sendable {
    /// Where it is.
    public let url: URL
    /// The log without its samples, as Inspect writes it.
    public let header: JSONValue
    private let content: Content

    private enum Content: Sendable {
        case archive(ZipDirectory)
        case json(MappedBytes)
    }

    /// The versions of the format that are read.
    static let versions = 1...2
    /// The most bytes of a header or a sample.
    static let limit = 512 << 20

    /// Opens a log.
    ///
    /// - Throws: ``EvaluationError`` naming the file and what is wrong with it; `FileError` where it cannot be opened.
    public init(contentsOf url: URL) throws {
        self.url = url
        let bytes = try MappedBytes(contentsOf: url)
        do {
            if bytes.withUnsafeBytes({ $0.starts(with: [0x50, 0x4B]) }) {
                let archive = try ZipDirectory(contentsOf: url)
                (content, header) = (.archive(archive), try Self.header(of: archive))
            } else if bytes.withUnsafeBytes({ $0.first { $0 > 0x20 } }) == UInt8(ascii: "{") {
                (content, header) = (.json(bytes), try Self.header(of: bytes))
            } else {
                throw EvaluationError(
                    "it is no log of Inspect: such a file is a zip archive (.eval) or a JSON object (.json)")
            }
            try Self.check(header)
        } catch let error as EvaluationError {
            throw EvaluationError("\(url.path): \(error.description)")
        }
    }

    private static func check(_ header: JSONValue) throws {
        guard let version = header["version"]?.int else {
            throw EvaluationError("it is no log of Inspect: it names no version")
        }
        guard versions.contains(version) else {
            throw EvaluationError("it has version \(version) of Inspect's format; versions 1 and 2 are read")
        }
        guard header["eval"]?.object != nil else {
            throw EvaluationError("it is no log of Inspect: it lacks \"eval\", which says what was evaluated")
        }
    }

    private static func header(of archive: ZipDirectory) throws -> JSONValue {
        for name in ["header.json", "_journal/start.json"] {
            guard let member = try archive.member(name) else { continue }
            let bytes = try archive.content(member, name, limit: limit)
            let value = try parsed(bytes, name)
            // A log without its header was not finished.
            guard name == "_journal/start.json", case .object(var members) = value else { return value }
            members["status"] = .string("started")
            return .object(members)
        }
        throw EvaluationError("it is no log of Inspect: the archive has no member header.json")
    }

    private static func header(of bytes: MappedBytes) throws -> JSONValue {
        var members: [String: JSONValue] = [:]
        try bytes.withUnsafeBytes { whole in
            var scanner = JSONScanner(whole)
            try scanner.object { key, value in
                guard !key.elementsEqual("samples".utf8), !key.elementsEqual("reductions".utf8) else {
                    return try value.skip()
                }
                members[try JSONScanner.decoded(key)] = try value.value()
            }
            try scanner.finish()
        }
        return .object(members)
    }

    private static func parsed(_ bytes: [UInt8], _ name: String) throws -> JSONValue {
        do {
            return try bytes.withUnsafeBytes {
                var scanner = JSONScanner($0)
                let value = try scanner.value()
                try scanner.finish()
                return value
            }
        } catch { throw EvaluationError("its member \(name): \(error)") }
    }

    /// The task's name.
    public var task: String { header["eval"]?["task"]?.string ?? "unknown" }
    /// The model's name.
    public var model: String { header["eval"]?["model"]?.string ?? "unknown" }
    /// `success`, `error`, `started`, or what Inspect calls a run that was stopped.
    public var status: String { header["status"]?.string ?? "unknown" }
    /// When it was made, as it is written.
    public var created: String { header["eval"]?["created"]?.string ?? "unknown" }

    /// The metrics of the log's results by `scorer/metric`.
    public var metrics: [(name: String, value: Double)] {
        (header["results"]?["scores"]?.array ?? []).flatMap { score in
            (score["metrics"]?.object ?? [:]).sorted { $0.key < $1.key }.compactMap { name, metric in
                metric["value"]?.double.map { ("\(score["name"]?.string ?? "score")/\(name)", $0) }
            }
        }
    }

    /// Calls `body` with the summary of each sample, in the log's order.
    ///
    /// - Parameters:
    ///   - texts: whether inputs and targets are decoded.
    ///   - body: false ends the walk.
    /// - Throws: ``EvaluationError`` naming the file and what is wrong with it; what `body` throws.
    public func forEachSummary(texts: Bool = false, _ body: (InspectSummary) throws -> Bool) throws {
        struct Enough: Error {}
        func read(_ element: UnsafeRawBufferPointer) throws {
            guard try body(InspectSummary(element, texts: texts)) else { throw Enough() }
        }
        do {
            switch content {
            case .json(let bytes):
                try bytes.withUnsafeBytes { try Self.forEachSample(in: $0, read) }
            case .archive(let archive):
                for (name, member) in try summaryMembers(of: archive) {
                    var splitter = JSONElementSplitter()
                    try archive.unpack(member, name) { try splitter.append($0, read) }
                    guard splitter.isFinished else { throw EvaluationError("its member \(name) ends inside an array") }
                }
            }
        } catch is Enough {
        } catch let error as EvaluationError {
            throw EvaluationError("\(url.path): \(error.description)")
        }
    }

    /// `summaries.json`, or the parts that a log which was not finished has.
    private func summaryMembers(of archive: ZipDirectory) throws -> [(String, ZipDirectory.Member)] {
        if let member = try archive.member("summaries.json") { return [("summaries.json", member)] }
        let prefix = Array("_journal/summaries/".utf8)
        var parts: [(number: Int, name: String, member: ZipDirectory.Member)] = []
        try archive.forEach { bytes, member in
            guard bytes.starts(with: prefix) else { return true }
            let name = String(decoding: bytes, as: UTF8.self)
            let digits = name.dropFirst(prefix.count).prefix { $0.isASCII && $0.isNumber }
            if let number = Int(digits) { parts.append((number, name, try member())) }
            return true
        }
        return parts.sorted { $0.number < $1.number }.map { ($0.name, $0.member) }
    }

    /// Calls `body` with the text of each sample of a log in one JSON object.
    private static func forEachSample(
        in whole: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var scanner = JSONScanner(whole)
        try scanner.object { key, value in
            guard key.elementsEqual("samples".utf8), value.peek() == UInt8(ascii: "[") else { return try value.skip() }
            try value.array { sample in
                _ = sample.peek()
                let start = sample.position
                try sample.skip()
                try body(UnsafeRawBufferPointer(rebasing: whole[start..<sample.position]))
            }
        }
    }

    /// A whole sample; nil where the log has none of this id and epoch.
    ///
    /// - Throws: ``EvaluationError`` naming the file and what is wrong with it.
    public func sample(_ id: String, epoch: Int = 1) throws -> JSONValue? {
        do {
            switch content {
            case .archive(let archive):
                let name = "samples/\(id)_epoch_\(epoch).json"
                guard let member = try archive.member(name) else { return nil }
                return try Self.parsed(try archive.content(member, name, limit: Self.limit), name)
            case .json(let bytes):
                var found: JSONValue?
                try bytes.withUnsafeBytes { whole in
                    try Self.forEachSample(in: whole) { element in
                        let summary = try InspectSummary(element, texts: false)
                        guard summary.id == id, summary.epoch == epoch else { return }
                        var scanner = JSONScanner(element)
                        found = try scanner.value()
                    }
                }
                return found
            }
        } catch let error as EvaluationError {
            throw EvaluationError("\(url.path): \(error.description)")
        }
    }

    /// The mean score of each sample over its epochs, for comparisons.
    ///
    /// - Parameter scorer: whose scores; nil for the first one of each sample's.
    /// - Throws: ``EvaluationError`` naming the file and what is wrong with it.
    public func scoresBySample(_ scorer: String? = nil) throws -> PairedComparison.Scores {
        var sums: [String: (sum: Double, count: Int)] = [:]
        try forEachSummary { summary in
            if let value = summary.score(scorer) {
                let before = sums[summary.id] ?? (0, 0)
                sums[summary.id] = (before.sum + value, before.count + 1)
            }
            return true
        }
        return Dictionary(
            uniqueKeysWithValues: sums.map { ($0.key, ($0.value.sum / Double($0.value.count), $0.key)) })
    }
}
