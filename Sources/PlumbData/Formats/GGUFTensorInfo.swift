internal import PlumbTensor

/// A GGUF file's description of one tensor.
struct GGUFTensorInfo: Sendable {
    let name: String
    /// The extent of each axis, outermost first (the file lists them innermost first).
    let shape: [Int]
    let count: Int
    /// The element type's number in the file, which this library may not know.
    let typeNumber: UInt32
    /// Bytes from the beginning of the tensor data.
    let offset: Int

    init(_ reader: inout ByteReader, _ index: Int) throws {
        let name = try reader.readString("the name of tensor \(index)")
        guard name.utf8.count <= GGUFHeader.maximumNameLength else {
            throw FileError("the name of tensor \(index) has \(name.utf8.count) bytes, more than 65535")
        }
        let rank = try reader.read("the rank of tensor \(name)", as: UInt32.self)
        guard rank <= UInt32(GGUFHeader.maximumRank) else {
            throw FileError("tensor \(name) has \(rank) axes, more than \(GGUFHeader.maximumRank)")
        }
        let extents = try reader.readArray(of: UInt64.self, count: Int(rank), "the shape of tensor \(name)")
        var count = 1
        for extent in extents {
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(clamping: extent))
            guard extent > 0, extent <= UInt64(Int.max), !overflow else {
                throw FileError("tensor \(name) has the impossible shape \(extents)")
            }
            count = product
        }
        self.name = name
        self.count = count
        shape = extents.reversed().map { Int($0) }
        typeNumber = try reader.read("the type of tensor \(name)", as: UInt32.self)
        let offset = try reader.read("the offset of tensor \(name)", as: UInt64.self)
        guard let offset = Int(exactly: offset) else {
            throw FileError("tensor \(name) claims to begin at byte \(offset) of the data")
        }
        self.offset = offset
    }

    var elementType: ElementType? { Int(exactly: typeNumber).flatMap(ElementType.init(rawValue:)) }

    /// The type's name, also for types that cannot be read.
    var typeName: String { elementType?.name ?? GGUFTensorInfo.otherTypes[typeNumber] ?? "number \(typeNumber)" }

    /// Bytes of the encoded elements; nil for a type that cannot be read.
    ///
    /// - Throws: ``FileError`` when the rows are not whole blocks.
    func byteCount() throws -> Int? {
        guard let elementType else { return nil }
        let row = shape.last ?? 1
        guard row % elementType.elementsPerBlock == 0, let bytes = elementType.byteCount(of: count) else {
            throw FileError(
                "tensor \(name) of shape \(shape) does not hold whole \(elementType.name) blocks of "
                    + "\(elementType.elementsPerBlock) elements")
        }
        return bytes
    }

    /// Types that GGUF defines and this library does not read, for error texts.
    private static let otherTypes: [UInt32: String] = [
        9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
        20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
        29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
}
