internal import PlumbNN
internal import PlumbTensor

extension Normalization {
    /// Normalises rows, showing the scale `[R, 1]` and the normalised rows `[R, D]` (before weight and bias, as
    /// TransformerLens has them) to `probe`.
    func callAsFunction(
        _ x: Tensor, scale: @autoclosure () -> HookPoint, normalized: @autoclosure () -> HookPoint,
        _ probe: inout Probe
    ) -> Tensor {
        guard probe.watches(scale()) || probe.watches(normalized()) else { return self(x) }
        guard !x.isTraced else { return traced(x, scale: scale(), normalized: normalized(), &probe) }
        let usual = unweighted(x)
        let divisor = probe(usual.scale, at: scale())
        let rescaled = divisor.rowsDiffering(from: usual.scale)
        var rows = usual.normalized
        if !rescaled.isEmpty {
            let divided = x.gathered(rescaled).centred(if: isLayerNorm).divided(byRows: divisor.gathered(rescaled))
            rows = rows.replacingRows(rescaled, with: divided)
        }
        rows = probe(rows, at: normalized())
        let changed = rows.rowsDiffering(from: usual.normalized)
        guard !changed.isEmpty else { return self(x) }
        return self(x).replacingRows(changed, with: weighted(rows.gathered(changed)))
    }

    /// The same in a pass that is being differentiated: gradients reach the scale and the normalised rows.
    private func traced(
        _ x: Tensor, scale: HookPoint, normalized: HookPoint, _ probe: inout Probe
    ) -> Tensor {
        let divisor = probe(unweighted(x).scale, at: scale)
        let centred = isLayerNorm ? x - x.mean(axis: -1, keepingAxis: true) : x
        return weighted(probe(centred / divisor, at: normalized))
    }

    private var isLayerNorm: Bool {
        switch self {
        case .rms: false
        case .layer: true
        }
    }

    private func unweighted(_ x: Tensor) -> (normalized: Tensor, scale: Tensor) {
        switch self {
        case .rms(_, let epsilon): x.rmsNormalized(weight: nil, epsilon: epsilon)
        case .layer(_, _, let epsilon): x.layerNormalized(weight: nil, bias: nil, epsilon: epsilon)
        }
    }

    private func weighted(_ x: Tensor) -> Tensor {
        switch self {
        case .rms(let weight, _): x * weight
        case .layer(let weight, let bias, _): x * weight + bias
        }
    }
}

extension Tensor {
    /// Each row of `[R, D]` divided by its entry of `[R, 1]`.
    fileprivate func divided(byRows scale: Tensor) -> Tensor {
        let width = shape[1]
        return Tensor(shape: shape) { y in
            withUnsafeElements { x in
                scale.withUnsafeElements { s in
                    for index in x.indices { y[index] = x[index] / s[index / width] }
                }
            }
        }
    }

    /// Each row less its mean, for layer normalisation.
    fileprivate func centred(if needed: Bool) -> Tensor {
        guard needed, count > 0 else { return self }
        let width = shape[1]
        return Tensor(shape: shape) { y in
            withUnsafeElements { x in
                for row in 0..<shape[0] {
                    let range = row * width..<(row + 1) * width
                    let mean = Float(x[range].reduce(0.0) { $0 + Double($1) } / Double(width))
                    for index in range { y[index] = x[index] - mean }
                }
            }
        }
    }
}
