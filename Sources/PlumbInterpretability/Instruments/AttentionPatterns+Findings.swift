public import PlumbModels
public import PlumbRecords
internal import PlumbTokenizers

extension AttentionPatterns {
    /// What the heads do, as heat maps of layers and heads; of a few heads, their patterns too.
    ///
    /// - Parameter drawn: up to how many heads the patterns are drawn; the tables hold all.
    public func findings(_ model: HookedTransformer, drawn: Int = 4) -> Findings {
        let strings = tokens.map { model.tokenizer?.string(of: $0) ?? "\($0)" }
        let layers = Array(Set(patterns.map(\.layer))).sorted(), heads = Array(Set(patterns.map(\.head))).sorted()
        func map(_ name: String, _ title: String, _ value: (Pattern) -> Double) -> [FindingsPart] {
            let values = layers.map { layer in
                heads.map { head in
                    patterns.first { $0.layer == layer && $0.head == head }.map(value) ?? .nan
                }
            }
            return [
                .table(
                    Table(
                        name, title: title, rowLabel: "layer", columnLabel: "head", rows: layers.map { "\($0)" },
                        columns: heads.map { "\($0)" }, values: values)),
                .figure(
                    .heatMap(
                        HeatMap(
                            table: name, title: title, caption: "The mean over positions from the second on.",
                            domain: HeatMap.Domain(0, 1), valueLabel: "share of attention"))),
            ]
        }
        return Findings(summary: summary) {
            for pattern in patterns {
                let name = "pattern_\(pattern.layer)_\(pattern.head)"
                Table(
                    name, title: "Attention of head \(pattern.layer).\(pattern.head)", rowLabel: "query",
                    columnLabel: "key", rows: strings, columns: strings, values: pattern.weights)
                if patterns.count <= drawn {
                    HeatMap(
                        table: name, title: "Attention of head \(pattern.layer).\(pattern.head)",
                        caption: "Each row is a position, each column what it takes from another.",
                        domain: HeatMap.Domain(0, 1), valueLabel: "attention", columnsAreTokens: true)
                }
            }
            if patterns.count > drawn {
                map("previous_token", "Attention to the token before", \.previous)
                map("first_token", "Attention to the first token", \.first)
                map("own_token", "Attention to the token itself", \.own)
            }
        }
    }

    private var summary: String {
        func strongest(_ value: KeyPath<Pattern, Double>) -> String {
            let best = patterns.filter { !$0[keyPath: value].isNaN }.max { $0[keyPath: value] < $1[keyPath: value] }
            return best.map { "\($0.layer).\($0.head) (\(Phrase.percent($0[keyPath: value])))" } ?? "none"
        }
        guard tokens.count > 1, !patterns.isEmpty else { return "" }
        guard patterns.count > 1 else {
            let only = patterns[0]
            return
                "Head \(only.layer).\(only.head) gives \(Phrase.percent(only.previous)) of its attention to the token "
                + "before on average, \(Phrase.percent(only.first)) to the first token."
        }
        return "The head that looks most at the token before is \(strongest(\.previous)), at the first token "
            + "\(strongest(\.first)), at the token itself \(strongest(\.own))."
    }
}
