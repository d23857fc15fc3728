internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

extension HookedTransformer {
    /// Runs the model over one prompt. Interventions last for this run only.
    ///
    /// - Shapes: `output` logits `[T, V]`; the cache's activations as their ``Site`` says.
    /// - Precondition: ``check(_:)`` accepts `tokens`, and every intervention names a hook point of this model and a
    ///   position and head that the point has.
    public func run(
        _ tokens: [Int], with interventions: [Intervention] = [], recording: Recording = .none
    ) -> (output: Tensor, cache: ActivationCache) {
        requirePoints(of: interventions, positions: tokens.count)
        var hooks = HookRunner(interventions: interventions, recording: recording)
        return (forward(tokens, &hooks), hooks.cache)
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
        requirePoints(of: interventions, positions: length)
        var hooks = HookRunner(interventions: interventions, recording: recording)
        let logits = logits(of: batch, leading: [batch.count, length], &hooks)
        return (logits.reshaped([batch.count, length, configuration.vocabulary]), hooks.cache)
    }

    /// The log-probabilities of the next token, `[V]`, after `tokens`.
    public func nextTokenLogProbabilities(_ tokens: [Int], with interventions: [Intervention] = []) -> Tensor {
        requirePoints(of: interventions, positions: tokens.count)
        requireReadable(tokens)
        var hooks = HookRunner(
            interventions: interventions, recording: .none, leading: [tokens.count], startPosition: 0)
        let batch = RaggedBatch(lengths: [tokens.count], arithmetic: arithmetic)
        let stream = transformer.stream(tokens, in: batch, &hooks)
        let last = tokens.count - 1
        guard interventions.contains(where: { $0.point.block == nil }) else {
            var idle = HookRunner.idle
            return transformer.logits(stream[last..<last + 1], in: batch, &idle)[0].logSoftmax()
        }
        return transformer.logits(stream, in: batch, &hooks)[last].logSoftmax()
    }

    /// Logits of every position of prompts, `[R, V]`.
    func logits(of prompts: [[Int]], leading: [Int], _ hooks: inout HookRunner) -> Tensor {
        prompts.forEach(requireReadable)
        hooks.showRows(as: leading)
        let batch = RaggedBatch(lengths: prompts.map(\.count), arithmetic: arithmetic)
        let stream = transformer.stream(prompts.flatMap { $0 }, in: batch, &hooks)
        return transformer.logits(stream, in: batch, &hooks)
    }

    private func requireReadable(_ tokens: [Int]) {
        do { try check(tokens) } catch { unmet("\(error)") }
    }

    /// An intervention at a point the model does not have would silently do nothing.
    ///
    /// - Parameter positions: how many the run covers.
    func requirePoints(of interventions: [Intervention], positions: Int) {
        do { try checkPoints(of: interventions, positions: positions) } catch { unmet("\(error)") }
    }

    /// - Throws: ``ModelError`` naming a hook point, position or head that a run does not have.
    func checkPoints(of interventions: [Intervention], positions: Int) throws {
        guard !interventions.isEmpty else { return }
        let points = Set(hookPoints)
        for change in interventions {
            let point = change.point
            guard points.contains(point) else {
                throw ModelError("\(name) has no hook point \(point) for intervention \(change.name)")
            }
            if let position = change.position, !(0..<positions).contains(position) {
                throw ModelError(
                    "\(change.name) at \(point) names position \(position), but positions lie in 0 ..< \(positions)")
            }
            if let head = change.head, !(0..<heads(at: point.site)).contains(head) {
                throw ModelError(
                    "\(change.name) names head \(head), but \(point) has \(heads(at: point.site)) heads, counted from 0"
                )
            }
        }
    }
}
