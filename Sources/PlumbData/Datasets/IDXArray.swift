public import Foundation
public import PlumbTensor

/// An array of bytes in the IDX format, in which MNIST and its successors come
/// (LeCun, Cortes, Burges, *The MNIST database of handwritten digits*, 1998), plain or packed with gzip.
///
/// The file begins with two zero bytes, the type of an element and the number of axes; the extents follow as 32-bit
/// numbers, highest byte first, and then the elements. Unsigned bytes are read; other types are refused by name.
public struct IDXArray: Sendable, Equatable {
    /// The extent of each axis, outermost first.
    public let shape: [Int]
    /// The elements in row-major order.
    public let elements: [UInt8]

    /// Reads the file at `url`.
    ///
    /// - Throws: `FileError` naming the file, what was found and what to do.
    public init(contentsOf url: URL) throws {
        try self.init(MappedBytes(contentsOf: url), name: url.path)
    }

    /// Reads the contents of a file called `name`.
    ///
    /// - Throws: `FileError` naming `name`, what was found and what to do.
    public init(_ bytes: MappedBytes, name: String) throws {
        var assembly = Assembly(name: name)
        try bytes.withUnsafeBytes { whole in
            if Inflater.isGzip(whole) {
                try Inflater.gunzip(whole, name: name) { try assembly.append($0) }
            } else {
                assembly.available = whole.count
                try assembly.append(whole)
            }
        }
        (shape, elements) = try assembly.finished()
    }

    /// An array being read from pieces of any size. Memory follows the bytes that arrive, never the header.
    private struct Assembly {
        let name: String
        /// The whole file's length, where it is known beforehand.
        var available: Int?
        private var header: [UInt8] = []
        private var shape: [Int]?
        private var expected = 0
        private var elements: [UInt8] = []

        init(name: String) { self.name = name }

        mutating func append(_ piece: UnsafeRawBufferPointer) throws {
            var rest = piece[...]
            while shape == nil, let byte = rest.popFirst() {
                header.append(byte)
                if header.count == 4 { try checkMagic() }
                if header.count > 4, header.count == 4 + 4 * Int(header[3]) { try readShape() }
            }
            guard elements.count + rest.count <= expected else {
                throw FileError(
                    "\(name): more bytes follow the \(expected) elements that its header declares; get the file again")
            }
            elements.append(contentsOf: rest)
        }

        private func checkMagic() throws {
            guard header[0] == 0, header[1] == 0 else {
                let found = header.map(IDXArray.hex).joined(separator: " ")
                throw FileError(
                    "\(name) is not an IDX file: it begins with the bytes \(found), not with 00 00 08")
            }
            let types: [UInt8: String] = [
                0x09: "signed bytes", 0x0B: "16-bit integers", 0x0C: "32-bit integers", 0x0D: "32-bit floats",
                0x0E: "64-bit floats",
            ]
            guard header[2] == 0x08 else {
                let found = types[header[2]] ?? "elements of the unknown type 0x\(IDXArray.hex(header[2]))"
                throw FileError("\(name) holds \(found); readable are IDX files of unsigned bytes")
            }
            guard (1...8).contains(header[3]) else {
                throw FileError("\(name) declares \(header[3]) axes; readable are IDX files of 1 to 8")
            }
        }

        private mutating func readShape() throws {
            let shape = (1...Int(header[3])).map { axis in
                header[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
            }
            let text = shape.map(String.init).joined(separator: " × ")
            var count = 1
            for extent in shape {
                let (product, overflow) = count.multipliedReportingOverflow(by: extent)
                guard !overflow, product <= 1 << 32 else {
                    throw FileError("\(name) declares \(text) elements, more than 4 GB; the file is damaged")
                }
                count = product
            }
            if let available, count != available - header.count {
                throw FileError(
                    "\(name) declares \(text) elements, \(count) bytes, but \(available - header.count) follow its "
                        + "header; get the file again")
            }
            (self.shape, expected) = (shape, count)
        }

        func finished() throws -> ([Int], [UInt8]) {
            guard let shape else {
                throw FileError("\(name) ends within its header, after \(header.count) bytes; get the file again")
            }
            guard elements.count == expected else {
                let text = shape.map(String.init).joined(separator: " × ")
                throw FileError(
                    "\(name) declares \(text) elements, \(expected) bytes, but \(elements.count) follow its header; "
                        + "get the file again")
            }
            return (shape, elements)
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}

extension LabeledImages {
    /// Pictures and labels from a pair of IDX files; bytes become 0 to 1.
    ///
    /// - Parameters:
    ///   - images: an array `[N, H, W]` or `[N, H, W, C]`.
    ///   - labels: an array `[N]`.
    ///   - classNames: the classes; by default the numbers from 0 to the largest label.
    /// - Throws: `FileError` when a file is damaged or the two do not belong together.
    public init(idxImages images: URL, labels: URL, classNames: [String]? = nil) throws {
        let pixels = try IDXArray(contentsOf: images)
        let classes = try IDXArray(contentsOf: labels)
        guard (3...4).contains(pixels.shape.count), !pixels.elements.isEmpty else {
            throw FileError("\(images.path) holds an array \(pixels.shape), not pictures [N, H, W]")
        }
        guard classes.shape == [pixels.shape[0]] else {
            throw FileError(
                "\(labels.path) holds an array \(classes.shape), but \(images.lastPathComponent) beside it has "
                    + "\(pixels.shape[0]) pictures; the two do not belong together")
        }
        let names = classNames ?? (0...Int(classes.elements.max() ?? 0)).map { "\($0)" }
        if let bad = classes.elements.firstIndex(where: { Int($0) >= names.count }) {
            throw FileError(
                "\(labels.path): label \(bad) is \(classes.elements[bad]), but there are \(names.count) classes")
        }
        let shape = pixels.shape.count == 4 ? pixels.shape : pixels.shape + [1]
        let tensor = Tensor(shape: shape) { target in
            pixels.elements.withUnsafeBufferPointer { source in
                for index in 0..<source.count { target[index] = Float(source[index]) / 255 }
            }
        }
        self.init(images: tensor, labels: classes.elements.map { Int($0) }, classNames: names)
    }
}
