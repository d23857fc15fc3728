internal import CPlumbKernels
public import PlumbBasics

/// A dense, row-major array of `Float` with a dynamic shape and value semantics.
///
/// Copies and leading-axis slices are O(1) and share storage; the first write to shared storage copies it.
public struct Tensor: Sendable {
    /// The extent of each axis, outermost first. A scalar has shape `[]`.
    public let shape: [Int]
    @usableFromInline var storage: TensorStorage
    @usableFromInline var offset: Int
    /// Its place on a tape, while a gradient may flow to it; nil for a constant.
    public internal(set) var trace: Trace?

    private init(shape: [Int], storage: TensorStorage, offset: Int) {
        self.shape = shape
        self.storage = storage
        self.offset = offset
    }

    /// Creates a tensor whose elements `initialize` writes, every one of them.
    public init(shape: [Int], initializingWith initialize: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows
    {
        let count = Tensor.count(of: shape)
        let storage = TensorStorage(count: count)
        try initialize(UnsafeMutableBufferPointer(start: storage.base, count: count))
        self.init(shape: shape, storage: storage, offset: 0)
    }

    /// Creates a tensor of `shape` from `elements` in row-major order.
    public init(_ elements: some Collection<Float>, shape: [Int]) {
        let count = Tensor.count(of: shape)
        require(elements.count == count, "shape \(shape) does not hold \(elements.count) elements")
        self.init(shape: shape) { _ = $0.initialize(from: elements) }
    }

    /// Creates a vector.
    public init(_ elements: some Collection<Float>) { self.init(elements, shape: [elements.count]) }

    /// Creates a tensor that repeats one value.
    public init(repeating value: Float, shape: [Int]) {
        self.init(shape: shape) { $0.initialize(repeating: value) }
    }

    /// Creates a tensor of zeros.
    public static func zeros(_ shape: [Int]) -> Tensor { Tensor(repeating: 0, shape: shape) }

    /// The number of elements.
    @inlinable public var count: Int { Tensor.count(of: shape) }

    /// Where the elements begin.
    @inlinable var base: UnsafeMutablePointer<Float> { storage.base + offset }

    /// A copy of the elements in row-major order.
    public var elements: [Float] { withUnsafeElements(Array.init) }

    /// The only element of a tensor that has one.
    public var item: Float {
        require(count == 1, "item needs one element, got shape \(shape)")
        return storage.base[offset]
    }

    /// Calls `body` with the elements in row-major order. The pointer is valid during the call only.
    @inlinable
    public func withUnsafeElements<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeBufferPointer(start: base, count: count))
    }

    /// Writes in place, copying first when the storage is shared.
    ///
    /// - Precondition: the tensor is a constant: what is written here no gradient could follow.
    @inlinable
    public mutating func withUnsafeMutableElements<R>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws -> R
    ) rethrows -> R {
        makeUnique()
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeMutableBufferPointer(start: base, count: count))
    }

    /// Copies the elements where somebody else holds them too.
    @usableFromInline
    mutating func makeUnique() {
        require(
            trace == nil, "a tensor \(shape) that is being differentiated cannot be written in place: use operations")
        guard !isKnownUniquelyReferenced(&storage) else { return }
        let copy = TensorStorage(count: count)
        copy.base.update(from: base, count: count)
        (storage, offset) = (copy, 0)
    }

    /// The same elements under another shape, without copying. One extent may be -1: it is worked out.
    public func reshaped(_ shape: [Int]) -> Tensor {
        var shape = shape
        if let unknown = shape.firstIndex(of: -1) {
            shape[unknown] = 1
            let rest = Tensor.count(of: shape)
            shape[unknown] = rest == 0 ? 0 : count / rest
        }
        require(Tensor.count(of: shape) == count, "cannot reshape \(self.shape) to \(shape)")
        let result = Tensor(shape: shape, storage: storage, offset: offset)
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace, old = self.shape] dy, into in into.add(dy.reshaped(old), to: trace) }
    }

    /// The same elements as a constant, through which no gradient flows.
    public func detached() -> Tensor { Tensor(shape: shape, storage: storage, offset: offset) }

    /// Rows `range` of the first axis, without copying.
    ///
    /// - Shapes: self `[N, …]`; result `[range.count, …]`.
    public subscript(range: Range<Int>) -> Tensor {
        require(
            !shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0],
            "rows \(range) of shape \(shape) do not exist")
        let width = Tensor.count(of: shape.dropFirst())
        let result = Tensor(
            shape: [range.count] + shape.dropFirst(), storage: storage, offset: offset + range.lowerBound * width)
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace, shape] dy, into in
            guard into.writesInPlace else {
                let after = shape[0] - range.upperBound
                return into.add(dy.paddedRows(before: range.lowerBound, after: after), to: trace)
            }
            into.update(trace, shape: shape) { $0.addRows(dy, from: range.lowerBound) }
        }
    }

    /// Entry `index` of the first axis, without copying.
    ///
    /// - Shapes: self `[N, …]`; result `[…]`.
    public subscript(index: Int) -> Tensor {
        let row = self[index..<index + 1]
        return row.reshaped(Array(shape.dropFirst()))
    }

    @inlinable
    static func count(of shape: some Collection<Int>) -> Int {
        var count = 1
        for extent in shape {
            require(extent >= 0, "a shape has no negative extent, got \(Array(shape))")
            count *= extent
        }
        return count
    }
}

extension Tensor: Equatable {
    /// Whether shapes and every bit pattern agree: NaN equals NaN, and 0 differs from -0.
    public static func == (a: Tensor, b: Tensor) -> Bool {
        guard a.shape == b.shape else { return false }
        return a.withUnsafeElements { x in
            b.withUnsafeElements { y in
                zip(x, y).allSatisfy { $0.bitPattern == $1.bitPattern }
            }
        }
    }
}

extension Tensor: CustomStringConvertible {
    public var description: String {
        let shown = withUnsafeElements { $0.prefix(6).map { "\($0)" } }.joined(separator: ", ")
        return "Tensor\(shape) [\(shown)\(count > 6 ? ", …" : "")]"
    }
}

/// The heap buffer behind a ``Tensor``, from the recycling store. Never written while shared.
@usableFromInline
final class TensorStorage: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutablePointer<Float>

    init(count: Int) {
        let bytes = max(1, count) * MemoryLayout<Float>.stride
        guard let memory = plumb_buffer_allocate(bytes) else {
            unmet("out of memory: a tensor of \(count) elements needs \(bytes) bytes")
        }
        base = memory.bindMemory(to: Float.self, capacity: max(1, count))
    }

    deinit { plumb_buffer_release(base) }
}
