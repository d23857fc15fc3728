internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

// What a round knows of its texts before the policy moves, and the loss of a batch of them.

extension LanguageModelPPO {
    /// What is known of the tokens of one text, each [T].
    struct Known: Sendable {
        var logProbabilities: [Double]
        var values: [Double]
        var advantages: [Double]

        /// What each value should have been.
        var returns: [Double] { zip(advantages, values).map(+) }
    }

    /// Compares the texts with the reference, and works out advantages.
    func assess(
        _ completions: [Completion], _ scores: [Double], _ state: State, _ reference: HookedTransformer
    ) -> (known: [Known], round: Round) {
        let (logits, values) = state.model.scoresAndValues(completions)
        let expected = reference.completionLogits(completions)
        let tokens = completions.flatMap(\.tokens)
        let logProbabilities = logits.logProbabilities(of: tokens).doubles
        let referenceLogs = expected.logProbabilities(of: tokens).doubles
        let divergences = logits.klDivergences(to: expected).doubles
        let valuesOfAll = values.doubles
        var (known, sums, start) = ([Known](), [Double](), 0)
        for (completion, score) in zip(completions, scores) {
            let part = start..<start + completion.tokens.count
            start = part.upperBound
            let rewards = TokenRewards.penalized(
                score: score, logProbabilities: Array(logProbabilities[part]), reference: Array(referenceLogs[part]),
                weight: state.penalty)
            let values = Array(valuesOfAll[part])
            known.append(
                Known(
                    logProbabilities: Array(logProbabilities[part]), values: values,
                    advantages: TokenRewards.advantages(
                        rewards: rewards, values: values, discount: discount, lambda: lambda)))
            sums.append(divergences[part].reduce(0, +))
        }
        return (
            known,
            Round(
                completions: completions, scores: scores, divergences: sums,
                entropy: Double(logits.entropies().mean().item), penalty: state.penalty)
        )
    }

    /// PPO's loss over all tokens of some texts; their advantages are whitened together.
    func loss(_ model: PolicyWithValue, _ completions: [Completion], _ known: [Known]) -> Tensor {
        func tensor(_ values: [Double]) -> Tensor { Tensor(values.map(Float.init)) }
        let (logits, values) = model.scoresAndValues(completions)
        let returns = tensor(known.flatMap(\.returns))
        let parts = ActorCriticLoss(
            policy: PolicyLoss.clipped(
                logProbabilities: logits.logProbabilities(of: completions.flatMap(\.tokens)),
                old: tensor(known.flatMap(\.logProbabilities)),
                advantages: tensor(Returns.whitened(known.flatMap(\.advantages))), clip: Float(clip)),
            value: valueClip.map {
                ValueLoss.clipped(
                    values: values, old: tensor(known.flatMap(\.values)), returns: returns, clip: Float($0))
            } ?? ValueLoss.squared(values: values, returns: returns),
            entropy: entropyWeight == 0 ? Tensor([0], shape: []) : logits.entropies().mean())
        return parts.total(valueWeight: valueWeight, entropyWeight: entropyWeight)
    }
}
