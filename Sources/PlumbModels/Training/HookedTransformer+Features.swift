internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

// What heads beside the unembedding read: rewards, values, classifiers.

extension HookedTransformer {
    /// The residual stream after the last normalization at every position of texts of any lengths; gradients flow to the
    /// parameters where they are watched.
    ///
    /// - Shapes: result `[R, D]`, the positions of the first text, then of the second and so on.
    /// - Precondition: texts fit the context, and their tokens the vocabulary.
    public func features(batch: [[Int]]) -> Tensor {
        features(lengths: batch.map(\.count), tokens: batch.flatMap { $0 })
    }

    /// The logits that the model reads from ``features(batch:)``.
    ///
    /// - Shapes: `features` `[R, D]`; result `[R, V]`.
    public func logits(features: Tensor) -> Tensor {
        transformer.capped(transformer.unembedding(features, arithmetic: arithmetic))
    }

    /// - Shapes: `tokens` R, the sum of `lengths`; result `[R, D]`.
    func features(lengths: [Int], tokens: [Int]) -> Tensor {
        let (longest, vocabulary) = (lengths.max() ?? 0, configuration.vocabulary)
        require(
            longest <= configuration.context,
            "windows of \(longest) tokens do not fit the context of \(configuration.context)")
        require(
            tokens.allSatisfy { $0 >= 0 && $0 < vocabulary }, "tokens must lie in 0 ..< \(vocabulary), the vocabulary")
        var hooks = HookRunner.idle
        let batch = RaggedBatch(lengths: lengths.filter { $0 > 0 }, arithmetic: arithmetic)
        return transformer.normalized(transformer.stream(tokens, in: batch, &hooks), &hooks)
    }
}
