internal import PlumbNN
internal import PlumbTensor

extension Normalization {
    /// Normalizes rows, showing the scale `[R, 1]` and the normalized rows `[R, D]` (before weight and bias, as
    /// TransformerLens has them) to `hooks`.
    func callAsFunction(
        _ x: Tensor, scale: @autoclosure () -> HookPoint, normalized: @autoclosure () -> HookPoint,
        _ hooks: inout HookRunner
    ) -> Tensor {
        guard hooks.watches(scale()) || hooks.watches(normalized()) else { return self(x) }
        let usual = unweighted(x)
        let divisor = hooks(usual.scale, at: scale())
        // In a pass that is being differentiated, gradients reach the scale and the normalized rows.
        guard !x.isTraced else { return weighted(hooks(unweighted(x, dividedBy: divisor), at: normalized())) }
        let rescaled = divisor.rowsDiffering(from: usual.scale)
        var rows = usual.normalized
        if !rescaled.isEmpty {
            rows = rows.replacingRows(
                rescaled, with: unweighted(x.gathered(rescaled), dividedBy: divisor.gathered(rescaled)))
        }
        rows = hooks(rows, at: normalized())
        let changed = rows.rowsDiffering(from: usual.normalized)
        guard !changed.isEmpty else { return self(x) }
        return self(x).replacingRows(changed, with: weighted(rows.gathered(changed)))
    }
}
