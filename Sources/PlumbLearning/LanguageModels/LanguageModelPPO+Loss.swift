internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

// What a round knows of its texts before the policy moves, and the loss of a batch of them.

extension LanguageModelPPO {
    /// What is known of the tokens of one text, each [T].
    struct Known: Sendable {
        var logProbabilities: [Double]
        var reference: [Double]
        var values: [Double]
        var advantages: [Double] = []

        /// What each value should have been.
        var returns: [Double] { zip(advantages, values).map(+) }
        /// `log π - log π_ref` of the text.
        var ratio: Double { zip(logProbabilities, reference).reduce(0) { $0 + ($1.0 - $1.1) } }
    }

    /// Compares the texts with the reference, and works out advantages.
    func assess<Model: FineTunedModel>(
        _ completions: [Completion], _ scores: [Double], _ state: State<Model>, _ reference: HookedTransformer
    ) -> (known: [Known], round: Round) {
        let (logits, values) = state.model.scoresAndValues(completions)
        let expected = reference.completionLogits(completions)
        let tokens = completions.flatMap(\.tokens)
        let logProbabilities = logits.logProbabilities(of: tokens).doubles
        let referenceLogs = expected.logProbabilities(of: tokens).doubles
        let divergences = logits.klDivergences(to: expected).doubles
        let valuesOfAll = values.doubles
        var (known, start) = ([Known](), 0)
        for completion in completions {
            let part = start..<start + completion.tokens.count
            start = part.upperBound
            known.append(
                Known(
                    logProbabilities: Array(logProbabilities[part]), reference: Array(referenceLogs[part]),
                    values: Array(valuesOfAll[part])))
        }
        let paid = zip(scores, completions).map { $1.isFinished ? $0 : $0 - missingEndPenalty }
        credit(&known, paid, state.penalty)
        return (
            known,
            Round(
                completions: completions, scores: scores,
                divergences: HookedTransformer.sums(divergences, completions),
                estimatedDivergences: known.map(\.ratio), entropy: Double(logits.entropies().mean().item),
                penalty: state.penalty,
                shareWithoutVariance: advantage.group > 1
                    ? GroupAdvantages.shareWithoutVariance(scores, size: advantage.group)
                    : Set(scores).count > 1 ? 0 : 1, loss: .nan)
        )
    }

    /// Notes the advantages of the tokens of each text.
    func credit(_ known: inout [Known], _ scores: [Double], _ penalty: Double) {
        let weight = penaltyPlace == .rewards ? penalty : 0
        switch advantage {
        case .values:
            for (text, score) in scores.enumerated() {
                let rewards = TokenRewards.penalized(
                    score: score, logProbabilities: known[text].logProbabilities, reference: known[text].reference,
                    weight: weight)
                known[text].advantages = TokenRewards.advantages(
                    rewards: rewards, values: known[text].values, discount: discount, lambda: lambda)
            }
        case .standardized(let size):
            credit(&known, GroupAdvantages.standardized(penalized(scores, known, weight), size: size))
        case .leaveOneOut(let size):
            credit(&known, GroupAdvantages.leaveOneOut(penalized(scores, known, weight), size: size))
        }
    }

    private func penalized(_ scores: [Double], _ known: [Known], _ weight: Double) -> [Double] {
        zip(scores, known).map { $0 - weight * $1.ratio }
    }

    /// Every token of a text gets the advantage of the text.
    private func credit(_ known: inout [Known], _ advantages: [Double]) {
        for (text, advantage) in advantages.enumerated() {
            known[text].advantages = known[text].values.map { _ in advantage }
        }
    }

    /// The loss over all tokens of some texts; advantages of values are whitened together.
    func loss<Model: FineTunedModel>(
        _ model: PolicyWithValue<Model>, _ completions: [Completion], _ known: [Known], _ penalty: Double
    ) -> Tensor {
        func tensor(_ values: [Double]) -> Tensor { Tensor(values.map(Float.init)) }
        let (logits, values) = model.scoresAndValues(completions)
        let logProbabilities = logits.logProbabilities(of: completions.flatMap(\.tokens))
        let advantages = known.flatMap(\.advantages)
        let policy = PolicyLoss.clipped(
            logProbabilities: logProbabilities, old: tensor(known.flatMap(\.logProbabilities)),
            advantages: tensor(advantage == .values ? Returns.whitened(advantages) : advantages), clip: Float(clip))
        let zero = Tensor([0], shape: [])
        let entropy = entropyWeight == 0 ? zero : logits.entropies().mean()
        var loss = ActorCriticLoss(
            policy: policy, value: advantage == .values ? valueLoss(values, known) : zero, entropy: entropy
        ).total(valueWeight: valueWeight, entropyWeight: entropyWeight)
        if penaltyPlace == .loss, penalty != 0 {
            let reference = tensor(known.flatMap(\.reference))
            loss = loss + KLEstimate.k3(logP: logProbabilities, logQ: reference).mean() * Float(penalty)
        }
        return loss
    }

    private func valueLoss(_ values: Tensor, _ known: [Known]) -> Tensor {
        let returns = Tensor(known.flatMap(\.returns).map(Float.init))
        guard let valueClip else { return ValueLoss.squared(values: values, returns: returns) }
        return ValueLoss.clipped(
            values: values, old: Tensor(known.flatMap(\.values).map(Float.init)), returns: returns,
            clip: Float(valueClip))
    }
}
