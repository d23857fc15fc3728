internal import PlumbBasics
public import PlumbTensor

/// A subspace of the activation for each variable, all orthogonal to each other: coordinates of a rotated activation,
/// the first of them the first variable's.
///
/// Trained against the labels of a high-level model this is distributed alignment search (Geiger, Wu, Potts, Icard,
/// Goodman 2023, *Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations*,
/// arXiv:2303.02536). Only the subspaces matter to an interchange, so that no more of the rotation than their
/// directions is kept.
public struct AlignedSubspaces: SubspaceMap, Equatable {
    /// The directions, those of the first variable first.
    public var frame: OrthogonalFrame
    /// How many directions belong to each variable; a frame may have more than all of them together.
    public let sizes: [Int]

    /// D: the width of the activation.
    public var width: Int { frame.width }
    /// How many variables have a part of the activation.
    public var variables: Int { sizes.count }

    /// Subspaces of given directions.
    ///
    /// - Precondition: no size is below 0, and the frame has directions for all.
    public init(_ frame: OrthogonalFrame, sizes: [Int]) {
        require(
            !sizes.isEmpty && sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) <= frame.rank,
            "subspaces of sizes \(sizes) do not fit a frame of rank \(frame.rank)")
        (self.frame, self.sizes) = (frame, sizes)
    }

    /// Subspaces drawn uniformly: where training begins, and untrained the control of equal rank.
    ///
    /// - Precondition: no size is below 0, and together they are from 1 to `width`.
    public init(width: Int, sizes: [Int], key: RandomKey) {
        self.init(OrthogonalFrame(width: width, rank: sizes.reduce(0, +), key: key), sizes: sizes)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("frame", &frame) }

    /// `base + Σ (source - base) B Bᵀ`, over the variables with a source; the columns of B are a variable's directions.
    ///
    /// - Shapes: `base`, each source and the result `[R, D]`.
    public func interchanged(_ base: Tensor, sources: [Tensor?]) -> Tensor {
        let basis = frame.basis()
        var (result, first) = (base, 0)
        for (size, source) in zip(sizes, sources) {
            if let source, size > 0 {
                let directions = basis.columns(first..<first + size)
                result = result + (source - base).matmul(directions).matmul(transposed: directions)
            }
            first += size
        }
        return result
    }
}
