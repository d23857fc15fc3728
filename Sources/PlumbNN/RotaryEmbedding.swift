internal import CPlumbKernels
internal import Foundation
public import PlumbTensor

/// Rotary position embedding: each pair of a head's features turns by an angle that grows with the position
/// (Su et al. 2021, arXiv:2104.09864).
///
/// Pairs are (i, i + width/2), as Hugging Face stores them.
public struct RotaryEmbedding: Sendable {
    /// How frequencies are stretched for contexts longer than the model was first trained on.
    public enum Scaling: Sendable, Equatable {
        case none
        /// Every frequency divided by `factor`.
        case linear(factor: Double)
        /// Llama 3's: low frequencies divided by `factor`, high ones kept, a smooth passage between
        /// (Dubey et al. 2024, arXiv:2407.21783).
        case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalContext: Double)
        /// Each frequency divided by its own factor, `[width / 2]`, as GGUF files carry Llama 3's.
        case factors([Float])
    }

    /// The number of features of a head that turn.
    public let width: Int
    private let cosines: Tensor
    private let sines: Tensor

    /// Tables for `positions` positions.
    public init(width: Int, positions: Int, base: Double, scaling: Scaling = .none) {
        self.width = width
        let half = width / 2
        let frequencies = (0..<half).map { index -> Double in
            // Frequencies and angles are rounded to float32 as the field's models were trained with.
            let frequency = Double(1 / Float(pow(Float(base), Float(2 * index) / Float(width))))
            return Self.scaled(frequency, index, scaling)
        }
        func table(_ function: (Double) -> Double) -> Tensor {
            Tensor(shape: [positions, half]) { result in
                for position in 0..<positions {
                    for index in 0..<half {
                        let angle = Float(position) * Float(frequencies[index])
                        result[position * half + index] = Float(function(Double(angle)))
                    }
                }
            }
        }
        cosines = table(cos)
        sines = table(sin)
    }

    private static func scaled(_ frequency: Double, _ index: Int, _ scaling: Scaling) -> Double {
        switch scaling {
        case .none: return frequency
        case .factors(let factors): return frequency / Double(factors[index])
        case .linear(let factor): return frequency / factor
        case .llama3(let factor, let low, let high, let context):
            let wavelength = 2 * Double.pi / frequency
            if wavelength > context / low { return frequency / factor }
            if wavelength < context / high { return frequency }
            let smooth = (context / wavelength - low) / (high - low)
            return (1 - smooth) * frequency / factor + smooth * frequency
        }
    }

    /// The number of positions the tables hold.
    public var positions: Int { cosines.shape[0] }

    /// Turns `heads` heads of `headWidth` features, found at column `offset` of each row of `x`, in place.
    ///
    /// - Shapes: `x` `[R, C]`, `positions` `[R]`.
    public func rotate(
        _ x: inout Tensor, heads: Int, headWidth: Int, at offset: Int = 0, positions: [Int32]
    ) {
        let stride = x.shape.dropFirst().reduce(1, *)
        precondition(
            x.shape.first == positions.count && offset + heads * headWidth <= stride && width <= headWidth,
            "cannot rotate \(heads) heads of \(headWidth) at \(offset) in \(x.shape)")
        x.withUnsafeMutableElements { x in
            cosines.withUnsafeElements { cosines in
                sines.withUnsafeElements { sines in
                    guard let base = x.baseAddress else { return }
                    plumb_rope(
                        base + offset, stride, base + offset, stride, cosines.baseAddress, sines.baseAddress, positions,
                        positions.count, heads, headWidth, width)
                }
            }
        }
    }
}
