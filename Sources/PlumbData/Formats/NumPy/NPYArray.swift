public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// An array in NumPy's format NPY (NumPy Enhancement Proposal 1), versions 1 to 3: `numpy.save`.
///
/// The file begins with `\x93NUMPY`, a version and the length of a header, in which a Python dictionary names the type of
/// an element, the order of the axes and their extents; the elements follow. Floats of 16, 32 and 64 bits, whole numbers of
/// 8 to 64 bits and truth values are read, in either order of bytes and of axes; other types are refused by name.
public struct NPYArray: Sendable {
    /// The extent of each axis, outermost first; empty for a single number.
    public let shape: [Int]
    /// The type of an element, as the file names it: `<f4`.
    public let type: String

    /// The elements in row-major order, of which one of the two holds any.
    private let floats: [Float]
    private let integers: [Int]
    private let isInteger: Bool

    /// The most bytes that one array may have.
    static let limit = 1 << 30

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
        self = try bytes.withUnsafeBytes { try NPYArray($0, name: name) }
    }

    init(_ bytes: UnsafeRawBufferPointer, name: String) throws {
        do {
            var reader = ByteReader(bytes)
            let header = try NPYHeader(&reader)
            let element = try NPYElement(header.type)
            let count = try header.count(size: element.size, available: reader.remaining)
            let rest = try reader.take(count * element.size, "the elements")
            let order = header.isColumnMajor ? Self.rowMajor(header.shape) : nil
            (shape, type, isInteger) = (header.shape, header.type, element.kind != .float)
            floats = isInteger ? [] : (0..<count).map { element.float(rest, order?[$0] ?? $0) }
            integers = try !isInteger ? [] : (0..<count).map { try element.integer(rest, order?[$0] ?? $0) }
        } catch let error as FileError {
            throw FileError("\(name): \(error.description)")
        }
    }

    /// Whether the elements are whole numbers or truth values.
    public var holdsIntegers: Bool { isInteger }

    /// The elements as float32, whole numbers too.
    ///
    /// - Throws: `FileError` where there is no axis.
    public func tensor() throws -> Tensor {
        guard !shape.isEmpty else { throw FileError("the array is a single number without an axis") }
        return Tensor(isInteger ? integers.map(Float.init) : floats, shape: shape)
    }

    /// The elements as whole numbers; floats where each is one.
    ///
    /// - Throws: `FileError` naming an element that is no whole number.
    public func wholeNumbers() throws -> [Int] {
        if isInteger { return integers }
        return try floats.enumerated().map { place, value in
            guard value == value.rounded(), abs(value) <= 16_777_216 else {
                throw FileError("element \(place) is \(value), which is no whole number")
            }
            return Int(value)
        }
    }

    /// Where each element in row-major order lies in column-major order.
    private static func rowMajor(_ shape: [Int]) -> [Int] {
        var places = [0]
        var stride = 1
        var strides: [Int] = []
        for extent in shape {
            strides.append(stride)
            stride *= extent
        }
        for (axis, extent) in shape.enumerated() {
            places = places.flatMap { place in (0..<extent).map { place + $0 * strides[axis] } }
        }
        return places
    }
}

/// What comes before the elements.
private struct NPYHeader {
    var type = ""
    var isColumnMajor = false
    var shape: [Int] = []

    init(_ reader: inout ByteReader) throws {
        guard reader.remaining >= 10, try reader.take(6, "the beginning").elementsEqual([0x93] + Array("NUMPY".utf8))
        else { throw FileError("not an array of NumPy: such a file begins with the bytes 93 4E 55 4D 50 59") }
        let version = try reader.read("the version", as: UInt8.self)
        _ = try reader.read("the version", as: UInt8.self)
        guard (1...3).contains(version) else {
            throw FileError("version \(version) of NumPy's format is not known; versions 1 to 3 are")
        }
        let length =
            version == 1
            ? Int(try reader.read("the header's length", as: UInt16.self))
            : Int(try reader.read("the header's length", as: UInt32.self))
        guard length <= 1 << 16 else { throw FileError("the header claims \(length) bytes, more than any array needs") }
        let text = String(decoding: try reader.take(length, "the header"), as: UTF8.self)
        var literal = PythonLiteral(text)
        try literal.dictionary { key, literal in
            switch key {
            case "descr": type = try literal.string()
            case "fortran_order": isColumnMajor = try literal.truth()
            case "shape": shape = try literal.numbers()
            default: throw FileError("the header has the unknown entry \(visible(key, limit: 40))")
            }
        }
    }

    /// The number of elements, which must be what the rest of the file holds.
    func count(size: Int, available: Int) throws -> Int {
        let text = shape.prefix(8).map(String.init).joined(separator: " × ")
        var count = 1
        guard shape.count <= 8 else { throw FileError("the array has \(shape.count) axes; up to 8 are read") }
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow, product <= NPYArray.limit else {
                throw FileError("the array declares \(text) elements, more than \(NPYArray.limit)")
            }
            count = product
        }
        guard count > 0 else { throw FileError("the array has the shape \(text) and so no elements") }
        guard count * size == available else {
            throw FileError(
                "the array declares \(shape.isEmpty ? "one" : text) elements of \(size) bytes, \(count * size) bytes, but "
                    + "\(available) follow its header; save it again")
        }
        return count
    }
}

/// How an element is stored.
private struct NPYElement {
    enum Kind { case float, signed, unsigned, truth }
    let kind: Kind
    let size: Int
    let isBigEndian: Bool

    init(_ type: String) throws {
        let known: [String: (Kind, Int)] = [
            "f2": (.float, 2), "f4": (.float, 4), "f8": (.float, 8), "i1": (.signed, 1), "i2": (.signed, 2),
            "i4": (.signed, 4), "i8": (.signed, 8), "u1": (.unsigned, 1), "u2": (.unsigned, 2), "u4": (.unsigned, 4),
            "u8": (.unsigned, 8), "b1": (.truth, 1),
        ]
        guard let order = type.first, "<>|=".contains(order), let found = known[String(type.dropFirst())] else {
            throw FileError(
                "elements of the type \(visible(type, limit: 40)) are not read; float16, float32, float64, whole numbers "
                    + "and truth values are")
        }
        (kind, size) = found
        isBigEndian = order == ">"
    }

    private func bits<Number: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Number {
        let value = bytes.loadUnaligned(fromByteOffset: index * size, as: Number.self)
        return isBigEndian ? Number(bigEndian: value) : Number(littleEndian: value)
    }

    func float(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Float {
        switch size {
        case 2: Self.half(bits(bytes, index))
        case 4: Float(bitPattern: bits(bytes, index))
        default: Float(Double(bitPattern: bits(bytes, index)))
        }
    }

    func integer(_ bytes: UnsafeRawBufferPointer, _ index: Int) throws -> Int {
        switch (kind, size) {
        case (.signed, 1): return Int(bits(bytes, index) as Int8)
        case (.signed, 2): return Int(bits(bytes, index) as Int16)
        case (.signed, 4): return Int(bits(bytes, index) as Int32)
        case (.signed, _): return Int(bits(bytes, index) as Int64)
        case (.truth, _): return bytes[index] == 0 ? 0 : 1
        case (_, 1): return Int(bits(bytes, index) as UInt8)
        case (_, 2): return Int(bits(bytes, index) as UInt16)
        case (_, 4): return Int(bits(bytes, index) as UInt32)
        default:
            guard let value = Int(exactly: bits(bytes, index) as UInt64) else {
                throw FileError("element \(index) is larger than \(Int.max)")
            }
            return value
        }
    }

    /// IEEE 754 half precision.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits >> 15 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 31), fraction = Float(bits & 1023)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }
}

/// The few Python literals that a header has: a dictionary of strings, truth values and tuples of whole numbers.
private struct PythonLiteral {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    private mutating func skip() {
        while let byte = rest.first, byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D { rest.removeFirst() }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skip()
        guard let byte = rest.first, byte == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        guard accept(character) else {
            throw FileError(
                "the header is damaged: \"\(character)\" should stand before \(visible(String(Substring(rest)), limit: 40))")
        }
    }

    mutating func dictionary(_ entry: (String, inout PythonLiteral) throws -> Void) throws {
        try expect("{")
        while !accept("}") {
            let key = try string()
            try expect(":")
            try entry(key, &self)
            if !accept(",") {
                try expect("}")
                return
            }
        }
    }

    mutating func string() throws -> String {
        let quote: Unicode.Scalar = accept("'") ? "'" : "\""
        if quote == "\"", !accept("\"") {
            throw FileError(
                "the header has \(visible(String(Substring(rest)), limit: 40)) where a text should stand: arrays of "
                    + "records are not read")
        }
        guard let end = rest.firstIndex(of: UInt8(ascii: quote)) else {
            throw FileError("a text in the header does not end")
        }
        defer { rest = rest[rest.index(after: end)...] }
        return String(Substring(rest[..<end]))
    }

    mutating func truth() throws -> Bool {
        skip()
        for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
            rest.removeFirst(word.utf8.count)
            return value
        }
        throw FileError("the header is damaged: True or False should stand in it")
    }

    mutating func numbers() throws -> [Int] {
        try expect("(")
        var result: [Int] = []
        while !accept(")") {
            skip()
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard let number = Int(Substring(digits)), result.count < 64 else {
                throw FileError("the header is damaged: its shape is no list of whole numbers")
            }
            rest.removeFirst(digits.count)
            _ = accept("L")
            result.append(number)
            if !accept(",") {
                try expect(")")
                return result
            }
        }
        return result
    }
}
