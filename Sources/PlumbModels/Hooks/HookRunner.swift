internal import PlumbBasics
public import PlumbTensor

/// Passed down one forward pass: hands every named activation past the interventions, then to the cache.
///
/// An idle hooks costs one branch.
public struct HookRunner: Sendable {
    private let interventions: [HookPoint: [Intervention]]
    private let recording: Recording
    private let isIdle: Bool
    private let isRecording: Bool
    /// Replacements of single rows, for patched runs that share a pass.
    var rowPatches: [HookPoint: [RowPatch]] = [:]
    private(set) var cache = ActivationCache()
    /// Set while gradients at activations are wanted: the embeddings are then watched, and all that follows from them.
    var differentiation: Differentiation?
    /// The first position that the rows of this pass cover.
    private let firstPosition: Int

    /// A hooks that changes and keeps nothing.
    static func idle() -> HookRunner { HookRunner(interventions: [], recording: .none, leading: [0], isIdle: true) }

    init(interventions: [Intervention], recording: Recording, leading: [Int], firstPosition: Int = 0) {
        self.init(
            interventions: interventions, recording: recording, leading: leading, firstPosition: firstPosition,
            isIdle: false)
    }

    private init(
        interventions: [Intervention], recording: Recording, leading: [Int], firstPosition: Int = 0, isIdle: Bool
    ) {
        self.interventions = Dictionary(grouping: interventions, by: \.point)
        self.recording = recording
        self.isIdle = isIdle
        self.firstPosition = firstPosition
        isRecording = !isIdle
        cache.layout = HookLayout(leading: leading)
    }

    /// A hooks that patches rows of runs sharing a pass.
    static func patching(_ patches: [HookPoint: [RowPatch]]) -> HookRunner {
        var hooks = HookRunner.idle()
        hooks.rowPatches = patches
        return hooks
    }

    /// Whether anything reads or changes the activation at `point`; a pass may skip computing what nobody watches.
    func watches(_ point: @autoclosure () -> HookPoint) -> Bool {
        if isIdle && rowPatches.isEmpty { return false }
        let point = point()
        return rowPatches[point] != nil || interventions[point] != nil || (isRecording && recording.includes(point))
    }

    /// An activation that gradients flow to from here on, where any are wanted.
    func watched(_ value: Tensor) -> Tensor { differentiation?.watched(value) ?? value }

    /// Whether anything changes the activation at `point`.
    func changes(_ point: @autoclosure () -> HookPoint) -> Bool {
        if isIdle && rowPatches.isEmpty { return false }
        let point = point()
        return rowPatches[point] != nil || interventions[point] != nil
    }

    /// The activation after interventions.
    ///
    /// - Shapes: rows `[R, …]` in and out.
    public mutating func callAsFunction(_ value: Tensor, at point: @autoclosure () -> HookPoint) -> Tensor {
        if isIdle && rowPatches.isEmpty { return value }
        let point = point()
        var value = value
        if let patches = rowPatches[point] { RowPatch.apply(patches, to: &value) }
        if let changes = interventions[point] {
            let layout = cache.layout
            let positions = layout.leading[layout.leading.count - 1]
            let context = HookContext(point: point, positions: firstPosition..<firstPosition + positions)
            var shown = layout.shown(value, at: point.site)
            for change in changes {
                let changed = change.apply(shown, context)
                require(
                    changed.shape == shown.shape,
                    "intervention \(change.name) at \(point) must keep shape \(shown.shape), returned \(changed.shape)")
                shown = changed
            }
            value = layout.rows(shown, at: point.site)
            // What an intervention made a constant has a gradient too, and so has all that follows from it.
            if let differentiation, !value.isTraced { value = differentiation.watched(value) }
        }
        if isRecording && recording.includes(point) { cache.rows[point] = value }
        return value
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

    static func apply(_ patches: [RowPatch], to value: inout Tensor) {
        for patch in patches {
            value.replaceElements(
                patch.column..<patch.column + patch.count, ofRow: patch.row, from: patch.source, row: patch.sourceRow)
        }
    }
}
