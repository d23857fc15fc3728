internal import CZlib
public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// A file of tensors that is written part by part, so that it may be larger than memory: shapes are known first, rows come
/// in any order. The file's name decides its format: NumPy's `.npz`, or safetensors.
public struct TensorStream: ~Copyable {
    /// A tensor of the file: whole numbers of 64 bits, or float32.
    public struct Entry: Sendable, Equatable {
        /// The name.
        public let name: String
        /// The extents, rows first.
        public let shape: [Int]
        /// Whether it holds whole numbers.
        public let isInteger: Bool

        /// A tensor of a name and a shape.
        public init(_ name: String, shape: [Int], isInteger: Bool = false) {
            (self.name, self.shape, self.isInteger) = (name, shape, isInteger)
        }

        var rowBytes: Int { shape.dropFirst().reduce(isInteger ? 8 : 4, *) }
        var byteCount: Int { rowBytes * (shape.first ?? 1) }
    }

    private let file: AtomicFile
    private let url: URL
    /// Where the file is until it is complete.
    private let partial: String
    private let layout: Layout

    /// Begins a file, which stands in `url`'s place only after ``finish()``.
    ///
    /// - Parameters:
    ///   - url: where it will be, with the format's extension.
    ///   - metadata: free text that the file carries.
    ///   - entries: the tensors, in the order of the file; rows that are not written are zero.
    /// - Precondition: names differ.
    /// - Throws: `FileError` when the file cannot be written.
    public init(_ url: URL, metadata: [String: String] = [:], _ entries: [Entry]) throws {
        require(Set(entries.map(\.name)).count == entries.count, "tensors of one file have different names")
        let isArchive = url.pathExtension.lowercased() == "npz"
        let layout = try isArchive ? Layout(archive: metadata, entries, url) : Layout(safetensors: metadata, entries)
        let folder = url.deletingLastPathComponent()
        try AtomicFile.makeFolder(folder)
        let partial = folder.appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString)").path
        let file = try AtomicFile(creating: partial)
        do {
            try file.extend(to: layout.end)
            for (bytes, place) in layout.parts { try bytes.withUnsafeBytes { try file.put($0, at: place) } }
        } catch {
            unlink(partial)
            throw error
        }
        (self.url, self.partial, self.layout) = (url, partial, layout)
        self.file = file
    }

    // After `finish` nothing is left under that name.
    deinit { unlink(partial) }

    /// Writes rows of a tensor from row `first` on.
    ///
    /// - Shapes: `rows` `[n, …]` with the extents of the entry.
    /// - Precondition: the file has the tensor and the rows.
    /// - Throws: `FileError` when they cannot be written.
    public borrowing func write(_ rows: Tensor, to name: String, from first: Int) throws {
        let place = try place(of: name, first, rows: rows.shape.first ?? 0, isInteger: false)
        require(
            rows.shape.dropFirst().elementsEqual(place.shape.dropFirst()),
            "rows of tensor \(name) have shape \(Array(place.shape.dropFirst())), got \(Array(rows.shape.dropFirst()))")
        if UInt32(1).littleEndian == 1 {
            try rows.withUnsafeElements { try file.put(UnsafeRawBufferPointer($0), at: place.start) }
        } else {
            try rows.elements.map(\.bitPattern.littleEndian).withUnsafeBytes { try file.put($0, at: place.start) }
        }
    }

    /// Writes whole numbers, one a row, from row `first` on.
    ///
    /// - Precondition: the file has the tensor and the rows.
    /// - Throws: `FileError` when they cannot be written.
    public borrowing func write(_ numbers: [Int], to name: String, from first: Int) throws {
        let place = try place(of: name, first, rows: numbers.count, isInteger: true)
        try numbers.map { Int64($0).littleEndian }.withUnsafeBytes { try file.put($0, at: place.start) }
    }

    /// Waits until everything is on the disk, and puts the file in its place.
    ///
    /// - Throws: `FileError` when that fails; what was there before stays.
    public consuming func finish() throws {
        if !layout.members.isEmpty { try writeDirectory() }
        try file.synchronize()
        try AtomicFile.move(partial, to: url.path)
    }

    private borrowing func place(
        of name: String, _ first: Int, rows: Int, isInteger: Bool
    ) throws -> (start: Int, shape: [Int]) {
        guard let (start, entry) = layout.places[name], entry.isInteger == isInteger else {
            unmet("the file has no such tensor: \(name)")
        }
        let count = entry.shape.first ?? 0
        require(first >= 0 && first + rows <= count, "tensor \(name) has \(count) rows, no \(first + rows)")
        return (start + first * entry.rowBytes, entry.shape)
    }

    /// An archive has checksums of its files, which are known once all rows are.
    private borrowing func writeDirectory() throws {
        let whole = try MappedBytes(contentsOf: URL(fileURLWithPath: partial))
        var (members, place) = (layout.members, 0)
        for index in members.indices {
            let start = place + members[index].local.count
            members[index].checksum = whole.withUnsafeBytes { bytes in
                // In pieces, since zlib counts in 32 bits.
                stride(from: start, to: start + members[index].size, by: 1 << 20).reduce(UInt32(0)) { sum, from in
                    let piece = bytes[from..<min(from + 1 << 20, start + members[index].size)]
                    let base = UnsafeRawBufferPointer(rebasing: piece).bindMemory(to: UInt8.self).baseAddress
                    return UInt32(crc32(uLong(sum), base, uInt(piece.count)))
                }
            }
            try members[index].local.withUnsafeBytes { try file.put($0, at: place) }
            place = start + members[index].size
        }
        try StoredMember.directory(members).withUnsafeBytes { try file.put($0, at: place) }
    }
}

/// Where everything lies in the file.
private struct Layout {
    /// What is known before any row is.
    var parts: [(bytes: [UInt8], place: Int)] = []
    /// Where the elements of each tensor begin.
    var places: [String: (start: Int, entry: TensorStream.Entry)] = [:]
    /// The files of an archive; none in safetensors.
    var members: [StoredMember] = []
    /// The file's length in bytes, without an archive's directory.
    var end = 0

    init(safetensors metadata: [String: String], _ entries: [TensorStream.Entry]) throws {
        let header = try SafetensorsWriter.header(
            metadata, entries.map { ($0.name, $0.isInteger ? "I64" : "F32", $0.shape, $0.byteCount) })
        parts = [(withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + Array(header), 0)]
        end = 8 + header.count
        for entry in entries {
            places[entry.name] = (end, entry)
            end += entry.byteCount
        }
    }

    /// An array for each tensor, after a file `metadata.json`.
    init(archive metadata: [String: String], _ entries: [TensorStream.Entry], _ url: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let description = try Array(encoder.encode(metadata))
        add(StoredMember("metadata.json", size: description.count), description)
        for entry in entries {
            let header = NPYArray.header(entry.isInteger ? "<i8" : "<f4", entry.shape)
            add(StoredMember("\(entry.name).npy", size: header.count + entry.byteCount), header)
            places[entry.name] = (end - entry.byteCount, entry)
        }
        try StoredMember.check(members, url)
    }

    private mutating func add(_ member: StoredMember, _ beginning: [UInt8]) {
        parts.append((beginning, end + member.local.count))
        members.append(member)
        end += member.local.count + member.size
    }
}
