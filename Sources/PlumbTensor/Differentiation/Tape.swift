internal import PlumbBasics

/// A flat record of the operations applied to watched tensors.
///
/// Entries live in one array in the order in which they were computed, each with the function that carries a gradient
/// back to what it was computed from. Releasing a tape therefore never recurses, however long the program was, and the
/// gradients of a nested differentiation are recorded on the same tape and can be differentiated again.
///
/// A tape belongs to the task that opened it.
final class Tape: @unchecked Sendable {
    typealias Pullback = (_ gradient: Tensor, _ into: inout Cotangents) -> Void

    /// The tape of the innermost differentiation that this task is inside of.
    @TaskLocal static var current: Tape?

    /// An operation recorded. A function held by an array itself would be wrapped once more.
    private struct Entry {
        let pullback: Pullback
    }

    private var entries: [Entry?] = []
    private var isRecording = true

    init() { entries.reserveCapacity(64) }

    /// Whether operations are being recorded now.
    var isOpen: Bool { isRecording }

    /// The number of operations recorded.
    var count: Int { entries.count }

    /// The tape that operations on these tensors are recorded on, if any.
    static func recording(_ a: Tensor) -> Tape? {
        guard let tape = a.trace?.tape, tape.isRecording else { return nil }
        return tape
    }

    static func recording(_ a: Tensor, _ b: Tensor?) -> Tape? { recording(a) ?? b.flatMap(recording) }

    /// Places `result` on the tape.
    func record(_ result: Tensor, _ pullback: @escaping Pullback) -> Tensor {
        var result = result
        result.trace = Trace(tape: self, index: append(pullback))
        return result
    }

    /// The same for a pullback that needs the result itself, in its place on the tape.
    func record(
        _ result: Tensor, _ pullback: @escaping (_ result: Tensor, _ gradient: Tensor, _ into: inout Cotangents) -> Void
    ) -> Tensor {
        var placed = result
        placed.trace = Trace(tape: self, index: entries.count)
        let kept = placed
        _ = append { dy, into in pullback(kept, dy, &into) }
        return placed
    }

    /// A tensor whose gradient is asked for: what comes from it is recorded, and what flows to it flows on to what it
    /// came from.
    func watch(_ tensor: Tensor) -> Tensor {
        let origin = tensor.trace
        return record(tensor.detached()) { dy, into in into.add(dy, to: origin) }
    }

    private func append(_ pullback: @escaping Pullback) -> Int {
        entries.append(Entry(pullback: pullback))
        return entries.count - 1
    }

    /// Carries `seed` back from entry `root` to every entry it depends on, down to entry `first`.
    ///
    /// - Parameters:
    ///   - targets: entries whose gradients are returned, in this order; nil for those that nothing flowed to.
    ///   - isNested: whether the pass is itself to be differentiated: its operations are then recorded. Otherwise what
    ///     the pass has gone by is released as it goes.
    func gradients(from root: Int, seed: Tensor, targets: [Int], first: Int, isNested: Bool) -> [Tensor?] {
        let wasRecording = isRecording
        isRecording = isNested
        defer { isRecording = wasRecording }
        var cotangents = Cotangents(tape: self, count: entries.count, isNested: isNested)
        var isTarget = [Bool](repeating: false, count: entries.count)
        for index in targets { isTarget[index] = true }
        cotangents.values[root] = seed
        for index in stride(from: root, through: first, by: -1) {
            let entry = isNested ? entries[index] : entries[index].take()
            // An entry keeps its gradient only where somebody asked for it.
            guard let gradient = isTarget[index] ? cotangents.values[index] : cotangents.values[index].take() else {
                continue
            }
            guard let entry else {
                unmet("a tape gives its gradients once: ask for all of them in one call")
            }
            entry.pullback(gradient, &cotangents)
        }
        return targets.map { cotangents.values[$0] }
    }

    /// Ends recording and breaks the ties between entries and the tensors they hold.
    func close() {
        isRecording = false
        entries = []
    }
}

/// A tensor's place on a tape.
public struct Trace: Sendable {
    let tape: Tape
    let index: Int
}

/// The gradients that a backward pass has gathered so far.
public struct Cotangents {
    fileprivate(set) var values: [Tensor?]
    private let tape: Tape
    /// Whether the pass is itself recorded, to be differentiated again: its gradients must then be made of operations.
    public let isNested: Bool

    init(tape: Tape, count: Int, isNested: Bool) {
        self.tape = tape
        self.isNested = isNested
        values = Array(repeating: nil, count: count)
    }

    /// Adds `gradient` to what has flowed to the tensor at `trace`; a constant takes none, and then it is not computed.
    public mutating func add(_ gradient: @autoclosure () -> Tensor, to trace: Trace?) {
        guard let trace, trace.tape === tape, trace.index < values.count else { return }
        let more = isNested ? gradient() : gradient().detached()
        if isNested, let sum = values[trace.index] {
            values[trace.index] = sum + more
        } else if values[trace.index] != nil {
            values[trace.index]?.add(more)
        } else {
            values[trace.index] = more
        }
    }

    /// Lets `body` add to what has flowed to the tensor at `trace` in place, beginning with zeros of `shape`.
    mutating func update(_ trace: Trace?, shape: [Int], _ body: (inout Tensor) -> Void) {
        guard let trace, trace.tape === tape else { return }
        var sum = values[trace.index] ?? .zeros(shape)
        values[trace.index] = nil
        body(&sum)
        values[trace.index] = sum
    }

    var writesInPlace: Bool { !isNested }
}

extension Tensor {
    /// Places a result of the caller's own computation on the tape of the tensors it was computed from.
    ///
    /// `pullback` gets the gradient of the result and adds to `into`, for each input, that gradient times the
    /// derivative: `into.add(dy * slope, to: input.trace)`. It may be differentiated itself where it is made of
    /// operations on tensors.
    ///
    /// - Parameters:
    ///   - inputs: what the result depends on; constants among them are passed over.
    ///   - pullback: adds to `into` what a gradient of the result means for each input.
    public func recorded(
        from inputs: [Tensor], pullback: @escaping (_ gradient: Tensor, _ into: inout Cotangents) -> Void
    ) -> Tensor {
        for input in inputs {
            if let tape = Tape.recording(input) { return tape.record(detached(), pullback) }
        }
        return self
    }

    /// Whether a gradient may flow to the tensor.
    public var isTraced: Bool { Tape.recording(self) != nil }
}
