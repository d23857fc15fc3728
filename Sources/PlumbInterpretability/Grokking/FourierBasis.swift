internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Waves over the numbers modulo p, and over pairs of them: the basis in which a network that adds modulo p computes
/// (Nanda et al. 2023, arXiv:2301.05217).
///
/// Every wave has length 1, and different waves are orthogonal.
public struct FourierBasis: Sendable {
    /// p, odd.
    public let modulus: Int

    /// - Precondition: `modulus` is odd, so that every frequency has a cosine and a sine.
    public init(modulus: Int) {
        require(modulus > 2 && modulus % 2 == 1, "a Fourier basis needs an odd modulus above 2, got \(modulus)")
        self.modulus = modulus
    }

    /// The frequencies there are: 1 … (p - 1) / 2.
    public var frequencies: [Int] { Array(1...(modulus - 1) / 2) }

    /// Cosine and sine of 2πk·n/p for each frequency k.
    ///
    /// - Shapes: result `[p, 2 · frequencies.count]`, the cosine of each frequency before its sine.
    public func waves(_ frequencies: [Int]) -> Tensor {
        let scale = (2 / Double(modulus)).squareRoot()
        let waves = (0..<modulus).flatMap { n in
            frequencies.flatMap { frequency in
                let angle = angle(frequency * n)
                return [Float(scale * cos(angle)), Float(scale * sin(angle))]
            }
        }
        return Tensor(waves, shape: [modulus, 2 * frequencies.count])
    }

    /// Cosine and sine of 2πk(a + b)/p over all pairs: what a logit of the sum is made of.
    ///
    /// - Shapes: result `[p², 2 · frequencies.count]`, b running faster than a.
    public func sumWaves(_ frequencies: [Int]) -> Tensor {
        // A wave of the sum is a gather of a wave of one number, spread over p times as many entries.
        let places = (0..<modulus * modulus).map { ($0 / modulus + $0 % modulus) % modulus }
        return waves(frequencies).gathered(places) * Float(1 / Double(modulus).squareRoot())
    }

    /// The four products of a wave of a with a wave of b, for each frequency; they span the waves of a + b and a - b.
    ///
    /// - Shapes: result `[p², 4 · frequencies.count]`.
    public func productWaves(_ frequencies: [Int]) -> Tensor {
        let single = waves(frequencies).elements
        let width = 2 * frequencies.count
        var products = [Float](repeating: 0, count: modulus * modulus * 2 * width)
        for place in 0..<modulus * modulus {
            let (a, b) = (place / modulus * width, place % modulus * width)
            for index in 0..<width {
                // cos·cos, cos·sin, sin·cos, sin·sin
                let (first, pair) = (index - index % 2, place * 2 * width + 2 * index)
                products[pair] = single[a + index] * single[b + first]
                products[pair + 1] = single[a + index] * single[b + first + 1]
            }
        }
        return Tensor(products, shape: [modulus * modulus, 2 * width])
    }

    /// The eight waves of one frequency that a neuron of that frequency may be made of: of a, of b, and their products.
    ///
    /// - Shapes: result `[p², 8]`.
    func neuronWaves(_ frequency: Int) -> Tensor {
        let single = waves([frequency]) * Float(1 / Double(modulus).squareRoot())
        let places = 0..<modulus * modulus
        return Tensor.concatenated(
            [
                single.gathered(places.map { $0 / modulus }), single.gathered(places.map { $0 % modulus }),
                productWaves([frequency]),
            ], axis: 1)
    }

    private func angle(_ multiple: Int) -> Double { 2 * .pi * Double(multiple % modulus) / Double(modulus) }
}
