public import Foundation
public import PlumbTensor

/// scikit-learn's digits: 1,797 handwritten digits of 8 × 8 pixels with values from 0 to 16, the test part of the UCI
/// set *Optical recognition of handwritten digits* (Alpaydin, Kaynak 1998).
public enum Digits {
    private static let side = 8
    private static let largest = 16

    /// Reads `digits.csv`, plain or packed with gzip: 64 pixels and a label a line.
    ///
    /// - Throws: `FileError` naming the file and the line.
    public static func load(_ url: URL) throws -> LabeledImages {
        try read(MappedBytes(contentsOf: url), name: url.path)
    }

    /// Reads the contents of a file called `name`; pixels become 0 to 1.
    ///
    /// - Throws: `FileError` naming `name` and the line.
    public static func read(_ bytes: MappedBytes, name: String) throws -> LabeledImages {
        let values = try bytes.withUnsafeBytes { whole in
            guard Inflater.isGzip(whole) else { return try parse(whole, name) }
            return try Inflater.gunzip(whole, limit: 1 << 28, name: name).withUnsafeBytes { try parse($0, name) }
        }
        guard !values.labels.isEmpty else { throw FileError("\(name) is empty: it holds no digits") }
        let images = Tensor(values.pixels, shape: [values.labels.count, side, side, 1])
        return LabeledImages(images: images, labels: values.labels, classNames: (0...9).map { "\($0)" })
    }

    /// The split of every figure here: every fifth picture, beginning with the first, is for testing.
    public static func split(_ all: LabeledImages) -> (train: LabeledImages, test: LabeledImages) {
        (all[(0..<all.count).filter { $0 % 5 != 0 }], all[(0..<all.count).filter { $0 % 5 == 0 }])
    }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer, _ name: String
    ) throws -> (pixels: [Float], labels: [Int]) {
        var pixels: [Float] = []
        var labels: [Int] = []
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let text = line.last == 0x0D ? line.dropLast() : line
            // The last line ends in a line break like the others.
            if text.isEmpty, line.endIndex == bytes.endIndex { break }
            try parse(line: text, "\(name), line \(number)", &pixels, &labels)
        }
        return (pixels, labels)
    }

    private static func parse(
        line: UnsafeRawBufferPointer.SubSequence, _ place: String, _ pixels: inout [Float], _ labels: inout [Int]
    ) throws {
        let count = side * side
        var field = 0
        for bytes in line.split(separator: 0x2C, omittingEmptySubsequences: false) {
            guard field <= count else { break }
            let limit = field < count ? largest : 9
            guard (1...2).contains(bytes.count), bytes.allSatisfy({ (0x30...0x39).contains($0) }) else {
                let text = String(decoding: bytes.prefix(20), as: UTF8.self)
                throw FileError("\(place): \"\(text)\" is not a whole number from 0 to \(limit)")
            }
            let value = bytes.reduce(0) { $0 * 10 + Int($1) - 0x30 }
            guard value <= limit else {
                throw FileError(
                    "\(place): \(value) is more than \(limit), the largest \(field < count ? "pixel" : "label")")
            }
            if field < count { pixels.append(Float(value) / Float(largest)) } else { labels.append(value) }
            field += 1
        }
        let fields = line.reduce(1) { $0 + ($1 == 0x2C ? 1 : 0) }
        guard fields == count + 1 else {
            throw FileError("\(place) has \(fields) fields, not \(count) pixels and a label; is this digits.csv?")
        }
    }
}
