internal import PlumbBasics
internal import PlumbModels
internal import PlumbRecords
internal import PlumbTensor

/// The log-probabilities of pairs of answers under a policy, and how far they are from a reference's.
///
/// - Shapes: every tensor `[B]`.
struct PairRatios {
    let chosen: Tensor
    let rejected: Tensor
    let chosenRatios: Tensor
    let rejectedRatios: Tensor
    private let lengths: (chosen: [Int], rejected: [Int])

    init(_ policy: HookedTransformer, _ reference: HookedTransformer, _ pairs: [AnswerPair]) {
        let texts = pairs.map(\.chosen) + pairs.map(\.rejected)
        self.init(policy, pairs, reference: reference.logProbabilities(texts).detached())
    }

    /// The ratios of some of the pairs.
    init(_ policy: HookedTransformer, _ pairs: [AnswerPair], _ rows: [Int], _ logs: ReferenceLogs) {
        self.init(policy, rows.map { pairs[$0] }, reference: logs.tensor(rows))
    }

    private init(_ policy: HookedTransformer, _ pairs: [AnswerPair], reference: Tensor) {
        let texts = pairs.map(\.chosen) + pairs.map(\.rejected)
        let logs = policy.logProbabilities(texts)
        let ratios = logs - reference
        let (first, second) = (0..<pairs.count, pairs.count..<texts.count)
        (chosen, rejected) = (logs[first], logs[second])
        (chosenRatios, rejectedRatios) = (ratios[first], ratios[second])
        lengths = (pairs.map(\.chosen.scoredCount), pairs.map(\.rejected.scoredCount))
    }

    func losses(_ loss: PreferenceLoss, _ weight: Double) -> Tensor {
        loss.values(chosen: chosenRatios, rejected: rejectedRatios, weight: Float(weight), lengths: lengths)
    }

    /// Sums over the pairs.
    func measured(_ loss: PreferenceLoss, _ weight: Double) -> [FineTuning.PreferenceMeasure: Double] {
        let margins = (chosenRatios - rejectedRatios).elements.map(Double.init)
        return [
            .loss: losses(loss, weight).sum(), .accuracy: Double(margins.count { $0 > 0 }),
            .margin: weight * margins.reduce(0, +), .chosen: chosen.sum(), .rejected: rejected.sum(),
        ]
    }
}

/// The log-probabilities of pairs of answers under the reference, which never change: they are computed once.
///
/// By the row rule they have the bits that they would have in any batch.
struct ReferenceLogs {
    private var chosen: [Int: Float] = [:]
    private var rejected: [Int: Float] = [:]

    /// Those of the pairs numbered `used`.
    ///
    /// - Parameter rows: pairs in a pass.
    /// - Throws: `RunInterrupted`.
    init(
        _ reference: HookedTransformer, _ pairs: [AnswerPair], used: [Int], rows: Int, in session: FitSession
    ) throws {
        for first in stride(from: 0, to: used.count, by: max(1, rows)) {
            try session.reporter.checkpoint()
            session.reporter.progress("reference", first, of: used.count)
            let part = used[first..<min(first + max(1, rows), used.count)]
            let texts = part.map { pairs[$0].chosen } + part.map { pairs[$0].rejected }
            let logs = reference.logProbabilities(texts).elements
            for (place, pair) in part.enumerated() {
                (chosen[pair], rejected[pair]) = (logs[place], logs[part.count + place])
            }
        }
    }

    /// Those of chosen answers, and after them those of rejected ones, `[2 B]`.
    func tensor(_ rows: [Int]) -> Tensor {
        Tensor((rows.map { chosen[$0] } + rows.map { rejected[$0] }).map { $0 ?? .nan })
    }
}
