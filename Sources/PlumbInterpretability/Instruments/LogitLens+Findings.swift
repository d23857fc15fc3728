internal import PlumbTokenizers
public import PlumbModels
public import PlumbRecords

extension LogitLens {
    /// The lens as tables and heat maps: the most probable token of every layer and position, and, where there is one, the
    /// answer's probability and rank.
    public func findings(_ model: HookedTransformer) -> Findings {
        func text(_ token: Int) -> String { model.string(of: token) }
        let rows = cells.indices.map { $0 == 0 ? "embedding" : "\($0 - 1)" }
        let columns = positions.map { text(tokens[$0]) }
        func table(_ name: String, _ title: String, _ value: (Cell) -> Double) -> Table {
            Table(
                name, title: title, rowLabel: "layer", columnLabel: "token", rows: rows, columns: columns,
                values: cells.map { $0.map(value) })
        }
        let guesses = cells.map { row in row.map { text($0.top.first?.token ?? 0) } }
        return Findings(summary: summary(text)) {
            table("top_probability", "Probability of the most probable token") { $0.top.first?.probability ?? .nan }
            HeatMap(
                table: "top_probability", title: "The most probable next token after each layer",
                caption: caption,
                domain: HeatMap.Domain(0, 1), valueLabel: "probability", columnsAreTokens: true, cellTexts: guesses)
            if let answer {
                table("answer_probability", "Probability of \(VisibleToken.text(text(answer)))") {
                    $0.probability ?? .nan
                }
                table("answer_rank", "Rank of \(VisibleToken.text(text(answer)))") { Double($0.rank ?? 0) }
                HeatMap(
                    table: "answer_probability",
                    title: "Probability of \(VisibleToken.text(text(answer))) after each layer",
                    caption: "The same residual stream, read for one token.", domain: HeatMap.Domain(0, 1),
                    valueLabel: "probability", columnsAreTokens: true)
            }
        }
    }

    private var caption: String {
        let change = title == "logit lens" ? "" : "turned into that of the last by a \(title), "
        return
            "The residual stream after each block, \(change)normalized and unembedded as if the block were the last. The "
            + "color is the token's probability."
    }

    private func summary(_ text: (Int) -> String) -> String {
        guard let last = cells.last?.last, let best = last.top.first else { return "" }
        let place = "at the last of the positions shown"
        let end =
            "After the last layer the most probable next token \(place) is \(VisibleToken.text(text(best.token))), with "
            + "probability \(Phrase.percent(best.probability))."
        guard let answer, let rank = last.rank, let probability = last.probability else { return end }
        let name = VisibleToken.text(text(answer))
        guard rank == 1 else {
            return end + " \(name) is number \(rank) of its list there, with \(Phrase.percent(probability))."
        }
        guard let settled = settledLayer else { return end }
        let first = settled == 0 ? "the embedding" : "layer \(settled - 1)"
        return end + " It is the first of the list from \(first) on."
    }
}

/// A token as prose shows it: between quotation marks, its leading space as it is.
enum VisibleToken {
    static func text(_ string: String) -> String { "“\(string)”" }
}
