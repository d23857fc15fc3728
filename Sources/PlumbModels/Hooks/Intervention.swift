internal import PlumbBasics
public import PlumbTensor

/// Where and when an intervention acts.
public struct HookContext: Sendable {
    /// The place whose activation is changed.
    public let point: HookPoint
    /// The positions of the prompt that the activation covers: all of them, or the new ones during generation.
    public let positions: Range<Int>
}

/// A change made to one activation during one run.
///
/// Interventions are values handed to a run; nothing is installed on a model, so nothing can be left on it.
public struct Intervention: Sendable {
    /// The place whose activation is changed.
    public let point: HookPoint
    /// How the change is named in records.
    public let name: String
    /// The one position and head that it changes; nil for all.
    let position: Int?
    let head: Int?
    let apply: @Sendable (Tensor, HookContext) -> Tensor

    /// A change computed by `apply`, which must keep the activation's shape.
    public init(
        _ name: String, at point: HookPoint, apply: @escaping @Sendable (Tensor, HookContext) -> Tensor
    ) {
        self.init(name, at: point, position: nil, head: nil, apply: apply)
    }

    private init(
        _ name: String, at point: HookPoint, position: Int?, head: Int?,
        apply: @escaping @Sendable (Tensor, HookContext) -> Tensor
    ) {
        require(
            head == nil || point.site.hasHeads, "\(name) at \(point) names head \(head ?? 0), but \(point) has no heads"
        )
        (self.name, self.point, self.position, self.head, self.apply) = (name, point, position, head, apply)
    }

    /// A change computed from the activation alone, which must keep its shape.
    public init(_ name: String, at point: HookPoint, apply: @escaping @Sendable (Tensor) -> Tensor) {
        self.init(name, at: point) { value, _ in apply(value) }
    }

    /// Replaces the activation by the one recorded in `cache`: everywhere, or at one position, or of one head, or both.
    ///
    /// In a generation it acts in the passes that cover what was recorded, and leaves later ones alone.
    ///
    /// - Precondition: `point` was recorded.
    public static func patch(
        _ point: HookPoint, from cache: ActivationCache, position: Int? = nil, head: Int? = nil
    ) -> Intervention {
        guard let source = cache[point] else { unmet("\(point) was not recorded, so that it cannot be patched") }
        return .replace(point, with: source, position: position, head: head, name: "patch")
    }

    /// Sets the activation to zero: everywhere, or at one position, or of one head, or both.
    ///
    /// In a generation an ablation of one position acts in the pass that covers it, any other in every pass.
    public static func ablate(_ point: HookPoint, position: Int? = nil, head: Int? = nil) -> Intervention {
        Intervention("ablate", at: point, position: position, head: head) { value, context in
            ActivationRegion(point.site, position: position, head: head, in: context)?
                .replaced(in: value, by: .zeros(value.shape)) ?? value
        }
    }

    /// Replaces the activation by `source`, of the same shape.
    ///
    /// In a generation it acts in the passes that cover the positions of `source`, and leaves later ones alone.
    ///
    /// - Shapes: `source` as the activation is shown, `[T, …]` or `[B, T, …]`; attention maps `[H, T, T]`.
    public static func replace(
        _ point: HookPoint, with source: Tensor, position: Int? = nil, head: Int? = nil, name: String = "replace"
    ) -> Intervention {
        Intervention(name, at: point, position: position, head: head) { value, context in
            guard let region = ActivationRegion(point.site, position: position, head: head, in: context) else {
                return value
            }
            let axis = source.shape.count - (point.site.hasHeads ? 3 : 2) + (point.site.isAttentionMap ? 1 : 0)
            // A later pass of a generation covers none of the positions that the source has.
            if context.positions.lowerBound > 0, axis >= 0, context.positions.lowerBound >= source.shape[axis] {
                return value
            }
            require(
                value.shape == source.shape, "\(point) has shape \(value.shape), its replacement \(source.shape)")
            return region.replaced(in: value, by: source)
        }
    }

    /// Adds `scale` times `direction` to the activation: activation addition (Turner et al. 2023, arXiv:2308.10248).
    ///
    /// - Parameter positions: of the text, at which it is added; nil for all, and for activations without positions.
    /// - Shapes: `direction` has the activation's last axis, `[D]`.
    public static func steer(
        _ point: HookPoint, by direction: Tensor, scale: Float = 1, positions: Range<Int>? = nil
    ) -> Intervention {
        let step = direction * scale
        return Intervention("steer", at: point) { value, context in
            require(
                value.shape.last == step.count && step.shape.count == 1,
                "cannot steer \(point) of shape \(value.shape) by a direction of shape \(step.shape)")
            let rows = value.reshaped([-1, step.count])
            guard let positions else { return (rows + step).reshaped(value.shape) }
            require(!point.site.hasHeads, "\(point) has heads: it is steered at all positions")
            let covered = Array(context.positions)
            let weights = Tensor(
                (0..<rows.shape[0]).map { positions.contains(covered[$0 % covered.count]) ? 1 : 0 },
                shape: [rows.shape[0], 1])
            return (rows + weights * step.reshaped([1, step.count])).reshaped(value.shape)
        }
    }

    /// Removes the part of the activation that lies along `direction`, `x - (x · d) d` with d of length 1: directional
    /// ablation (Arditi, Obeso, Syed, Paleka, Panickssery, Gurnee, Nanda 2024, arXiv:2406.11717).
    ///
    /// - Shapes: `direction` has the activation's last axis, `[D]`.
    /// - Precondition: `direction` is not 0.
    public static func projectOut(_ point: HookPoint, _ direction: Tensor) -> Intervention {
        let length = direction.norm()
        require(
            direction.shape.count == 1 && length > 0,
            "a direction to project out has shape [D] and is not 0, got shape \(direction.shape) of length \(length)")
        let unit = (direction / Float(length)).reshaped([1, direction.count])
        return Intervention("project out", at: point) { value, _ in
            require(
                value.shape.last == unit.count,
                "cannot project a direction of \(unit.count) features out of \(point) of shape \(value.shape)")
            let rows = value.reshaped([-1, unit.count])
            return (rows - rows.matmul(transposed: unit) * unit).reshaped(value.shape)
        }
    }
}

/// A part of an activation as users see it: one position, one head, both, or all of it.
private struct ActivationRegion {
    let site: Site
    /// Counted within the pass.
    let position: Int?
    let head: Int?

    /// The region within one pass; nil where the pass does not cover its position.
    init?(_ site: Site, position: Int?, head: Int?, in context: HookContext) {
        if let position, !context.positions.contains(position) { return nil }
        (self.site, self.head) = (site, head)
        self.position = position.map { $0 - context.positions.lowerBound }
    }

    /// `value` with this region taken from `source`.
    func replaced(in value: Tensor, by source: Tensor) -> Tensor {
        guard position != nil || head != nil else { return source }
        // Attention maps are [.., H, T, T], what else has heads [.., T, H, K], the rest [.., T, D].
        let axis = value.shape.count - (site.hasHeads ? 3 : 2)
        require(axis >= 0, "\(site.rawValue) of shape \(value.shape) has no position or head")
        let (first, second) = site.isAttentionMap ? (head, position) : (position, head)
        return value.replacing(from: source, axis: axis, first: first, second: second)
    }
}
