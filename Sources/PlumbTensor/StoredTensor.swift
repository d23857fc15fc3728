internal import CPlumbKernels
internal import PlumbBasics

/// A tensor as a file holds it: encoded bytes, usually memory-mapped, that become float32 on request.
public struct StoredTensor: Sendable {
    /// The name in the file.
    public let name: String
    /// The extent of each axis, outermost first.
    public let shape: [Int]
    /// How elements are encoded.
    public let elementType: ElementType
    /// The encoded elements in row-major order: exactly ``ElementType/byteCount(of:)`` bytes.
    public let bytes: MappedBytes

    /// - Throws: ``FileError`` when `bytes` is not what `shape` and `elementType` need.
    public init(name: String, shape: [Int], elementType: ElementType, bytes: MappedBytes) throws {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { throw FileError("tensor \(name) has an impossible shape \(shape)") }
            count = product
        }
        let row = shape.last ?? 1
        guard row % elementType.elementsPerBlock == 0, let needed = elementType.byteCount(of: count) else {
            throw FileError(
                "tensor \(name) of shape \(shape) does not hold whole \(elementType.name) blocks of "
                    + "\(elementType.elementsPerBlock) elements")
        }
        guard bytes.count == needed else {
            throw FileError(
                "tensor \(name) of shape \(shape) in \(elementType.name) needs \(needed) bytes, found \(bytes.count)")
        }
        self.name = name
        self.shape = shape
        self.elementType = elementType
        self.bytes = bytes
    }

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// The exact float32 values of the encoded elements.
    public func dequantized() -> Tensor {
        Tensor(shape: shape) { result in
            guard let target = result.baseAddress else { return }
            bytes.withUnsafeBytes { source in
                let status = plumb_dequantize(
                    Int32(elementType.rawValue), source.baseAddress, target, result.count)
                require(status == 0, "dequantizing \(elementType.name) is not supported")
            }
        }
    }

    /// The exact float32 values of some rows of a matrix, in the order asked: an embedding look-up.
    ///
    /// - Shapes: self `[R, C]`; result `[rows.count, C]`.
    public func dequantized(rows: [Int]) -> Tensor {
        require(shape.count == 2, "rows of a stored tensor need shape [R, C], got \(shape)")
        let width = shape[1]
        let stride = width / elementType.elementsPerBlock * elementType.bytesPerBlock
        return Tensor(shape: [rows.count, width]) { result in
            guard let target = result.baseAddress else { return }
            bytes.withUnsafeBytes { source in
                guard let base = source.baseAddress else { return }
                for (index, row) in rows.enumerated() {
                    require(row >= 0 && row < shape[0], "row \(row) of \(shape[0]) in \(name) does not exist")
                    _ = plumb_dequantize(
                        Int32(elementType.rawValue), base + row * stride, target + index * width, width)
                }
            }
        }
    }

    /// The matrix with its rows in another order, or some of them, still encoded.
    ///
    /// - Shapes: self `[R, …]`; result `[rows.count, …]`.
    public func selectingRows(_ rows: [Int]) throws -> StoredTensor {
        require(!shape.isEmpty, "selectingRows needs an axis of rows, got \(shape)")
        let stride = shape[0] == 0 ? 0 : bytes.count / shape[0]
        var selected: [UInt8] = []
        selected.reserveCapacity(rows.count * stride)
        bytes.withUnsafeBytes { source in
            for row in rows {
                require(row >= 0 && row < shape[0], "row \(row) of \(shape[0]) in \(name) does not exist")
                selected.append(contentsOf: source[row * stride..<(row + 1) * stride])
            }
        }
        return try StoredTensor(
            name: name, shape: [rows.count] + shape.dropFirst(), elementType: elementType,
            bytes: MappedBytes(selected))
    }
}
