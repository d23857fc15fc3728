internal import PlumbModels
public import PlumbRecords

extension AblationEffect {
    /// The effect as a table.
    ///
    /// - Parameters:
    ///   - quantity: what is followed, such as `the log-probability of “ Paris”`.
    ///   - name: how a token is written.
    public func findings(of quantity: String, _ name: (Int) -> String) -> Findings {
        let change = after - before
        return Findings(
            summary:
                "With the ablation \(quantity) goes from \(Phrase.number(before)) to \(Phrase.number(after)). The most "
                + "probable next token is \(name(best.after)), "
                + (best.before == best.after ? "as without it." : "and was \(name(best.before)) without it.")
        ) {
            Metric("before", before)
            Metric("after", after)
            Metric("change", change)
            Metric("answer_log_probability_before", logProbability.before, unit: "nats")
            Metric("answer_log_probability_after", logProbability.after, unit: "nats")
            Metric("divergence", divergence, unit: "nats")
        }
    }
}

extension Ablation {
    /// A sweep as a heat map, or bars where the site has no heads.
    ///
    /// - Parameters:
    ///   - changes: what ``sweep(_:_:answer:wrong:progress:)`` gave.
    ///   - quantity: what is followed, such as `the log-probability of “ Paris”`.
    public func findings(_ changes: [[Double]], of quantity: String) -> Findings {
        let rows = target.layers.map { "\($0)" }
        let heads = target.site.hasHeads ? (target.heads ?? (changes.first ?? []).indices.map { $0 }) : []
        let title = "Change of \(quantity)"
        let caption =
            "\(target.site.title): each \(heads.isEmpty ? "layer" : "head") is ablated by itself (\(method.rawValue))."
        return Findings(summary: summary(changes, heads, quantity)) {
            Table(
                "change", title: title, rowLabel: "layer", columnLabel: heads.isEmpty ? "" : "head", rows: rows,
                columns: heads.isEmpty ? ["change"] : heads.map { "\($0)" }, values: changes)
            if heads.isEmpty {
                BarChart(
                    title: title, caption: caption, categories: rows, categoryLabel: "layer", y: Axis("change"),
                    series: [.init("ablated", values: changes.map { $0.first ?? .nan })])
            } else {
                HeatMap(table: "change", title: title, caption: caption, center: 0, valueLabel: "change")
            }
        }
    }

    private func summary(_ changes: [[Double]], _ heads: [Int], _ quantity: String) -> String {
        let parts = changes.indices.flatMap { row in
            changes[row].indices.map { column in
                let layer = target.layers[row]
                let name = heads.isEmpty ? "layer \(layer)" : "head \(layer).\(heads[column])"
                return (name: name, value: changes[row][column])
            }
        }
        let strongest = parts.filter { $0.value < 0 }.sorted { $0.value < $1.value }.prefix(3)
        guard !strongest.isEmpty else { return "No ablation lowers \(quantity)." }
        return "The ablations that lower \(quantity) most are those of "
            + Phrase.list(strongest.map { "\($0.name) (\(Phrase.number($0.value)))" }) + "."
    }
}
