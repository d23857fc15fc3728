internal import PlumbBasics
internal import PlumbNN
public import PlumbModels
public import PlumbTensor

/// Turns the residual stream of a layer into what it would be in the last, so that the model's own normalization and
/// unembedding can read it: what makes a tuned lens or a Jacobian lens of the logit lens.
public protocol ResidualTranslator: Sendable {
    /// What the lens is called, for titles: "tuned lens".
    var title: String { get }

    /// The stream in the basis of the last layer.
    ///
    /// - Parameter layer: the stream is that which enters this layer, from 0; the number of layers for what leaves the last.
    /// - Shapes: `residual` and result `[R, D]`.
    func translated(_ residual: Tensor, layer: Int) -> Tensor

    /// Refuses a model that the translator was not made for.
    ///
    /// - Throws: `ModelError` naming what does not fit.
    func check(_ model: HookedTransformer) throws
}

extension HookedTransformer {
    /// The places whose streams a lens reads: what enters each layer, and what leaves the last.
    var lensPoints: [HookPoint] {
        [HookPoint.block(0, .residPre)] + (0..<configuration.layers).map { .block($0, .residPost) }
    }

    /// How far what a lens says after each layer is from what the model says: the mean over all positions of
    /// `KL(model ‖ lens)`, in nats.
    ///
    /// - Parameters:
    ///   - texts: what the model reads.
    ///   - translator: the lens; nil for the logit lens.
    /// - Returns: one number for what enters each layer, and 0 up to rounding for what leaves the last.
    /// - Throws: `ModelError` for no texts, a text that the model cannot read, or a lens of another model.
    public func lensDivergences(
        over texts: [[Int]], through translator: (any ResidualTranslator)? = nil
    ) throws -> [Double] {
        guard !texts.isEmpty else { throw ModelError("a lens is judged on at least one text") }
        try translator?.check(self)
        let points = lensPoints
        var (sums, count) = ([Double](repeating: 0, count: points.count), 0)
        for text in texts {
            try check(text)
            let (output, cache) = run(text, recording: .points(Set(points)))
            try requireNumbers(output)
            for (layer, point) in points.enumerated() {
                guard let residual = cache[point] else { unmet("\(name) shows \(point)") }
                let read = translator?.translated(residual, layer: layer) ?? residual
                sums[layer] += output.klDivergences(to: logits(ofResidual: read)).sum()
            }
            count += text.count
        }
        return sums.map { $0 / Double(count) }
    }
}
