internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

extension HookedTransformer {
    /// Runs the model over one prompt. Interventions last for this run only.
    ///
    /// - Shapes: `output` logits `[T, V]`; the cache's activations as their ``Site`` says.
    /// - Precondition: ``check(_:)`` accepts `tokens`, and every intervention names a hook point of this model.
    public func run(
        _ tokens: [Int], with interventions: [Intervention] = [], recording: Recording = .none
    ) -> (output: Tensor, cache: ActivationCache) {
        pass([tokens], leading: [tokens.count], interventions, recording)
    }

    /// Runs the model over prompts of one length. A prompt's results are the bits it would have alone.
    ///
    /// - Shapes: `output` logits `[B, T, V]`; activations with `B` in front.
    public func run(
        batch: [[Int]], with interventions: [Intervention] = [], recording: Recording = .none
    ) -> (output: Tensor, cache: ActivationCache) {
        let length = batch.first?.count ?? 0
        require(
            batch.allSatisfy { $0.count == length }, "prompts of one batch share a length, got \(batch.map(\.count))")
        return pass(batch, leading: [batch.count, length], interventions, recording)
    }

    /// The log-probabilities of the next token, `[V]`, after `tokens`.
    public func nextTokenLogProbabilities(_ tokens: [Int], with interventions: [Intervention] = []) -> Tensor {
        requirePoints(of: interventions)
        var hooks = HookRunner(interventions: interventions, recording: .none, leading: [tokens.count])
        let batch = RaggedBatch(lengths: [tokens.count], arithmetic: arithmetic)
        let stream = transformer.stream(tokens, in: batch, &hooks)
        guard interventions.contains(where: { $0.point.block == nil }) else {
            var last = HookRunner.idle()
            let row = stream[tokens.count - 1..<tokens.count]
            return transformer.logits(row, in: batch, &last)[0].logSoftmax()
        }
        return transformer.logits(stream, in: batch, &hooks)[tokens.count - 1].logSoftmax()
    }

    private func pass(
        _ prompts: [[Int]], leading: [Int], _ interventions: [Intervention], _ recording: Recording
    ) -> (output: Tensor, cache: ActivationCache) {
        requirePoints(of: interventions)
        for prompt in prompts {
            do { try check(prompt) } catch { unmet("\(error)") }
        }
        let batch = RaggedBatch(lengths: prompts.map(\.count), arithmetic: arithmetic)
        var hooks = HookRunner(interventions: interventions, recording: recording, leading: leading)
        let stream = transformer.stream(prompts.flatMap { $0 }, in: batch, &hooks)
        let logits = transformer.logits(stream, in: batch, &hooks)
        return (logits.reshaped(leading + [configuration.vocabulary]), hooks.cache)
    }

    /// An intervention at a point the model does not have would silently do nothing.
    func requirePoints(of interventions: [Intervention]) {
        guard !interventions.isEmpty else { return }
        let points = Set(hookPoints)
        for intervention in interventions {
            require(
                points.contains(intervention.point),
                "\(name) has no hook point \(intervention.point) for intervention \(intervention.name)")
        }
    }
}
