internal import Foundation
public import PlumbRecords

/// Features of a sparse dictionary as one page: for each the passages in which it is most active with its tokens marked,
/// how its activations are distributed, and which tokens it makes more and less likely. The page loads nothing and has no
/// scripts.
public struct FeaturePage: Sendable {
    /// A part of a text.
    public struct Passage: Sendable {
        let tokens: [String]
        let activations: [Double]
        let place: Int

        /// A part of a text.
        ///
        /// - Parameters:
        ///   - tokens: the exact text of each token.
        ///   - activations: of the feature at each; tokens beyond them are not marked.
        ///   - place: the token that the passage is about.
        public init(tokens: [String], activations: [Double], place: Int) {
            (self.tokens, self.activations, self.place) = (tokens, activations, place)
        }
    }

    /// A token with what a feature adds to its logit.
    public struct Effect: Sendable {
        let token: String
        let value: Double

        /// A token with what a feature adds to its logit.
        public init(_ token: String, _ value: Double) { (self.token, self.value) = (token, value) }
    }

    /// What is shown of a feature.
    public struct Feature: Sendable {
        let index: Int
        let density: Double, mean: Double, greatest: Double
        let histogram: Histogram?
        let top: [Passage], drawn: [Passage]
        let raised: [Effect], lowered: [Effect]

        /// What is shown of a feature.
        ///
        /// - Parameters:
        ///   - index: its number.
        ///   - density: the share of positions at which it is active.
        ///   - mean: its mean activation where it is active.
        ///   - greatest: its greatest activation.
        ///   - histogram: of its activations; nil where there are none.
        ///   - top: passages of greatest activation.
        ///   - drawn: passages drawn at random.
        ///   - raised: tokens whose logits it raises.
        ///   - lowered: tokens whose logits it lowers.
        public init(
            _ index: Int, density: Double, mean: Double, greatest: Double, histogram: Histogram?, top: [Passage],
            drawn: [Passage], raised: [Effect], lowered: [Effect]
        ) {
            (self.index, self.density, self.mean, self.greatest) = (index, density, mean, greatest)
            (self.histogram, self.top, self.drawn, self.raised, self.lowered) = (histogram, top, drawn, raised, lowered)
        }
    }

    private let title: String, summary: String
    private let facts: [(term: String, value: String)]
    private let density: Histogram?
    private let features: [Feature]

    /// A page.
    ///
    /// - Parameters:
    ///   - title: the heading.
    ///   - summary: what it shows, in a sentence or two.
    ///   - facts: the dictionary, the model and the text, as terms with their values.
    ///   - density: how often all features of the dictionary are active; nil for none.
    ///   - features: in the order of the page.
    public init(
        title: String, summary: String, facts: [(term: String, value: String)], density: Histogram?,
        features: [Feature]
    ) {
        (self.title, self.summary, self.facts, self.density, self.features) = (title, summary, facts, density, features)
    }

    /// The page as HTML.
    public func render() -> String {
        let body = """
            <main>
            \(Page.header(title, summary: summary))
            \(overview)\(features.map(section).joined())</main>

            """
        return Page.render(title: title, body: body, style: Self.style)
    }

    private var overview: String {
        let terms = Page.definitions(facts.map { (term: $0.term, value: Page.prose($0.value)) })
        let chart = density.flatMap { Figure.histogram($0).html() } ?? ""
        return Page.section("Dictionary", "<div class=\"pair\"><div>\(terms)</div>\(chart)</div>\n")
            + Page.section("Features", "<div class=\"scroll\">\(index)</div>\n")
    }

    private var index: String {
        let rows = features.map { feature in
            let tokens = feature.raised.prefix(5).map { Self.chip($0.token) }.joined(separator: " ")
            return """
                <tr><th scope="row"><a href="#feature-\(feature.index)">\(feature.index)</a></th>\
                <td class="num">\(Self.percent(feature.density))</td>\
                <td class="num">\(Self.number(feature.greatest))</td><td>\(tokens)</td></tr>

                """
        }
        return """
            <table><thead><tr><th scope="col">Feature</th><th scope="col" class="num">active at</th>\
            <th scope="col" class="num">greatest</th><th scope="col">raises most</th></tr></thead>
            <tbody>
            \(rows.joined())</tbody></table>

            """
    }

    private func section(_ feature: Feature) -> String {
        let drawing = feature.histogram.flatMap { Figure.histogram($0).svg() } ?? ""
        let chart =
            drawing.isEmpty
            ? "" : "<div><h3>Activations</h3><div class=\"plot\">\(drawing)</div></div>\n"
        let logits =
            feature.raised.isEmpty && feature.lowered.isEmpty
            ? ""
            : "<div class=\"logits\">\(Self.effects("Raises", feature.raised))"
                + "\(Self.effects("Lowers", feature.lowered))</div>\n"
        let line =
            feature.density > 0
            ? "Active at \(Self.percent(feature.density)) of the positions, there \(Self.number(feature.mean)) on average "
                + "and \(Self.number(feature.greatest)) at most." : "Active nowhere in this text."
        return Page.section(
            "Feature \(feature.index)",
            """
            <p class="meta">\(line)</p>
            <div class="pair">\(chart)\(logits)</div>
            \(passages("Greatest activations", feature.top, feature.greatest))\
            \(passages("Drawn at random from where it is active", feature.drawn, feature.greatest))
            """, id: "feature-\(feature.index)")
    }

    private func passages(_ title: String, _ passages: [Passage], _ greatest: Double) -> String {
        guard !passages.isEmpty else { return "" }
        let rows = passages.map { passage in
            let value = passage.activations[safe: passage.place] ?? 0
            let tokens = passage.tokens.enumerated().map { index, token in
                Self.token(token, passage.activations[safe: index] ?? 0, greatest, isPlace: index == passage.place)
            }
            return "<li><b>\(Self.number(value))</b><bdi>\(tokens.joined())</bdi></li>\n"
        }
        return "<h3>\(Markup.escape(title))</h3>\n<ol class=\"passages\">\n\(rows.joined())</ol>\n"
    }

    private static func token(_ text: String, _ value: Double, _ greatest: Double, isPlace: Bool) -> String {
        let shown = Markup.escape(
            text.replacing("\n", with: "⏎").replacing("\t", with: "⇥").replacing("\r", with: "␍"))
        guard value > 0 || isPlace else { return shown }
        let step = greatest > 0 ? max(1, min(8, Int((value / greatest * 8).rounded(.up)))) : 1
        return
            "<span class=\"a\(value > 0 ? step : 0)\(isPlace ? " peak" : "")\" title=\"\(number(value))\">\(shown)</span>"
    }

    private static func effects(_ title: String, _ effects: [Effect]) -> String {
        let most = effects.map { abs($0.value) }.max() ?? 0
        let rows = effects.map { effect in
            let width = most > 0 ? NumberText.fixed(abs(effect.value) / most * 4, decimals: 2) : "0"
            return "<li><span>\(chip(effect.token))</span><i style=\"width:\(width)rem\"></i>"
                + "<em>\(NumberText.typographic(number(effect.value)))</em></li>\n"
        }
        return
            "<div><h3>\(title)</h3><ol class=\"effects\(title == "Lowers" ? " low" : "")\">\n\(rows.joined())</ol></div>"
    }

    private static func chip(_ token: String) -> String { "<bdi class=\"chip\">\(Markup.token(token))</bdi>" }

    private static func number(_ value: Double) -> String { NumberText.value(value) }

    private static func percent(_ share: Double) -> String { "\(NumberText.value(100 * share)) %" }

    private static let style: String = {
        let steps = (1...8).map {
            ".a\($0){background:rgb(var(--heat)/\(NumberText.fixed(Double($0) * 0.1, decimals: 1)))}"
        }
        return """
            :root{--heat:240 150 20}
            @media screen and (prefers-color-scheme:dark){:root{--heat:214 120 20}}
            \(steps.joined())
            section .pair{gap:1.2rem 3rem;align-items:start}
            section h3{margin:1.1rem 0 .4rem}
            .passages{list-style:none;margin:0;padding:0;border-top:1px solid var(--rule)}
            .passages li{display:grid;grid-template-columns:4.2rem 1fr;gap:.8rem;padding:.42rem 0;\
            border-bottom:1px solid var(--rule);font-size:.92rem;line-height:1.65;break-inside:avoid}
            .passages b{font-variant-numeric:tabular-nums;text-align:right;font-weight:600;font-size:.86rem}
            .passages bdi{overflow-wrap:anywhere;white-space:pre-wrap}
            .passages span{border-radius:3px;padding:.08em 0}
            .passages .peak{font-weight:680;box-shadow:inset 0 -2px 0 var(--mark-edge)}
            .logits{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem}
            .effects{list-style:none;margin:0;padding:0;font-size:.88rem}
            .effects li{display:grid;grid-template-columns:minmax(0,1fr) 4rem 3.4rem;gap:.5rem;align-items:center;padding:.1rem 0}
            .effects i{display:block;height:.55rem;background:var(--positive);border-radius:2px}
            .effects.low i{background:var(--negative)}
            .effects em{font-style:normal;text-align:right;font-variant-numeric:tabular-nums;color:var(--faint)}
            .chip{font-family:var(--mono);font-size:.86rem;background:var(--wash);border-radius:4px;padding:.05rem .3rem;\
            overflow-wrap:anywhere}
            td .chip{margin-right:.15rem}
            @media (max-width:640px){.passages li{grid-template-columns:3.2rem 1fr}.logits{gap:.8rem}}

            """
    }()
}
