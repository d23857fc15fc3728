internal import PlumbBasics

/// What the order of choices does to answers, measured by asking each question with its choices in every rotation.
///
/// Without a bias each letter is taken as often as it stands for the choice that the model prefers, and a question
/// gets the same answer in each rotation (Zheng et al. 2023, *Large Language Models Are Not Robust Multiple Choice
/// Selectors*, arXiv:2309.03882).
public struct OptionOrderBias: Sendable, Equatable {
    /// How often each letter was taken, as a share.
    public let shares: [Double]
    /// The accuracy where the right choice stands at each letter, and in how many answers it did.
    public let accuracies: [(value: Double, count: Int)]
    /// Of the questions that were asked in every rotation, the share that got the same choice in all of them.
    public let consistency: Double
    /// The largest share less the smallest: 0 without bias where choices are rotated.
    public let spread: Double
    /// How many questions were asked in every rotation.
    public let questions: Int

    /// The bias of a run whose choices were rotated; nil where they were not.
    public init?(_ results: EvaluationResults) {
        guard results.settings.rotatesChoices else { return nil }
        let counts = Dictionary(results.task.samples.map { ($0.id, $0.choices.count) }, uniquingKeysWith: { $1 })
        let groups = Dictionary(grouping: results.samples, by: \.id)
        // Only questions that were asked in every rotation show every choice at every letter.
        let whole = groups.filter { id, samples in Set(samples.map(\.rotation)).count == counts[id] }
        let letters = whole.keys.reduce(0) { max($0, counts[$1] ?? 0) }
        guard letters > 1 else { return nil }
        var taken = [Int](repeating: 0, count: letters)
        var (right, asked) = (taken, taken)
        var same = 0
        for (id, samples) in whole {
            let count = counts[id] ?? 0
            var originals: Set<Int> = []
            for sample in samples {
                let targets = Set(sample.target.compactMap { Letters.index(of: $0) })
                for target in targets {
                    asked[target] += 1
                    if sample.output.choice == target { right[target] += 1 }
                }
                guard let choice = sample.output.choice else {
                    originals.insert(-1)
                    continue
                }
                taken[choice] += 1
                originals.insert((choice - sample.rotation % count + count) % count)
            }
            if originals.count == 1, originals != [-1] { same += 1 }
        }
        let total = taken.reduce(0, +)
        shares = taken.map { Double($0) / Double(max(1, total)) }
        accuracies = zip(right, asked).map { (Double($0) / Double($1), $1) }
        consistency = Double(same) / Double(whole.count)
        spread = (shares.max() ?? 0) - (shares.min() ?? 0)
        questions = whole.count
    }

    public static func == (a: OptionOrderBias, b: OptionOrderBias) -> Bool {
        a.shares == b.shares && a.consistency == b.consistency && a.questions == b.questions
    }
}
