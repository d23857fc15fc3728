internal import PlumbBasics
internal import PlumbTensor

/// The JSON that opens a safetensors file, decoded and checked against the file's size.
struct SafetensorsHeader {
    /// The reference implementation's limit.
    static let maximumLength = 100_000_000

    /// One tensor's description.
    struct Entry: Sendable {
        var name: String
        var type = ""
        var shape: [Int] = []
        /// Bytes from the beginning of the data.
        var range = 0..<0
    }

    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]
    /// Where the data begins in the file.
    private(set) var dataStart = 0

    /// - Throws: ``FileError`` saying what is wrong, without the file's name.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(bytes)
        let length = try reader.read("the header's length", as: UInt64.self)
        guard length <= UInt64(SafetensorsHeader.maximumLength) else {
            throw FileError("the header claims \(length) bytes, more than 100 MB: not a safetensors file")
        }
        guard length <= UInt64(reader.remaining) else {
            throw FileError(
                "the header claims \(length) bytes but the file has \(bytes.count): it is truncated, or "
                    + "not a safetensors file"
            )
        }
        let header = try reader.take(Int(length), "the header")
        dataStart = reader.position
        do {
            try JSONCursor.read(header, maximumDepth: 32) { try read(&$0) }
        } catch let error as JSONError {
            throw FileError("the header is not the JSON it should be: \(error.problem) at byte \(error.offset)")
        }
        try checkLayout(available: reader.remaining)
    }

    private mutating func read(_ json: inout JSONCursor) throws {
        try SafetensorsHeader.object(&json) { name, json in
            if name == "__metadata__" {
                try SafetensorsHeader.object(&json) { key, json in
                    metadata[key] = String(decoding: try json.string(), as: UTF8.self)
                }
            } else {
                entries.append(try SafetensorsHeader.entry(name, &json))
            }
        }
    }

    private static func entry(_ name: String, _ json: inout JSONCursor) throws -> Entry {
        var entry = Entry(name: name)
        var fields: Set<String> = []
        try object(&json) { key, json in
            fields.insert(key)
            switch key {
            case "dtype": entry.type = String(decoding: try json.string(), as: UTF8.self)
            case "shape": entry.shape = try integers(&json, limit: 64)
            case "data_offsets":
                let offsets = try integers(&json, limit: 2)
                guard offsets.count == 2, offsets[0] <= offsets[1] else {
                    throw FileError("tensor \(name) has impossible data_offsets \(offsets)")
                }
                entry.range = offsets[0]..<offsets[1]
            default: try json.skip()
            }
        }
        guard fields.isSuperset(of: ["dtype", "shape", "data_offsets"]) else {
            throw FileError("tensor \(name) needs dtype, shape and data_offsets, found \(fields.sorted())")
        }
        return entry
    }

    /// Reads an object, no key of which may come twice.
    private static func object(
        _ json: inout JSONCursor, _ body: (_ key: String, _ value: inout JSONCursor) throws -> Void
    ) throws {
        var keys: Set<String> = []
        try json.object { bytes, json in
            guard let key = String(validating: bytes, as: UTF8.self) else {
                throw json.error("half of a surrogate pair in a key")
            }
            guard keys.insert(key).inserted else { throw FileError("the header's key \(visible(key)) appears twice") }
            try body(key, &json)
        }
    }

    /// Reads an array of at most `limit` integers from 0 on.
    private static func integers(_ json: inout JSONCursor, limit: Int) throws -> [Int] {
        var result: [Int] = []
        try json.array { json in
            guard result.count < limit else { throw json.error("an array that is too long") }
            guard case .integer(let value) = try json.value(), value >= 0 else {
                throw json.error("something that is not a whole number from 0 on, or is too large")
            }
            result.append(value)
        }
        return result
    }

    /// Tensors must fill the data without gaps or overlaps, as the format asks, and have the size their shape needs.
    private func checkLayout(available: Int) throws {
        var position = 0
        var last = "the beginning"
        for entry in entries.sorted(by: {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }) {
            guard entry.range.upperBound <= available else {
                throw FileError(
                    "tensor \(entry.name) ends at byte \(entry.range.upperBound) of \(available) bytes of data: the "
                        + "file is truncated; download it again")
            }
            guard entry.range.lowerBound >= position else {
                throw FileError("tensors \(last) and \(entry.name) overlap")
            }
            guard entry.range.lowerBound == position else {
                throw FileError("\(entry.range.lowerBound - position) bytes before tensor \(entry.name) belong to none")
            }
            try checkSize(of: entry)
            position = entry.range.upperBound
            last = entry.name
        }
        guard position == available else {
            throw FileError("\(available - position) bytes after tensor \(last) belong to none")
        }
    }

    private func checkSize(of entry: Entry) throws {
        guard let bits = SafetensorsHeader.bits[entry.type] else { return }
        var needed = bits
        for extent in entry.shape {
            let (product, overflow) = needed.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw FileError("tensor \(entry.name) has the impossible shape \(entry.shape)") }
            needed = product
        }
        guard needed % 8 == 0, needed / 8 == entry.range.count else {
            throw FileError(
                "tensor \(entry.name) of shape \(entry.shape) in \(entry.type) needs \(needed / 8) bytes, "
                    + "found \(entry.range.count)")
        }
    }

    /// Bits an element takes, by the format's names.
    private static let bits: [String: Int] = [
        "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32,
        "U16": 16, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "C64": 64, "F4": 4,
    ]
}
