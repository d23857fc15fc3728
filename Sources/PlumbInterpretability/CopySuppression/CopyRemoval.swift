internal import PlumbModels
internal import PlumbTensor

/// What a model says of texts with and without some of its heads.
struct CopyRemoval {
    private let model: HookedTransformer
    private let texts: [[Int]]
    /// The model's log-probabilities, `[V]` a position, of the positions that are read.
    private let plain: [Tensor]
    /// The mean logit of each of them.
    private let means: [Double]

    init(_ model: HookedTransformer, _ texts: [[Int]]) {
        (self.model, self.texts) = (model, texts)
        let logits = model.run(batch: texts).output
        (plain, means) = Self.rows(logits, texts)
    }

    /// Text by text and position by position: the places whose next token is known and before which something was said.
    private static var first: Int { CopySuppressionStudy.beginning }

    private static func rows(_ logits: Tensor, _ texts: [[Int]]) -> (rows: [Tensor], means: [Double]) {
        var (rows, means): ([Tensor], [Double]) = ([], [])
        for (index, text) in texts.enumerated() {
            for position in first..<text.count - 1 {
                let row = logits[index][position]
                let said = row.logSoftmax()
                rows.append(said)
                // Log-probabilities and logits differ by a number for the row, which leaves differences alone.
                means.append(said.sum() / Double(said.count))
            }
        }
        return (rows, means)
    }

    /// For each place that is read, the tokens said before, but for the first and the present one, and the next token.
    private var places: [(context: [Int], next: Int)] {
        texts.flatMap { text in
            (Self.first..<text.count - 1).map { position in
                (Set(text[1..<position]).subtracting([text[position]]).sorted(), text[position + 1])
            }
        }
    }

    /// The mean probability of all tokens that were said before.
    var copied: Double {
        Statistics.mean(zip(plain, places).map { said, place in Self.probability(said, place.context) })
    }

    private static func probability(_ said: Tensor, _ context: [Int]) -> Double {
        context.isEmpty ? 0 : said.gathered(context).exp().sum()
    }

    /// What changes where heads read what they read in another text.
    ///
    /// - Throws: `ModelError` for logits that are not numbers.
    func removing(_ heads: [AttentionHead]) throws -> CopySuppressionStudy.Removal {
        let ablation = ResampleAblation(model, on: texts, layers: Set(heads.map(\.layer)))
        let logits = model.run(batch: texts, with: ablation.interventions(heads)).output
        try model.requireNumbers(logits)
        let (rows, changedMeans) = Self.rows(logits, texts)
        let places = self.places
        var removal = CopySuppressionStudy.Removal()
        let perText = rows.count / texts.count
        for text in texts.indices {
            var (logit, probability, loss) = (0.0, 0.0, 0.0)
            for index in text * perText..<(text + 1) * perText {
                let (place, before, after) = (places[index], plain[index], rows[index])
                if let best = place.context.max(by: { before[$0].item < before[$1].item }) {
                    logit += Double(after[best].item) - changedMeans[index] - (Double(before[best].item) - means[index])
                }
                probability += Self.probability(after, place.context) - Self.probability(before, place.context)
                loss += Double(before[place.next].item) - Double(after[place.next].item)
            }
            removal.logits.append(logit / Double(perText))
            removal.probabilities.append(probability / Double(perText))
            removal.losses.append(loss / Double(perText))
        }
        return removal
    }
}
