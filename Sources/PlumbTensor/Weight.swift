internal import CPlumbKernels
internal import PlumbBasics
internal import Synchronization

/// The numbers that matrix products are done in.
public enum Arithmetic: String, Sendable, Codable, CaseIterable {
    /// Products and sums in float32 on exactly dequantized weights. The default.
    case float32
    /// Activations and weights rounded to bfloat16 before each product, sums in float32: faster, and inexact by about
    /// two parts in a thousand. Asked for by name and written in the record.
    case bfloat16
}

/// A matrix that activations are multiplied by, `y = x · Wᵀ`, kept as its file stores it and packed when first used.
///
/// - Shapes: `W` is `[O, I]`, from one or more parts stacked along the outputs.
public struct Weight: Sendable {
    /// Where rows of a weight come from.
    public enum Part: Sendable {
        /// A stored matrix `[O, I]`.
        case stored(StoredTensor)
        /// A matrix `[O, I]`.
        case tensor(Tensor)
        /// A matrix `[I, O]`, as GPT-2's convolutions keep theirs.
        case transposed(Tensor)
        /// A matrix `[outputs, inputs]` worked out when it is first needed.
        case computed(outputs: Int, inputs: Int, @Sendable () -> Tensor)

        /// `O`.
        public var outputs: Int {
            switch self {
            case .computed(let outputs, _, _): outputs
            case .stored(let stored): stored.shape[0]
            case .tensor(let tensor): tensor.shape[0]
            case .transposed(let tensor): tensor.shape[1]
            }
        }

        /// `I`.
        public var inputs: Int {
            switch self {
            case .computed(_, let inputs, _): inputs
            case .stored(let stored): stored.shape[1]
            case .tensor(let tensor): tensor.shape[1]
            case .transposed(let tensor): tensor.shape[0]
            }
        }

        /// The tensor that a dense part is, as it is laid out.
        var dense: Tensor? {
            switch self {
            case .tensor(let tensor), .transposed(let tensor): tensor
            case .stored, .computed: nil
            }
        }

        /// The part in float32, `[O, I]`.
        func tensor() -> Tensor {
            switch self {
            case .stored(let stored): return stored.dequantized()
            case .tensor(let tensor): return tensor
            case .transposed(let tensor): return tensor.transposed()
            case .computed(let outputs, let inputs, let compute):
                let tensor = compute()
                require(
                    tensor.shape == [outputs, inputs],
                    "a weight promised as [\(outputs), \(inputs)] turned out \(tensor.shape)")
                return tensor
            }
        }
    }

    /// `O`.
    public let outputs: Int
    /// `I`.
    public let inputs: Int
    private(set) var parts: [Part]
    private var packed: LazyPacking

    /// Stacks `parts` along the outputs. They must agree about the number of inputs.
    public init(_ parts: [Part]) {
        require(!parts.isEmpty, "a weight needs at least one part")
        for part in parts {
            require(
                part.inputs == parts[0].inputs,
                "parts of a weight must share their inputs, got \(parts.map { [$0.outputs, $0.inputs] })")
        }
        self.parts = parts
        outputs = parts.reduce(0) { $0 + $1.outputs }
        inputs = parts[0].inputs
        packed = LazyPacking()
    }

    /// A weight of one matrix, `[O, I]`.
    public init(_ tensor: Tensor) { self.init([.tensor(tensor)]) }
    /// A weight of one stored matrix, `[O, I]`.
    public init(_ stored: StoredTensor) { self.init([.stored(stored)]) }

    /// The matrix in float32, `[O, I]`.
    public func tensor() -> Tensor {
        Tensor.concatenated(parts.map { $0.tensor() })
    }

    /// The matrix in float32 with its axes exchanged, `[I, O]`.
    public func transposedTensor() -> Tensor {
        if parts.count == 1, case .transposed(let tensor) = parts[0] { return tensor }
        return tensor().transposed()
    }

    /// Some rows of the matrix in float32: an embedding look-up.
    ///
    /// - Shapes: result `[rows.count, I]`.
    public func rows(_ rows: [Int]) -> Tensor {
        require(parts.count == 1, "rows are looked up in a weight of one part")
        switch parts[0] {
        case .stored(let stored): return stored.dequantized(rows: rows)
        case let part: return part.tensor().gathered(rows)
        }
    }

    /// Packs the weight now rather than at its first use.
    public func prepare(_ arithmetic: Arithmetic = .float32) { _ = packed.value(for: self, .forward(arithmetic)) }

    /// `y = x · Wᵀ + bias + residual`.
    ///
    /// A row of `y` depends on the same row of `x` and `residual` alone, bit for bit, however many rows there are.
    ///
    /// - Shapes: `x` `[R, I]`, `bias` `[O]`, `residual` and `y` `[R, O]`.
    public func applied(
        to x: Tensor, bias: Tensor? = nil, residual: Tensor? = nil, arithmetic: Arithmetic = .float32
    ) -> Tensor {
        require(
            x.shape.count == 2 && x.shape[1] == inputs, "a weight [\(outputs), \(inputs)] cannot multiply \(x.shape)")
        require(
            bias.map { $0.shape.count == 1 && $0.shape[0] == outputs } ?? true, "bias must be [\(outputs)]")
        let rows = x.shape[0]
        require(residual.map { $0.shape == [rows, outputs] } ?? true, "residual must be [\(rows), \(outputs)]")
        let y = packed.value(for: self, .forward(arithmetic)).product(
            with: x, bias: bias, residual: residual, arithmetic: arithmetic)
        guard let tape = Tape.recording(x, bias) ?? residual.flatMap(Tape.recording) ?? recordingTape else { return y }
        return tape.record(y) { dy, into in
            into.add(dy, to: residual?.trace)
            into.add(dy.summedColumns(), to: bias?.trace)
            into.add(appliedBackwards(to: dy), to: x.trace)
            addGradients(dy, x, &into)
        }
    }

    /// The tape that one of the parts is recorded on.
    private var recordingTape: Tape? {
        for part in parts {
            if let tape = part.dense.flatMap(Tape.recording) { return tape }
        }
        return nil
    }

    /// `dy · W`: the gradient that reaches the inputs.
    private func appliedBackwards(to dy: Tensor) -> Tensor {
        guard parts.contains(where: { $0.dense?.trace != nil }) else {
            let dx = packed.value(for: self, .backward).product(with: dy)
            guard let tape = Tape.recording(dy) else { return dx }
            return tape.record(dx) { [trace = dy.trace] slope, into in into.add(applied(to: slope), to: trace) }
        }
        if parts.count == 1, case .transposed(let tensor) = parts[0] { return dy.matmul(transposed: tensor) }
        return dy.matmul(tensor())
    }

    /// `dyᵀ · x`, divided among the parts that are being differentiated.
    private func addGradients(_ dy: Tensor, _ x: Tensor, _ into: inout Cotangents) {
        guard parts.contains(where: { $0.dense?.trace != nil }) else { return }
        if parts.count == 1, case .transposed(let tensor) = parts[0] {
            return into.add(x.transposedMatmul(dy), to: tensor.trace)
        }
        let gradient = dy.transposedMatmul(x)
        if parts.count == 1 { return into.add(gradient, to: parts[0].dense?.trace) }
        var first = 0
        for part in parts {
            let rows = gradient[first..<first + part.outputs]
            first += part.outputs
            if case .transposed(let tensor) = part {
                into.add(rows.transposed(), to: tensor.trace)
            } else {
                into.add(rows, to: part.dense?.trace)
            }
        }
    }

    /// Part `index` as a parameter, in the layout in which checkpoints keep it. A stored part becomes dense float32
    /// when it is written.
    public subscript(part index: Int) -> Tensor {
        get {
            switch parts[index] {
            case .transposed(let tensor): tensor
            case let part: part.tensor()
            }
        }
        set {
            switch parts[index] {
            case .transposed(let old):
                require(
                    newValue.shape == old.shape, "a weight part \(old.shape) cannot become \(newValue.shape)")
                parts[index] = .transposed(newValue)
            case let old:
                require(
                    newValue.shape == [old.outputs, old.inputs],
                    "a weight part [\(old.outputs), \(old.inputs)] cannot become \(newValue.shape)")
                parts[index] = .tensor(newValue)
            }
            packed = LazyPacking()
        }
    }

    /// Whether a gradient may flow to it.
    public var isTraced: Bool { parts.contains { $0.dense?.isTraced ?? false } }

    /// The number of parts.
    public var partCount: Int { parts.count }

    /// Whether part `index` is kept as `[I, O]`.
    public func isTransposed(part index: Int) -> Bool {
        if case .transposed = parts[index] { true } else { false }
    }

    /// Replaces part `index` by one of the same outputs and inputs.
    mutating func replacePart(_ index: Int, _ body: (inout Part) -> Void) {
        let shape = [parts[index].outputs, parts[index].inputs]
        body(&parts[index])
        let found = [parts[index].outputs, parts[index].inputs]
        require(found == shape, "a weight part \(shape) cannot become \(found)")
        packed = LazyPacking()
    }

    /// Lends part `index` as a parameter, not shared with anybody else, and takes back what `body` leaves.
    mutating func withPart(_ index: Int, _ body: (inout Tensor) -> Void) {
        var tensor = self[part: index]
        let shape = tensor.shape
        let isTransposed = if case .transposed = parts[index] { true } else { false }
        // The weight lets go of the tensor meanwhile, so that writing to it copies nothing.
        parts[index] = .computed(outputs: shape[isTransposed ? 1 : 0], inputs: inputs) { .zeros([0, 0]) }
        packed = LazyPacking()
        body(&tensor)
        require(tensor.shape == shape, "a weight part \(shape) cannot become \(tensor.shape)")
        parts[index] = isTransposed ? .transposed(tensor) : .tensor(tensor)
    }

    /// The smallest packing that holds every part exactly.
    private var packing: Int32 {
        var types: Set<ElementType> = []
        for part in parts {
            guard case .stored(let stored) = part else { return Int32(PLUMB_PACK_F32) }
            types.insert(stored.elementType)
        }
        let kind =
            switch types {
            case [.bf16]: PLUMB_PACK_BF16
            case [.q4_0]: PLUMB_PACK_Q4_0
            case [.q4_1]: PLUMB_PACK_Q4_1
            case _ where types.isSubset(of: [.q4_0, .q5_0, .q8_0]): PLUMB_PACK_Q8_0
            case _ where types.allSatisfy(\.isQuantized): PLUMB_PACK_AFFINE
            default: PLUMB_PACK_F32
            }
        return Int32(kind)
    }

    fileprivate func pack(_ use: LazyPacking.Use) -> PackedMatrix {
        guard case .forward(let arithmetic) = use else {
            return PackedMatrix(transposing: tensor().detached())
        }
        let kind = arithmetic == .bfloat16 ? Int32(PLUMB_PACK_BF16) : packing
        let matrix = PackedMatrix(kind: kind, outputs: outputs, inputs: inputs)
        var first = 0
        for part in parts {
            matrix.write(part, first: first)
            first += part.outputs
        }
        return matrix
    }
}

/// A packing made at first use and kept, one for each use.
private final class LazyPacking: Sendable {
    enum Use { case forward(Arithmetic), backward }

    private struct Packings {
        var exact: PackedMatrix?
        var rounded: PackedMatrix?
        var backward: PackedMatrix?
    }

    private let held = Mutex(Packings())

    func value(for weight: Weight, _ use: Use) -> PackedMatrix {
        held.withLock { held in
            switch use {
            case .forward(.float32): LazyPacking.value(in: &held.exact, for: weight, use)
            case .forward(.bfloat16): LazyPacking.value(in: &held.rounded, for: weight, use)
            case .backward: LazyPacking.value(in: &held.backward, for: weight, use)
            }
        }
    }

    private static func value(in place: inout PackedMatrix?, for weight: Weight, _ use: Use) -> PackedMatrix {
        if let place { return place }
        let matrix = weight.pack(use)
        place = matrix
        return matrix
    }
}
