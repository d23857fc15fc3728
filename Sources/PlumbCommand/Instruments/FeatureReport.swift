import Foundation
import PlumbBasics
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport

/// Dashboards of features as text, as JSON and as a page.
struct FeatureReport {
    private let found: FeatureDashboards
    private let dictionary: SparseDictionary
    private let model: HookedTransformer
    private let file: String

    init(_ found: FeatureDashboards, _ dictionary: SparseDictionary, _ model: HookedTransformer, file: String) {
        (self.found, self.dictionary, self.model, self.file) = (found, dictionary, model, file)
    }

    private var place: String {
        dictionary.isAutoencoder ? "\(dictionary.input)" : "\(dictionary.output) from \(dictionary.input)"
    }

    private var summary: String {
        "On average \(Phrase.number(found.active)) of \(dictionary.features) features are active, and the reconstruction "
            + "explains \(Phrase.percent(found.explainedVariance)) of the variance of \(place). \(found.silent) features are "
            + "active nowhere in the \(found.rows) positions read."
    }

    // MARK: Text

    var text: String {
        let parts = found.features.map { feature -> String in
            guard feature.count > 0 else { return "feature \(feature.index)  active nowhere in this text" }
            var lines = [
                "feature \(feature.index)  active at \(NumberText.value(100 * feature.density)) % of the positions, greatest "
                    + Phrase.number(Double(feature.greatest))
            ]
            for (name, effects) in [("raises", feature.raised), ("lowers", feature.lowered)] where !effects.isEmpty {
                lines.append("  \(name)  " + effects.map { VisibleText.token(string($0.token)) }.joined(separator: " "))
            }
            for passage in feature.top.prefix(3) { lines.append("  " + line(passage)) }
            return lines.joined(separator: "\n")
        }
        return ([summary] + parts).joined(separator: "\n\n")
    }

    /// A passage in one line, its token between brackets.
    private func line(_ passage: FeatureDashboards.Passage) -> String {
        let (first, last) = (max(0, passage.place - 12), min(passage.tokens.count, passage.place + 7))
        let words = (first..<last).map { index in
            let text = VisibleText.line(string(passage.tokens[index]))
            return index == passage.place ? "[\(text)]" : text
        }
        let value = NumberText.value(Double(passage.activations[passage.place]))
        return value + String(repeating: " ", count: max(2, 8 - value.count)) + words.joined()
    }

    private func string(_ token: Int) -> String { model.string(of: token) }

    // MARK: JSON

    var json: JSONValue {
        .object([
            "model": .string(model.name), "input": .string("\(dictionary.input)"),
            "output": .string("\(dictionary.output)"), "dictionary_features": JSONValue(dictionary.features),
            "positions": JSONValue(found.rows), "active_features": JSONValue(found.active),
            "explained_variance": JSONValue(found.explainedVariance), "silent_features": JSONValue(found.silent),
            "features": .array(found.features.map(object)),
        ])
    }

    private func object(_ feature: FeatureDashboards.Feature) -> JSONValue {
        .object([
            "feature": JSONValue(feature.index), "density": JSONValue(feature.density),
            "mean_active": JSONValue(feature.mean), "greatest": Output.number(feature.greatest),
            "histogram": .object([
                "edges": .array(feature.edges.map { JSONValue($0) }),
                "counts": .array(feature.counts.map { JSONValue($0) }),
            ]),
            "top": .array(feature.top.map(object)), "drawn": .array(feature.drawn.map(object)),
            "raised": .array(feature.raised.map(object)), "lowered": .array(feature.lowered.map(object)),
        ])
    }

    private func object(_ passage: FeatureDashboards.Passage) -> JSONValue {
        .object([
            "tokens": .array(passage.tokens.map { JSONValue($0) }),
            "strings": .array(passage.tokens.map { .string(string($0)) }),
            "activations": .array(passage.activations.map { Output.number($0) }), "place": JSONValue(passage.place),
        ])
    }

    private func object(_ effect: FeatureDashboards.TokenEffect) -> JSONValue {
        .object([
            "token": JSONValue(effect.token), "string": .string(string(effect.token)),
            "effect": JSONValue(effect.effect),
        ])
    }

    // MARK: Page

    var page: String {
        FeaturePage(
            title: "Features of \(model.name) at \(place)", summary: summary,
            facts: [
                ("model", model.name), ("reads", "\(dictionary.input)"), ("writes", "\(dictionary.output)"),
                ("features", "\(dictionary.features)"), ("text", file),
                ("positions", NumberText.value(Double(found.rows))),
                ("active features, L0", Phrase.number(found.active)),
                ("explained variance", Phrase.percent(found.explainedVariance)),
                ("active nowhere", "\(found.silent) features"),
            ], density: density, features: found.features.map(shown)
        ).render()
    }

    private var density: Histogram? {
        let logarithms = found.density.filter { $0 > 0 }.map { log10($0) }
        guard let least = logarithms.min() else { return nil }
        let first = (least * 4).rounded(.down)
        let edges = (0...Int(-first)).map { (first + Double($0)) / 4 }
        var counts = [Double](repeating: 0, count: max(1, edges.count - 1))
        for value in logarithms { counts[min(counts.count - 1, Int(value * 4 - first))] += 1 }
        return Histogram(
            title: "How often features are active",
            caption: "Features by the share of positions at which they are active, as a power of ten.",
            x: Axis("log₁₀ of the share"), countLabel: "features", edges: edges.count > 1 ? edges : [-0.25, 0],
            counts: counts)
    }

    private func shown(_ feature: FeatureDashboards.Feature) -> FeaturePage.Feature {
        func passage(_ passage: FeatureDashboards.Passage) -> FeaturePage.Passage {
            FeaturePage.Passage(
                tokens: passage.tokens.map(string), activations: passage.activations.map(Double.init),
                place: passage.place)
        }
        func effect(_ effect: FeatureDashboards.TokenEffect) -> FeaturePage.Effect {
            FeaturePage.Effect(string(effect.token), effect.effect)
        }
        let histogram =
            feature.counts.isEmpty
            ? nil
            : Histogram(
                title: "Activations of feature \(feature.index)", caption: "", x: Axis("activation"),
                countLabel: "positions", edges: feature.edges, counts: feature.counts)
        return FeaturePage.Feature(
            feature.index, density: feature.density, mean: feature.mean, greatest: Double(feature.greatest),
            histogram: histogram, top: feature.top.map(passage), drawn: feature.drawn.map(passage),
            raised: feature.raised.map(effect), lowered: feature.lowered.map(effect))
    }
}
