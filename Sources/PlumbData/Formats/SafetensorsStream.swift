public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// A safetensors file that is written part by part, so that it may be larger than memory: shapes are known first, rows
/// come in any order.
public struct SafetensorsStream: ~Copyable {
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
    private let places: [String: (start: Int, entry: Entry)]

    /// Begins a file, which stands in `url`'s place only after ``finish()``.
    ///
    /// - Parameters:
    ///   - url: where it will be.
    ///   - metadata: free text that the file carries.
    ///   - entries: the tensors, in the order of the file; rows that are not written are zero.
    /// - Precondition: names differ.
    /// - Throws: `FileError` when the file cannot be written.
    public init(_ url: URL, metadata: [String: String] = [:], _ entries: [Entry]) throws {
        require(Set(entries.map(\.name)).count == entries.count, "tensors of one file have different names")
        let header = try SafetensorsWriter.header(
            metadata, entries.map { ($0.name, $0.isInteger ? "I64" : "F32", $0.shape, $0.byteCount) })
        var places: [String: (start: Int, entry: Entry)] = [:]
        var end = 8 + header.count
        for entry in entries {
            places[entry.name] = (end, entry)
            end += entry.byteCount
        }
        let folder = url.deletingLastPathComponent()
        try AtomicFile.makeFolder(folder)
        let partial = folder.appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString)").path
        let file = try AtomicFile(creating: partial)
        do {
            try file.extend(to: end)
            var length = UInt64(header.count).littleEndian
            try withUnsafeBytes(of: &length) { try file.put($0, at: 0) }
            try header.withUnsafeBytes { try file.put($0, at: 8) }
        } catch {
            unlink(partial)
            throw error
        }
        (self.url, self.places, self.partial) = (url, places, partial)
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
        try file.synchronize()
        try AtomicFile.move(partial, to: url.path)
    }

    private borrowing func place(
        of name: String, _ first: Int, rows: Int, isInteger: Bool
    ) throws -> (start: Int, shape: [Int]) {
        guard let (start, entry) = places[name], entry.isInteger == isInteger else {
            unmet("the file has no such tensor: \(name)")
        }
        let count = entry.shape.first ?? 0
        require(first >= 0 && first + rows <= count, "tensor \(name) has \(count) rows, no \(first + rows)")
        return (start + first * entry.rowBytes, entry.shape)
    }
}
