public import PlumbTensor

/// Which activations a run keeps.
public struct Recording: Sendable {
    let includes: @Sendable (HookPoint) -> Bool

    /// Keeps the points that `includes` accepts.
    public init(where includes: @escaping @Sendable (HookPoint) -> Bool) { self.includes = includes }

    /// Keeps nothing: what a run without a recording does.
    public static let none = Recording { _ in false }
    /// Every hook point but the per-head results, whose size is `H` times the residual stream's.
    public static let all = Recording { $0.site != .result }
    /// Keeps these points alone.
    public static func only(_ points: HookPoint...) -> Recording { .points(Set(points)) }
    /// Keeps the points of a set; those that the model lacks are passed over.
    public static func points(_ points: Set<HookPoint>) -> Recording { Recording { points.contains($0) } }
    /// These sites in every block.
    public static func sites(_ sites: Site...) -> Recording {
        let sites = Set(sites)
        return Recording { sites.contains($0.site) }
    }
}

/// What one run recorded: an immutable value; the model it came from is untouched.
public struct ActivationCache: Sendable {
    /// Rows as the pass kept them; ``HookLayout`` turns them into what users see.
    var rows: [HookPoint: Tensor] = [:]
    var layout = HookLayout(leading: nil)

    /// The activation at `point`, shaped as its ``Site`` says, or nil if it was not recorded.
    public subscript(point: HookPoint) -> Tensor? { rows[point].map { layout.shown($0, at: point.site) } }

    /// The activation named as in TransformerLens, in full (`blocks.0.attn.hook_z`) or short (`blocks.0.z`).
    public subscript(name: String) -> Tensor? { HookPoint(name).flatMap { self[$0] } }

    /// The recorded points, outer ones first, then block by block in the order of a forward pass.
    public var points: [HookPoint] {
        func rank(_ point: HookPoint) -> (Int, Int, String) {
            let order = Site.insideBlock.firstIndex(of: point.site) ?? Site.insideBlock.count
            return (point.block ?? -1, order, point.description)
        }
        return rows.keys.sorted { rank($0) < rank($1) }
    }

    /// The bytes that the recorded activations take.
    public var bytes: Int { rows.values.reduce(0) { $0 + $1.count * 4 } }
}

/// How the rows of a pass are shown to users: one prompt, or a batch of prompts of one length.
struct HookLayout: Sendable {
    /// `[T]` or `[B, T]`; nil for a model whose activations are shown as they are.
    var leading: [Int]?

    /// Rows `[R, …]` as `[T, …]` or `[B, T, …]`; attention maps as `[H, T, keys]` or `[B, H, T, keys]`.
    func shown(_ rows: Tensor, at site: Site) -> Tensor {
        guard let leading else { return rows }
        let tail = Array(rows.shape.dropFirst())
        guard site.isAttentionMap else { return rows.reshaped(leading + tail) }
        let positions = leading[leading.count - 1]
        let batch = leading.dropLast().reduce(1, *)
        let maps = (0..<batch).map { index in
            rows[index * positions..<(index + 1) * positions].swappingLeadingAxes()
        }
        return Tensor.concatenated(maps).reshaped(leading.dropLast() + [tail[0], positions, tail[1]])
    }

    /// The inverse of ``shown(_:at:)``.
    func rows(_ shown: Tensor, at site: Site) -> Tensor {
        guard let leading else { return shown }
        let count = leading.reduce(1, *)
        guard site.isAttentionMap else { return shown.reshaped([count] + shown.shape.dropFirst(leading.count)) }
        let (heads, positions, keys) = (
            shown.shape[shown.shape.count - 3], shown.shape[shown.shape.count - 2], shown.shape[shown.shape.count - 1]
        )
        let maps = shown.reshaped([-1, positions, keys])
        let batch = heads == 0 ? 0 : maps.shape[0] / heads
        return Tensor.concatenated(
            (0..<batch).map { maps[$0 * heads..<($0 + 1) * heads].swappingLeadingAxes() })
    }
}
