internal import PlumbBasics
public import PlumbTensor

/// Passed down one forward pass: hands every named activation past row patches and interventions, then to the recording.
///
/// An idle runner costs one branch.
public struct HookRunner: Sendable {
    private let interventions: [HookPoint: [Intervention]]
    private let recording: Recording?
    private let rowPatches: [HookPoint: [RowPatch]]
    /// The changes of each sequence of a pass on its own rows, where sequences have different ones.
    private let sequences: [SequenceInterventions]
    /// Set while gradients at activations are wanted.
    var differentiation: Differentiation?
    private let isIdle: Bool
    /// The first position that the rows of this pass cover.
    private let startPosition: Int
    private(set) var cache = ActivationCache()
    /// The points with interventions that the pass has met.
    private var met: Set<HookPoint> = []

    /// A runner that changes and keeps nothing.
    public static let idle = HookRunner(rowPatches: [:])

    /// A runner for one pass of a model.
    ///
    /// - Parameters:
    ///   - interventions: changes to activations, several at one point in their order.
    ///   - recording: which activations to keep.
    public init(interventions: [Intervention] = [], recording: Recording = .none) {
        self.init(interventions: interventions, recording: recording, startPosition: 0)
    }

    init(interventions: [Intervention], recording: Recording, leading: [Int]? = nil, startPosition: Int) {
        self.interventions = Dictionary(grouping: interventions, by: \.point)
        self.recording = recording
        (rowPatches, sequences, isIdle, self.startPosition) = ([:], [], false, startPosition)
        cache.layout = HookLayout(leading: leading)
    }

    /// A runner that patches rows of runs sharing a pass.
    init(rowPatches: [HookPoint: [RowPatch]]) {
        (interventions, recording, self.rowPatches, sequences) = ([:], nil, rowPatches, [])
        (isIdle, startPosition) = (rowPatches.isEmpty, 0)
    }

    /// A runner that changes the rows of each sequence of a pass in its own way.
    ///
    /// - Parameter sequences: in the order of their rows, without gaps.
    init(sequences: [SequenceInterventions]) {
        (interventions, recording, rowPatches, self.sequences) = ([:], nil, [:], sequences)
        (isIdle, startPosition) = (sequences.allSatisfy { $0.interventions.isEmpty }, 0)
    }

    /// Says that activations of the pass are rows `[R, …]` of prompts, shown as `[T, …]` or `[B, T, …]`.
    mutating func showRows(as leading: [Int]) { cache.layout = HookLayout(leading: leading) }

    /// Whether anything reads or changes the activation at `point`; a pass may skip computing what nobody watches.
    public func watches(_ point: @autoclosure () -> HookPoint) -> Bool {
        if isIdle { return false }
        let point = point()
        return rowPatches[point] != nil || interventions[point] != nil || recording?.includes(point) ?? false
            || sequences.contains { $0.interventions[point] != nil }
    }

    /// An activation that gradients flow to from here on, where any are wanted.
    func watched(_ value: Tensor) -> Tensor { differentiation?.watched(value) ?? value }

    /// The activation after row patches and interventions.
    ///
    /// - Shapes: any; the result has the shape of `value`.
    public mutating func callAsFunction(_ value: Tensor, at point: @autoclosure () -> HookPoint) -> Tensor {
        if isIdle { return value }
        let point = point()
        var value = value
        for patch in rowPatches[point] ?? [] { patch.apply(to: &value) }
        if let changes = interventions[point] {
            met.insert(point)
            value = changed(value, at: point, by: changes)
        }
        if sequences.contains(where: { $0.interventions[point] != nil }) {
            value = Tensor.concatenated(sequences.map { $0.changed(value, at: point) })
        }
        guard recording?.includes(point) ?? false else { return value }
        // What an intervention made a constant has a gradient too, and so has all that follows from it.
        if let differentiation, !value.isTraced { value = differentiation.watched(value) }
        cache.rows[point] = value
        return value
    }

    private func changed(_ value: Tensor, at point: HookPoint, by changes: [Intervention]) -> Tensor {
        let layout = cache.layout
        var shown = layout.shown(value, at: point.site)
        let positions = layout.leading?.last ?? value.shape.first ?? 0
        let context = HookContext(point: point, positions: startPosition..<startPosition + positions)
        for change in changes { shown = change.checked(shown, context) }
        let rows = layout.rows(shown, at: point.site)
        guard let differentiation, !rows.isTraced else { return rows }
        return differentiation.watched(rows)
    }

    /// The points with interventions that the pass did not meet: they would silently do nothing.
    var unmetPoints: [HookPoint] { interventions.keys.filter { !met.contains($0) } }
}

/// The changes of one sequence of a pass, on its own rows.
struct SequenceInterventions: Sendable {
    /// Rows of the pass.
    var rows: Range<Int>
    /// The position of the first of them.
    var startPosition: Int
    /// By the place that they change, in their order; none at attention maps.
    var interventions: [HookPoint: [Intervention]]

    /// The sequence's rows of an activation of the whole pass, after its changes.
    func changed(_ value: Tensor, at point: HookPoint) -> Tensor {
        let own = value[rows]
        guard let changes = interventions[point] else { return own }
        let context = HookContext(point: point, positions: startPosition..<startPosition + rows.count)
        return changes.reduce(own) { $1.checked($0, context) }
    }
}

extension Intervention {
    /// The activation after the change, which must keep its shape.
    fileprivate func checked(_ shown: Tensor, _ context: HookContext) -> Tensor {
        let changed = apply(shown, context)
        require(
            changed.shape == shown.shape,
            "intervention \(name) at \(point) must keep shape \(shown.shape), returned \(changed.shape)")
        return changed
    }
}

/// New values for some elements of one row of an activation.
struct RowPatch: Sendable {
    var row: Int
    /// The first of the row's elements that change.
    var column: Int
    /// Row `sourceRow` of `source` gives the values, `count` of them from `column` on.
    var source: Tensor
    var sourceRow: Int
    var count: Int

    func apply(to value: inout Tensor) {
        value.replaceElements(column..<column + count, ofRow: row, from: source, row: sourceRow)
    }

    /// The same change `offset` rows further on.
    func moved(by offset: Int) -> RowPatch {
        var patch = self
        patch.row += offset
        return patch
    }
}
