internal import PlumbBasics
public import PlumbTensor

extension SparseDictionary {
    /// How active each feature is.
    ///
    /// - Shapes: `x` `[R, I]`; result `[R, N]`.
    public func encode(_ x: Tensor) -> Tensor { encodeSparse(x).dense }

    /// The active features of each row.
    ///
    /// - Parameter rowLimit: the most rows whose dense pre-activations are in memory at once.
    /// - Shapes: `x` `[R, I]`.
    public func encodeSparse(_ x: Tensor, rowLimit: Int = 1024) -> SparseActivations {
        requireInput(x)
        let size = max(1, rowLimit)
        guard x.shape[0] > size else { return activations(of: preActivations(inputScaling.applied(to: x).rows)) }
        return .concatenated(
            stride(from: 0, to: x.shape[0], by: size).map { first in
                let rows = x[first..<min(first + size, x.shape[0])]
                return activations(of: preActivations(inputScaling.applied(to: rows).rows))
            })
    }

    /// What active features say about the output, still scaled as the input was: `f · W_dec + b_dec`.
    ///
    /// - Shapes: `activations` `[R, N]`; result `[R, O]`.
    /// - Complexity: active features times O.
    public func decode(_ activations: SparseActivations) -> Tensor {
        activations.applied(to: decoder, bias: decoderBias)
    }

    /// The same for dense activations, which may be negative.
    ///
    /// - Shapes: `activations` `[R, N]`; result `[R, O]`.
    public func decode(_ activations: Tensor) -> Tensor {
        require(
            activations.shape.count == 2 && activations.shape[1] == features,
            "a dictionary of \(features) features cannot decode \(activations.shape)")
        return activations.matmul(decoder) + decoderBias
    }

    /// What the dictionary makes of inputs: of an autoencoder the reconstruction, of a transcoder the prediction.
    ///
    /// - Shapes: `x` `[R, I]`; result `[R, O]`.
    public func reconstruct(_ x: Tensor) -> Tensor { output(of: encodeSparse(x), input: x) }

    /// The output that goes with activations of an input, which may have been changed: decoded, brought to the input's
    /// scale, the linear path added.
    ///
    /// - Shapes: `activations` `[R, N]`, `input` `[R, I]`; result `[R, O]`.
    public func output(of activations: SparseActivations, input: Tensor) -> Tensor {
        requireInput(input)
        require(
            activations.rows == input.shape[0], "\(activations.rows) rows of activations are not of \(input.shape)")
        let restored = inputScaling.applied(to: input).restore(decode(activations))
        return skip.map { restored + input.matmul($0) } ?? restored
    }

    /// `(x - [b_dec]) · W_enc + b_enc` of scaled rows; without the bias for a gated dictionary.
    ///
    /// - Shapes: `rows` `[R, I]`; result `[R, N]`.
    func preActivations(_ rows: Tensor) -> Tensor {
        let centered = subtractsDecoderBias ? rows - decoderBias : rows
        if case .gated = activation { return packedEncoder.applied(to: centered) }
        return packedEncoder.applied(to: centered, bias: encoderBias)
    }

    private func activations(of dense: Tensor) -> SparseActivations {
        switch activation {
        case .relu: return SparseActivations(dense)
        case .topK(let k): return .selected(from: dense) { appendLargest(k, of: $0, &$1, &$2) }
        case .batchTopK(let threshold, _):
            let threshold = max(0, threshold)
            return .selected(from: dense) { row, indices, values in
                for index in row.indices where row[index] > threshold {
                    indices.append(Int32(index))
                    values.append(row[index])
                }
            }
        case .jumpReLU(let thresholds):
            let thresholds = thresholds.elements
            return .selected(from: dense) { row, indices, values in
                for index in row.indices where row[index] > max(0, thresholds[index]) {
                    indices.append(Int32(index))
                    values.append(row[index])
                }
            }
        case .gated(let gateBias, let logMagnitudeScale):
            let (gates, scales, biases) = (gateBias.elements, logMagnitudeScale.exp().elements, encoderBias.elements)
            return .selected(from: dense) { row, indices, values in
                for index in row.indices where row[index] + gates[index] > 0 {
                    let magnitude = scales[index] * row[index] + biases[index]
                    guard magnitude > 0 else { continue }
                    indices.append(Int32(index))
                    values.append(magnitude)
                }
            }
        }
    }

    private func requireInput(_ x: Tensor) {
        require(
            x.shape.count == 2 && x.shape[1] == width, "a dictionary of width \(width) cannot read \(x.shape)")
    }
}

extension SparseDictionary.InputScaling {
    /// Rows as the dictionary reads them, and what brings outputs back to the scale of these rows.
    ///
    /// - Shapes: `x` `[R, I]`.
    func applied(to x: Tensor) -> (rows: Tensor, restore: (Tensor) -> Tensor) {
        switch self {
        case .none: return (x, { $0 })
        case .constant(let scale): return (x * scale, { $0 / scale })
        case .constantNorm:
            let norms = x.squared().summed(axis: 1, keepingAxis: true).squareRoot().clamped(to: 1e-20...Float.infinity)
            let scales = norms.reciprocal() * Float(x.shape[1]).squareRoot()
            return (x * scales, { $0 / scales })
        case .layerNorm:
            let means = x.mean(axis: 1, keepingAxis: true)
            let centered = x - means
            let squares = centered.squared().summed(axis: 1, keepingAxis: true)
            let deviations = (squares / Float(max(1, x.shape[1] - 1))).squareRoot()
            return (centered / (deviations + 1e-5), { $0 * deviations + means })
        }
    }
}
