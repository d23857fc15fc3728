internal import PlumbBasics
public import PlumbTensor

/// Scores that ask an explanation for less than activations: which texts activate the unit, and which tokens of them
/// (Paulo, Mallen, Juang, Belrose 2024, *Automatically Interpreting Millions of Features in Large Language Models*,
/// arXiv:2410.13928).
///
/// A text activates a unit if its peak is at least half the largest of all texts, and does not if the peak is at most a
/// fifth of it; other texts are left out.
public enum Detection {
    /// From this part of the largest activation on, a token or a text counts as active.
    public static let active = 0.5
    /// Up to this part it counts as inactive.
    public static let inactive = 0.2

    /// Whether each text activates the unit; `nil` for texts that are left out.
    public static func labels(_ records: [ActivationRecord]) -> [Bool?] {
        let most = records.most
        return records.map { label($0.peak, most) }
    }

    /// The mean of the parts of true and of false items that are answered rightly; NaN where there are none of a kind.
    public static func balancedAccuracy(_ answers: [Bool], truth: [Bool]) -> Double {
        require(answers.count == truth.count, "got \(answers.count) answers for \(truth.count) items")
        func share(_ kind: Bool) -> Double {
            let own = truth.indices.filter { truth[$0] == kind }
            return Double(own.count { answers[$0] == kind }) / Double(own.count)
        }
        return (share(true) + share(false)) / 2
    }

    /// The balanced accuracy of telling texts that activate the unit from those that do not, by the largest simulated
    /// activation of each; a text is said to activate it if that lies in the upper half of the range over
    /// the texts that are not left out.
    public static func score(simulated: [[Double]], records: [ActivationRecord]) -> Double {
        let labels = labels(records)
        let judged = labels.indices.filter { labels[$0] != nil }
        let peaks = simulated.map { $0.reduce(-.infinity, max) }
        return balancedAccuracy(upperHalf(judged.map { peaks[$0] }), truth: judged.map { labels[$0] ?? false })
    }

    /// A text with some tokens marked, which are those that activate the unit, or others.
    public struct MarkedText: Sendable, Equatable {
        /// The text's place among the records.
        public let record: Int
        /// The places of the marked tokens.
        public let marked: [Int]
        /// Whether they are those that activate the unit.
        public let isRight: Bool
    }

    /// Of each text that activates the unit two copies: one with its active tokens marked, and one with as many
    /// inactive tokens, drawn by `key`. Texts without enough inactive tokens are left out.
    public static func markedTexts(_ records: [ActivationRecord], key: RandomKey) -> [MarkedText] {
        let (most, labels) = (records.most, labels(records))
        return records.indices.flatMap { index -> [MarkedText] in
            guard labels[index] == true else { return [] }
            let kinds = records[index].activations.map { label($0, most) }
            let right = kinds.indices.filter { kinds[$0] == true }
            var generator = key[index].generator()
            let wrong = kinds.indices.filter { kinds[$0] == false }.shuffled(using: &generator).prefix(right.count)
            guard wrong.count == right.count else { return [] }
            return [
                MarkedText(record: index, marked: right, isRight: true),
                MarkedText(record: index, marked: wrong.sorted(), isRight: false),
            ]
        }
    }

    /// The balanced accuracy of telling rightly marked texts from wrongly marked ones, by the mean simulated activation
    /// of the marked tokens: fuzzing.
    public static func fuzzingScore(
        simulated: [[Double]], records: [ActivationRecord], key: RandomKey
    ) -> Double {
        let items = markedTexts(records, key: key)
        let means = items.map { item in Statistics.mean(item.marked.map { simulated[item.record][$0] }) }
        return balancedAccuracy(upperHalf(means), truth: items.map(\.isRight))
    }

    private static func label(_ activation: Double, _ most: Double) -> Bool? {
        guard most > 0 else { return false }
        return activation >= active * most ? true : activation <= inactive * most ? false : nil
    }

    /// Which values lie above the middle of their range; none where they are all equal.
    private static func upperHalf(_ values: [Double]) -> [Bool] {
        let middle = ((values.min() ?? 0) + (values.max() ?? 0)) / 2
        return values.map { $0 > middle }
    }
}
