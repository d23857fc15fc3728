public import PlumbData
public import PlumbModels
internal import PlumbTensor

/// Predicting tokens that were said before.
public enum Copying {
    /// For each place but the first of a batch, the token that copying predicts there; -1 where it predicts none, for
    /// `PlumbNN`'s cross-entropy to leave out.
    ///
    /// - Shapes: result `[B · (T - 1)]`.
    public static func targets(of batch: RepeatedTokens.Batch) -> [Int] {
        let tokens = batch.tokens
        return (0..<tokens.rows).flatMap { row in
            let line = Array(tokens[row])
            // The first repeated token cannot be predicted; those after it can.
            return line.indices.dropFirst().map { $0 > batch.repeatsFrom[row] ? line[$0] : -1 }
        }
    }

    /// The part of the predictable tokens that the model thinks the most probable.
    public static func accuracy(
        _ model: HookedTransformer, on batch: RepeatedTokens.Batch, with interventions: [Intervention] = []
    ) -> Double {
        let inputs = batch.tokens.inputs
        let logits = model.run(batch: (0..<inputs.rows).map { Array(inputs[$0]) }, with: interventions).output
        let (said, targets) = (logits.argmaxOfRows(), targets(of: batch))
        let counted = targets.count { $0 >= 0 }
        return Double(zip(said, targets).count { $0 == $1 }) / Double(max(1, counted))
    }
}
