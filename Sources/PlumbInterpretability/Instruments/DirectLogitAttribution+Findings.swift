internal import PlumbModels
public import PlumbRecords

extension DirectLogitAttribution {
    /// The attribution as a heat map of heads, bars of layers and a table of neurons.
    ///
    /// - Parameter quantity: what is attributed, such as `the logit of “ Paris”`.
    public func findings(of quantity: String) -> Findings {
        let layers = heads.indices.map { "\($0)" }
        let attention = heads.indices.map { heads[$0].reduce(0, +) + attentionBiases[$0] }
        return Findings(summary: summary(quantity)) {
            Metric("total", total, unit: "logits")
            Metric("sum_of_contributions", sum, unit: "logits")
            Metric("embedding", embedding, unit: "logits")
            Metric("attention", attention.reduce(0, +), unit: "logits")
            Metric("mlp", mlps.reduce(0, +), unit: "logits")
            if bias != 0 { Metric("bias", bias, unit: "logits") }
            Table(
                "heads", title: "Contribution of each head", rowLabel: "layer", columnLabel: "head", rows: layers,
                columns: (heads.first ?? []).indices.map { "\($0)" }, values: heads, unit: "logits")
            HeatMap(
                table: "heads", title: "Contribution of each head",
                caption: "What each head wrote to the residual stream at this position, read by the unembedding with "
                    + "the scale of the last normalization held fixed.", center: 0, valueLabel: "logits")
            Table(
                "layers", title: "Contribution of each layer", rowLabel: "layer", columnLabel: "", rows: layers,
                columns: ["attention", "MLP"], values: heads.indices.map { [attention[$0], mlps[$0]] }, unit: "logits")
            BarChart(
                title: "Contribution of each layer",
                caption: "Heads and bias of a layer's attention together, and its MLP.", categories: layers,
                categoryLabel: "layer", y: Axis("contribution", unit: "logits"),
                series: [.init("attention", values: attention), .init("MLP", values: mlps)])
            if !neurons.isEmpty {
                Table(
                    "neurons", title: "The neurons that contribute most", rowLabel: "neuron", columnLabel: "",
                    rows: neurons.map { "layer \($0.layer), neuron \($0.index)" }, columns: ["contribution"],
                    values: neurons.map { [$0.contribution] }, unit: "logits")
            }
        }
    }

    private func summary(_ quantity: String) -> String {
        let parts = heads.indices.flatMap { layer in
            heads[layer].indices.map { (name: "head \(layer).\($0)", value: heads[layer][$0]) }
                + [(name: "the MLP of layer \(layer)", value: mlps[layer])]
        }
        let strongest = parts.sorted { $0.value > $1.value }.prefix(3).filter { $0.value > 0 }
        let against = parts.min { $0.value < $1.value }
        var text = "At this position \(quantity) is \(Phrase.number(total))."
        if !strongest.isEmpty {
            text +=
                " The largest contributions come from "
                + Phrase.list(strongest.map { "\($0.name) (\(Phrase.number($0.value)))" }) + "."
        }
        if let against, against.value < 0 {
            text += " The most negative comes from \(against.name) (\(Phrase.number(against.value)))."
        }
        return text
    }
}
