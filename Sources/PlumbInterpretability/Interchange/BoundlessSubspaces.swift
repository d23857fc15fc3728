internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Subspaces whose sizes are learned too: a mask over the coordinates of the rotated activation, with soft boundaries
/// that become sharp as the temperature falls (boundless distributed alignment search: Wu, Geiger, Icard, Potts,
/// Goodman 2023, *Interpretability at Scale: Identifying Causal Mechanisms in Alpaca*, arXiv:2305.08809).
///
/// Coordinate i, from 0, belongs to variable j by `σ((i + ½ - b_{j-1}) / T) σ((b_j - i - ½) / T)`; the boundaries b are
/// D times the sums of the variables' parts, and the first has nothing before it.
public struct BoundlessSubspaces: SubspaceMap, Equatable {
    /// The rotation: as many directions as the activation is wide.
    public var frame: OrthogonalFrame
    /// Which part of all coordinates each variable has, from 0.001 to 1, `[variables]`.
    public var parts: Tensor
    /// T, in coordinates.
    public var temperature: Float
    /// T at the first and at the last step of training; it falls from one to the other by equal factors.
    public var temperatures: (first: Double, last: Double)
    /// What the sum of the parts is multiplied by in the loss.
    public var weight: Float

    /// D: the width of the activation.
    public var width: Int { frame.width }
    /// How many variables have a part of the activation.
    public var variables: Int { parts.count }

    /// A random rotation; the variables have half of its coordinates, in equal parts.
    ///
    /// - Precondition: there is at least one variable, and temperatures are above 0.
    public init(
        width: Int, variables: Int, temperatures: (first: Double, last: Double)? = nil, weight: Float = 0.1,
        key: RandomKey
    ) {
        let temperatures = temperatures ?? (Double(width) / 8, 0.1)
        require(variables >= 1, "a map needs at least one variable, got \(variables)")
        require(
            temperatures.first > 0 && temperatures.last > 0, "temperatures are above 0, got \(temperatures)")
        frame = OrthogonalFrame(width: width, rank: width, key: key)
        parts = Tensor(repeating: 0.5 / Float(variables), shape: [variables])
        (self.temperatures, self.weight, temperature) = (temperatures, weight, Float(temperatures.first))
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("frame", &frame)
        visitor("parts", &parts)
    }

    /// The frame, parts and temperature are equal.
    public static func == (one: BoundlessSubspaces, other: BoundlessSubspaces) -> Bool {
        (one.frame, one.parts, one.temperature) == (other.frame, other.parts, other.temperature)
    }

    /// How much each coordinate belongs to each variable, 0...1.
    ///
    /// - Shapes: each `[1, D]`.
    public func masks() -> [Tensor] {
        let places = Tensor((0..<width).map { Float($0) + 0.5 }, shape: [1, width])
        let clamped = parts.clamped(to: 0.001...1).reshaped([1, variables])
        var before: Tensor?
        return (0..<variables).map { variable in
            let part = clamped.columns(variable..<variable + 1) * Float(width)
            let end = before.map { $0 + part } ?? part
            let below = ((end - places) / temperature).sigmoid()
            defer { before = end }
            return before.map { ((places - $0) / temperature).sigmoid() * below } ?? below
        }
    }

    /// `base + Σ ((source - base) R ∘ mask) Rᵀ`, over the variables with a source; R is the rotation.
    ///
    /// - Shapes: `base`, each source and the result `[R, D]`.
    public func interchanged(_ base: Tensor, sources: [Tensor?]) -> Tensor {
        let basis = frame.basis()
        var change: Tensor?
        for (mask, source) in zip(masks(), sources) {
            guard let source else { continue }
            let part = (source - base).matmul(basis) * mask
            change = change.map { $0 + part } ?? part
        }
        return change.map { base + $0.matmul(transposed: basis) } ?? base
    }

    /// The map at the temperature of a part of training.
    public func annealed(_ progress: Double) -> BoundlessSubspaces {
        var copy = self
        copy.temperature = Float(temperatures.first * pow(temperatures.last / temperatures.first, progress))
        return copy
    }

    /// ``weight`` times the sum of the parts: fewer coordinates are better.
    public var penalty: Tensor? { parts.clamped(to: 0.001...1).summed() * weight }

    /// The subspaces with whole sizes: the boundaries rounded to coordinates.
    public var hardened: AlignedSubspaces {
        var (end, taken, sizes) = (0.0, 0, [Int]())
        for part in parts.elements {
            end += Double(min(max(part, 0.001), 1)) * Double(width)
            let boundary = min(width, Int(end.rounded()))
            sizes.append(boundary - taken)
            taken = boundary
        }
        return AlignedSubspaces(frame, sizes: sizes)
    }
}
