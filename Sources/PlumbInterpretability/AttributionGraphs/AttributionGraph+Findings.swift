public import PlumbRecords

extension AttributionGraph {
    /// The graph in numbers, and its strongest features.
    public func findings(_ file: AttributionGraphFile) -> Findings {
        let (scores, influence) = (scores(), influence())
        let best = features.indices.sorted { (influence[$0], $1) > (influence[$1], $0) }.prefix(20)
        let said = zip(logitTexts, logits).prefix(3).map { text, logit in
            "\"\(text)\" (\(Phrase.percent(Double(logit.probability))))"
        }
        let table = Table(
            "features", title: "The features of the most influence", rowLabel: "feature", columnLabel: "",
            rows: best.map {
                "L\(features[$0].layer) \(features[$0].feature) at \(features[$0].position)"
            },
            columns: ["influence", "activation"],
            values: best.map { [influence[$0], Double(features[$0].activation)] })
        return Findings(
            summary:
                "The next token is \(Phrase.list(said)). Of \(activeFeatures) active features \(features.count) have "
                + "contributions of their own; \(file.nodes.count) nodes and \(file.links.count) links are shown."
        ) {
            Metric("replacement_score", scores.replacement)
            Metric("completeness_score", scores.completeness)
            Metric("kept_share", keptShare)
            table
        }
    }
}

extension AttributionGraphFile.Node {
    /// What a node is called on a page.
    public func title(tokens: [String]) -> String {
        switch kind {
        case .feature: "feature \(feature) of block \(layer)"
        case .error: "error of block \(layer)"
        case .embedding: "embedding of \(tokens.indices.contains(position) ? tokens[position] : "")"
        case .logit: label
        }
    }

    /// What a node is, in a word.
    public var name: String {
        switch kind {
        case .feature: "feature"
        case .error: "error"
        case .embedding: "embedding"
        case .logit: "logit"
        }
    }

    /// Where it stands from below: embeddings, blocks, logits.
    public func row(layers: Int) -> Int {
        switch kind {
        case .embedding: 0
        case .feature, .error: (Int(layer) ?? 0) + 1
        case .logit: layers + 1
        }
    }
}
