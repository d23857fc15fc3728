public import Foundation
public import PlumbBasics
internal import PlumbData
internal import PlumbTensor

/// A file of samples: JSON lines or CSV with the columns `input`, `target`, `choices`, `id` and `metadata` of Inspect,
/// or one of the forms in which others publish theirs.
///
/// | form | how it is known |
/// |---|---|
/// | Inspect's samples | a column `input` |
/// | model-written evaluations (Perez et al. 2022, arXiv:2212.09251) | `question`, `answer_matching_behavior` |
/// | TruthfulQA, multiple choice (Lin, Hilton, Evans 2021, arXiv:2109.07958) | `question`, `mc1_targets` |
/// | XSTest (Röttger et al. 2023, arXiv:2308.01263) | columns `prompt`, `label`, `type` |
public struct SampleFile: Sendable {
    /// Where it is.
    public let url: URL

    /// The file at `url`, not read yet.
    public init(_ url: URL) { self.url = url }

    /// Half a gigabyte of text.
    static let limit = 512 << 20

    /// A row of a file.
    public struct Row: Sendable {
        /// Its line, from 1; in a file of one JSON array its number.
        public let line: Int
        /// Its columns.
        public let members: [String: JSONValue]
    }

    /// The task of a file, by the form that its first row has.
    ///
    /// - Throws: `FileError` naming the file, the line and what is wrong with it.
    public func task() throws -> EvaluationTask {
        let rows = try rows()
        let name = url.deletingPathExtension().lastPathComponent
        let first = rows[0].members
        let make: (Row) throws -> EvaluationSample
        var task: EvaluationTask
        if first["answer_matching_behavior"] != nil {
            make = ModelWrittenEvaluations.sample
            task = ModelWrittenEvaluations.task(named: name)
        } else if first["mc1_targets"] != nil {
            make = { try TruthfulQA.sample($0, "mc1_targets") }
            task = TruthfulQA.task
        } else if first["prompt"] != nil, first["label"] != nil, first["input"] == nil {
            make = XSTest.sample
            task = XSTest.task
        } else {
            make = Self.sample
            task = EvaluationTask(
                name, summary: "The samples of \(url.lastPathComponent).", samples: [], solver: .generate,
                scorers: [.match()])
        }
        task.samples = try rows.map { row in
            do {
                let sample = try make(row)
                try sample.check()
                return sample
            } catch { throw FileError("\(url.path), line \(row.line): \(error)") }
        }
        if first["input"] != nil, task.samples.allSatisfy({ !$0.choices.isEmpty }) {
            (task.solver, task.scorers) = (.choice, [.choice])
            task.controls = EvaluationControls(of: .choice)
        }
        return task
    }

    /// A sample in Inspect's fields.
    static func sample(_ row: Row) throws -> EvaluationSample {
        guard let input = row.members["input"] else {
            throw EvaluationError("it lacks \"input\": each row has \"input\" and \"target\"")
        }
        let turns = try Self.turns(input)
        let target = try row.members["target"].map { try texts($0, "target") } ?? []
        let choices = try row.members["choices"].map { try texts($0, "choices") } ?? []
        var id = row.members["id"].flatMap { $0.string ?? ($0.isNull ? nil : $0.text(.compact)) } ?? ""
        if id.isEmpty { id = "\(row.line)" }
        var metadata = row.members["metadata"]?.object ?? [:]
        for (key, value) in row.members where !["input", "target", "choices", "id", "metadata"].contains(key) {
            metadata[key] = value
        }
        return EvaluationSample(id: id, turns: turns, target: target, choices: choices, metadata: metadata)
    }

    private static func turns(_ value: JSONValue) throws -> [ChatMessage] {
        if let text = value.string { return [ChatMessage(role: "user", content: text)] }
        guard let array = value.array, !array.isEmpty else {
            throw EvaluationError("its \"input\" is neither text nor a list of turns")
        }
        return try array.map { turn in
            guard let role = turn["role"]?.string, let content = turn["content"]?.string else {
                throw EvaluationError("a turn of its \"input\" lacks \"role\" or \"content\"")
            }
            return ChatMessage(role: role, content: content)
        }
    }

    private static func texts(_ value: JSONValue, _ name: String) throws -> [String] {
        func text(_ value: JSONValue) throws -> String {
            if let string = value.string { return string }
            guard value.array == nil, value.object == nil, !value.isNull else {
                throw EvaluationError("its \"\(name)\" is neither text nor a list of texts")
            }
            return value.text(.compact)
        }
        return try value.array.map { try $0.map(text) } ?? [text(value)]
    }

    /// The rows of the file: objects of JSON lines, of a JSON array, or records of CSV under its header.
    ///
    /// - Throws: `FileError` naming the file, the line and what is wrong with it.
    public func rows() throws -> [Row] {
        let data: Data
        do { data = try WholeFile.read(url, limit: Self.limit, kind: .stream) } catch {
            throw FileError("\(url.path) cannot be read: \(error)")
        }
        let rows =
            switch url.pathExtension.lowercased() {
            case "csv": try csv(data)
            case "json": try json(data)
            case "jsonl": try lines(data)
            default:
                throw FileError(
                    "\(url.path) is not a file of samples: its name ends in .jsonl, .json or .csv where it is one")
            }
        guard !rows.isEmpty else { throw FileError("\(url.path) holds no samples") }
        return rows
    }

    private func lines(_ data: Data) throws -> [Row] {
        try data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return nil }
            let place = "\(url.path), line \(index + 1)"
            let value: JSONValue
            do { value = try JSONValue(parsing: Data(line)) } catch { throw FileError("\(place): \(error)") }
            guard let members = value.object else { throw FileError("\(place): it is \(value.kind), not an object") }
            return Row(line: index + 1, members: members)
        }
    }

    /// The objects of an array; their lines are their numbers.
    private func json(_ data: Data) throws -> [Row] {
        let value: JSONValue
        do { value = try JSONValue(parsing: data) } catch { throw FileError("\(url.path): \(error)") }
        guard let array = value.array else {
            throw FileError("\(url.path) holds \(value.kind) where an array of samples should be")
        }
        return try array.enumerated().map { index, element in
            guard let members = element.object else {
                throw FileError("\(url.path), element \(index + 1): it is \(element.kind), not an object")
            }
            return Row(line: index + 1, members: members)
        }
    }

    private func csv(_ data: Data) throws -> [Row] {
        guard let text = String(validating: data, as: UTF8.self) else {
            throw FileError("\(url.path) is not text in UTF-8")
        }
        let records: [CSVFile.Record]
        do { records = try CSVFile.records(text) } catch { throw FileError("\(url.path), \(error)") }
        guard let header = records.first else { return [] }
        return try records.dropFirst().map { record in
            guard record.fields.count == header.fields.count else {
                throw FileError(
                    "\(url.path), line \(record.line): it has \(record.fields.count) fields, but the header names "
                        + "\(header.fields.count) columns")
            }
            let pairs = zip(header.fields, record.fields).map { ($0, Self.value($1, column: $0)) }
            return Row(line: record.line, members: Dictionary(pairs, uniquingKeysWith: { $1 }))
        }
    }

    /// A field as a value: lists of choices and metadata may be written as JSON.
    private static func value(_ field: String, column: String) -> JSONValue {
        guard ["choices", "target", "metadata", "input"].contains(column), field.hasPrefix("[") || field.hasPrefix("{"),
            let value = try? JSONValue(parsing: Data(field.utf8))
        else { return .string(field) }
        return value
    }
}

/// Fields separated by commas (RFC 4180).
enum CSVFile {
    /// The fields of a row, and the line it begins in, from 1.
    struct Record: Equatable {
        var line: Int
        var fields: [String]
    }

    /// The rows of a text; rows without any text are passed over.
    ///
    /// - Throws: ``EvaluationError`` beginning with the line.
    static func records(_ text: String) throws -> [Record] {
        var (records, fields, field): ([Record], [String], [UInt8]) = ([], [], [])
        var (line, start, isQuoted, wasQuoted, opened) = (1, 1, false, false, 1)
        func string() -> String { String(decoding: field, as: UTF8.self) }
        func finishField() {
            fields.append(string())
            (field, wasQuoted) = ([], false)
        }
        func finishRecord() {
            finishField()
            if fields != [""] { records.append(Record(line: start, fields: fields)) }
            fields = []
        }
        var bytes = Array(text.utf8)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            if isQuoted {
                if byte == 0x0A { line += 1 }
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if index < bytes.endIndex, bytes[index] == byte {
                    field.append(byte)
                    index += 1
                } else {
                    (isQuoted, wasQuoted) = (false, true)
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted: (isQuoted, opened) = (true, line)
            case UInt8(ascii: ","): finishField()
            case 0x0D where index < bytes.endIndex && bytes[index] == 0x0A: break
            case 0x0A:
                finishRecord()
                line += 1
                start = line
            default:
                guard !wasQuoted else {
                    throw EvaluationError("line \(line): text follows the closing quote of a field")
                }
                field.append(byte)
            }
        }
        guard !isQuoted else { throw EvaluationError("line \(opened): a quoted field is never closed") }
        if !field.isEmpty || !fields.isEmpty || wasQuoted { finishRecord() }
        return records
    }
}
