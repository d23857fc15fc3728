public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// A network in ONNX's format (Open Neural Network Exchange, onnx.proto3): its operations and constants as the file has
/// them. `NetworkGraph(onnx:)` in PlumbModels makes a network of it.
///
/// Tensors whose numbers lie in other files are refused.
public struct ONNXFile: Sendable {
    /// An operation.
    public struct Node: Sendable {
        /// The operator's name, as `Conv`.
        public var operation = ""
        /// The operator's domain; empty for ONNX's own.
        public var domain = ""
        /// The node's name, which may be empty.
        public var name = ""
        /// The names of what is read; empty for one left out.
        public var inputs: [String] = []
        /// The names of what is given.
        public var outputs: [String] = []
        /// Attributes by name.
        public var attributes: [String: ONNXAttribute] = [:]
    }

    /// An input or output: its name and shape, nil for an extent that is not fixed.
    public struct Port: Sendable {
        /// The name.
        public var name = ""
        /// Nil where the file gives no shape.
        public var shape: [Int?]?
        /// ONNX's number of the type; 1 for float32.
        public var elementType = 0
    }

    /// Where the file is, for messages.
    public let name: String
    /// The operations, in an order in which they can be computed.
    public private(set) var nodes: [Node] = []
    /// Constants by name.
    public private(set) var initializers: [String: ONNXTensor] = [:]
    /// What is given from outside; files of early versions list constants here, too.
    public private(set) var inputs: [Port] = []
    /// What is computed.
    public private(set) var outputs: [Port] = []

    /// Opens and checks the file at `url`.
    ///
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(contentsOf url: URL) throws { try self.init(MappedBytes(contentsOf: url), name: url.path) }

    /// Reads the contents of a file called `name`.
    ///
    /// - Throws: `FileError` naming `name` and what is wrong.
    public init(_ bytes: MappedBytes, name: String) throws {
        self.name = name
        do {
            try bytes.withUnsafeBytes { bytes in
                var message = ProtobufMessage(bytes)
                var hasGraph = false
                while let (number, value) = try message.next() {
                    guard number == 7 else { continue }
                    hasGraph = true
                    try readGraph(value.message())
                }
                guard hasGraph else { throw FileError("it holds no graph: is it an ONNX model?") }
            }
        } catch let error as FileError {
            throw FileError("\(name): \(error.description)")
        }
    }

    private mutating func readGraph(_ message: ProtobufMessage) throws {
        var message = message
        while let (number, value) = try message.next() {
            switch number {
            case 1: nodes.append(try Self.node(value.message()))
            case 5:
                let (name, tensor) = try ONNXTensor.named(value.message())
                initializers[name] = tensor
            case 11: inputs.append(try Self.port(value.message()))
            case 12: outputs.append(try Self.port(value.message()))
            default: break
            }
        }
    }

    private static func node(_ message: ProtobufMessage) throws -> Node {
        var (message, node) = (message, Node())
        while let (number, value) = try message.next() {
            switch number {
            case 1: node.inputs.append(try value.text())
            case 2: node.outputs.append(try value.text())
            case 3: node.name = try value.text()
            case 4: node.operation = try value.text()
            case 5:
                let (name, attribute) = try ONNXAttribute.named(value.message())
                node.attributes[name] = attribute
            case 7: node.domain = try value.text()
            default: break
            }
        }
        return node
    }

    private static func port(_ message: ProtobufMessage) throws -> Port {
        var (message, port) = (message, Port())
        while let (number, value) = try message.next() {
            if number == 1 { port.name = try value.text() }
            guard number == 2 else { continue }
            var type = try value.message()
            while let (number, value) = try type.next() {
                guard number == 1 else { continue }
                var tensor = try value.message()
                while let (number, value) = try tensor.next() {
                    if number == 1 { port.elementType = try value.integer() }
                    if number == 2 { port.shape = try shape(value.message()) }
                }
            }
        }
        return port
    }

    private static func shape(_ message: ProtobufMessage) throws -> [Int?] {
        var (message, shape) = (message, [Int?]())
        while let (number, value) = try message.next() {
            guard number == 1 else { continue }
            var (extent, found) = (try value.message(), Int?.none)
            while let (number, value) = try extent.next() { if number == 1 { found = try value.integer() } }
            shape.append(found)
        }
        return shape
    }
}

/// An attribute of an ONNX operation.
public struct ONNXAttribute: Sendable {
    /// The whole number.
    public var integer: Int?
    /// The number.
    public var float: Float?
    /// The text.
    public var text: String?
    /// The tensor.
    public var tensor: ONNXTensor?
    /// Whole numbers.
    public var integers: [Int] = []
    /// Numbers.
    public var floats: [Float] = []

    static func named(_ message: ProtobufMessage) throws -> (String, ONNXAttribute) {
        var (message, name, attribute) = (message, "", ONNXAttribute())
        while let (number, value) = try message.next() {
            switch number {
            case 1: name = try value.text()
            case 2: attribute.float = try value.floats().first
            case 3: attribute.integer = try value.integer()
            case 4: attribute.text = String(decoding: try value.bytes(), as: UTF8.self)
            case 5: attribute.tensor = try ONNXTensor.named(value.message()).1
            case 7: attribute.floats += try value.floats()
            case 8: attribute.integers += try value.integers()
            default: break
            }
        }
        return (name, attribute)
    }
}

/// A constant of an ONNX file.
public struct ONNXTensor: Sendable {
    /// The extents; empty for a single number.
    public var shape: [Int] = []
    /// The numbers of a float32 or float64 tensor.
    public var floats: [Float] = []
    /// The numbers of a tensor of whole numbers; 0 and 1 for truth values.
    public var integers: [Int] = []

    /// The count that the shape has, or nil where it is not one that a file can hold.
    private static func count(_ shape: [Int]) -> Int? {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow, product <= 1 << 31 else { return nil }
            count = product
        }
        return count
    }

    static func named(_ message: ProtobufMessage) throws -> (String, ONNXTensor) {
        var (message, name, tensor, type) = (message, "", ONNXTensor(), 0)
        var raw: UnsafeRawBufferPointer?
        while let (number, value) = try message.next() {
            switch number {
            case 1: tensor.shape += try value.integers()
            case 2: type = try value.integer()
            case 4: tensor.floats += try value.floats()
            case 5, 7: tensor.integers += try value.integers()
            case 8: name = try value.text()
            case 9: raw = try value.bytes()
            case 10:
                let bytes = try value.bytes()
                guard bytes.count % 8 == 0 else { throw FileError("\(bytes.count) bytes are no numbers of 64 bits") }
                tensor.floats += doubles(bytes)
            case 13, 14:
                if case .integer(0) = value { continue }
                throw FileError("tensor \(visible(name, limit: 60)) lies in another file, which is not read")
            default: break
            }
        }
        guard let count = count(tensor.shape) else {
            throw FileError("tensor \(visible(name, limit: 60)) has the impossible shape \(tensor.shape.prefix(8))")
        }
        if let raw { try tensor.read(raw, type, count, name) }
        guard [1, 6, 7, 9, 11].contains(type),
            (type == 1 || type == 11 ? tensor.floats.count : tensor.integers.count) == count
        else {
            throw FileError(
                "tensor \(visible(name, limit: 60)) of type \(type) should hold \(count) numbers of float32, float64, "
                    + "int32 or int64 or truth values, and holds \(tensor.floats.count + tensor.integers.count)")
        }
        return (name, tensor)
    }

    private mutating func read(_ raw: UnsafeRawBufferPointer, _ type: Int, _ count: Int, _ name: String) throws {
        let size = [1: 4, 6: 4, 7: 8, 9: 1, 11: 8][type] ?? 0
        guard size > 0, raw.count == count * size else {
            throw FileError(
                "tensor \(visible(name, limit: 60)) of type \(type) has \(raw.count) bytes for \(count) numbers")
        }
        func numbers<Number: FixedWidthInteger>(_ type: Number.Type) -> [Int] {
            (0..<count).map { Int(Number(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * size, as: Number.self))) }
        }
        switch type {
        case 1: floats = Self.floats(raw)
        case 11: floats = Self.doubles(raw)
        case 6: integers = numbers(Int32.self)
        case 9: integers = numbers(UInt8.self)
        default: integers = numbers(Int64.self)
        }
    }

    static func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        (0..<bytes.count / 4).map {
            Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
    }

    private static func doubles(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        (0..<bytes.count / 8).map {
            Float(
                Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))))
        }
    }
}
