internal import PlumbBasics
internal import PlumbData
public import PlumbModels
public import PlumbTensor

/// One change that breaks many samples (Moosavi-Dezfooli, Fawzi, Fawzi, Frossard 2016, arXiv:1610.08401), found by steps
/// along the sign of the gradient of a cross-entropy that is cut off, over batches (Shafahi, Najibi, Xu, Dickerson, Davis, Goldstein
/// 2018, arXiv:1811.11304).
public struct UniversalPerturbation: Sendable {
    /// The changes allowed.
    public var set: PerturbationSet
    /// Passes over the samples.
    public var epochs: Int
    /// Samples a step.
    public var batch: Int
    /// The length of a step, as a part of the radius.
    public var relativeStep: Double
    /// Samples whose cross-entropy is above this count as broken, and steps no longer follow them.
    public var mostLoss: Float = 2

    /// - Precondition: the norm is L∞.
    public init(_ set: PerturbationSet, epochs: Int = 30, batch: Int = 256, relativeStep: Double = 0.05) {
        require(set.norm == .linf, "a universal perturbation is for L∞, got \(set.norm.rawValue)")
        (self.set, self.epochs, self.batch, self.relativeStep) = (set, epochs, batch, relativeStep)
    }

    /// The change found on samples that need not be those it is judged by.
    ///
    /// - Shapes: `images` `[B, …]`; result `[1, …]`.
    /// - Throws: ``AttackError`` as ``Attack/run(_:images:labels:targets:key:)``.
    public func find(
        _ model: some HookedModel<Tensor>, images: Tensor, labels: [Int], key: RandomKey
    ) throws -> Tensor {
        var queries = ModelQueries(model)
        let task = try AttackTask(
            &queries, images: images, labels: labels, targets: nil, bounds: set.bounds, key: key)
        let batches = Batches(count: task.count, size: min(batch, task.count), key: key["batches"])
        var change = [Float](repeating: 0, count: images.rowWidth)
        let (radius, step) = (Float(set.radius), Float(set.radius * relativeStep))
        for index in 0..<epochs * batches.perEpoch {
            let rows = batches.rows(step: index)
            let moved = Self.applied(change, to: images.gathered(rows), set)
            let found = queries.ascent(.crossEntropy, moved, labels: rows.map { labels[$0] }, targets: nil)
            var sum = [Double](repeating: 0, count: change.count)
            found.gradient.forEachRow { row, g, _, _ in
                guard found.losses[row] <= mostLoss else { return }
                for place in g.indices { sum[place] += Double(g[place]) }
            }
            for place in change.indices {
                change[place] = max(-radius, min(radius, change[place] + step * RowMath.sign(Float(sum[place]))))
            }
        }
        return Tensor(change, shape: [1] + images.shape.dropFirst())
    }

    /// The samples with the change, clipped to the bounds.
    ///
    /// - Shapes: `change` `[1, …]`; `images` and result `[B, …]`.
    public func applied(_ change: Tensor, to images: Tensor) -> Tensor {
        Self.applied(change.elements, to: images, set)
    }

    private static func applied(_ change: [Float], to images: Tensor, _ set: PerturbationSet) -> Tensor {
        let moved = images.mapRows { _, out, x, _, _ in for index in x.indices { out[index] = x[index] + change[index] }
        }
        return set.project(moved, around: images)
    }
}
