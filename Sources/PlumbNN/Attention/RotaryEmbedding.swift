internal import CPlumbKernels
internal import Foundation
internal import PlumbBasics
public import PlumbTensor
internal import Synchronization

/// Rotary position embedding: each pair of a head's features turns by an angle that grows with the position
/// (Su et al. 2021, arXiv:2104.09864).
///
/// Pairs are (i, i + width/2), as Hugging Face stores them.
public struct RotaryEmbedding: Sendable {
    /// How frequencies are stretched for contexts longer than the model was first trained on.
    public enum Scaling: Sendable, Equatable {
        /// Not at all.
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
    /// The number of positions that there are angles for.
    public let positions: Int
    /// The slowest pair turns by an angle of about `1 / base` at each position.
    public let base: Double
    /// How frequencies are stretched.
    public let scaling: Scaling
    private let tables: AngleTables

    /// Angles for `positions` positions, worked out as far as runs need them.
    public init(width: Int, positions: Int, base: Double, scaling: Scaling = .none) {
        self.width = width
        self.positions = positions
        self.base = base
        self.scaling = scaling
        tables = AngleTables(
            frequencies: (0..<width / 2).map { index in
                // Frequencies and angles are rounded to float32 as the field's models were trained with.
                let frequency = Double(1 / Float(pow(Float(base), Float(2 * index) / Float(width))))
                return Float(Self.scaled(frequency, index, scaling))
            })
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

    /// Turns `heads` heads of `headWidth` features, found at column `offset` of each row of `x`, in place.
    ///
    /// - Shapes: `x` `[R, C]`, `positions` `[R]`.
    public func rotate(
        _ x: inout Tensor, heads: Int, headWidth: Int, at offset: Int = 0, positions: [Int32]
    ) {
        guard !x.isTraced else {
            x = rotated(x, heads: heads, headWidth: headWidth, at: offset, positions: positions)
            return
        }
        turn(&x, heads, headWidth, offset, positions, isInverse: false)
    }

    /// The rows with `heads` heads of `headWidth` features, found at column `offset`, turned.
    ///
    /// - Shapes: `x` and result `[R, …]`, `positions` `[R]`.
    public func rotated(
        _ x: Tensor, heads: Int, headWidth: Int, at offset: Int = 0, positions: [Int32]
    ) -> Tensor {
        rotated(x, heads, headWidth, offset, positions, isInverse: false)
    }

    /// A rotation's gradient is turned back by the same angles.
    private func rotated(
        _ x: Tensor, _ heads: Int, _ headWidth: Int, _ offset: Int, _ positions: [Int32], isInverse: Bool
    ) -> Tensor {
        var y = x.detached()
        turn(&y, heads, headWidth, offset, positions, isInverse: isInverse)
        return y.recorded(from: [x]) { dy, into in
            into.add(rotated(dy, heads, headWidth, offset, positions, isInverse: !isInverse), to: x.trace)
        }
    }

    private func turn(
        _ x: inout Tensor, _ heads: Int, _ headWidth: Int, _ offset: Int, _ positions: [Int32], isInverse: Bool
    ) {
        let stride = x.shape.dropFirst().reduce(1, *)
        require(
            x.shape.first == positions.count && offset + heads * headWidth <= stride && width <= headWidth,
            "cannot rotate \(heads) heads of \(headWidth) at \(offset) in \(x.shape)")
        let needed = Int(positions.max() ?? -1) + 1
        require(needed <= self.positions, "position \(needed - 1) is beyond the \(self.positions) there are")
        var (cosines, sines) = tables.reaching(needed, of: self.positions)
        if isInverse { sines = -sines }
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

/// Cosines and sines of the angles of the first positions, made longer when a run goes further: contexts of a hundred
/// thousand positions and more are rarely used up.
private final class AngleTables: Sendable {
    private let frequencies: [Float]
    private let held: Mutex<(cosines: Tensor, sines: Tensor)>

    init(frequencies: [Float]) {
        self.frequencies = frequencies
        let none = Tensor.zeros([0, frequencies.count])
        held = Mutex((none, none))
    }

    /// Tables `[positions, width / 2]` of at least `needed` positions and, for the next time, up to twice as many.
    func reaching(_ needed: Int, of limit: Int) -> (cosines: Tensor, sines: Tensor) {
        held.withLock { held in
            if held.cosines.shape[0] < needed {
                let length = min(limit, max(2 * needed, 256))
                held = (table(length, cos), table(length, sin))
            }
            return held
        }
    }

    private func table(_ positions: Int, _ function: (Double) -> Double) -> Tensor {
        Tensor(shape: [positions, frequencies.count]) { result in
            for position in 0..<positions {
                for (index, frequency) in frequencies.enumerated() {
                    result[position * frequencies.count + index] = Float(function(Double(Float(position) * frequency)))
                }
            }
        }
    }
}
