import PlumbRecords
import PlumbReport
import Testing

/// Dashboards of features as a page.
@Suite struct FeaturePageTests {
    private func page(_ tokens: [String], _ activations: [Double]) -> String {
        let passage = FeaturePage.Passage(tokens: tokens, activations: activations, place: 1)
        return FeaturePage(
            title: "Features of <m>", summary: "Two.", facts: [("text", "a&b.txt")], density: nil,
            features: [
                FeaturePage.Feature(
                    4, density: 0.0003, mean: 1, greatest: 8, histogram: nil, top: [passage], drawn: [],
                    raised: [.init(" <b>", 2)], lowered: [.init("\u{202E}x", -1)])
            ]
        ).render()
    }

    @Test func tokensAreMarkedByTheirActivations() {
        let page = page(["a", " b", "\n", "d"], [0, 8, 1.5])
        #expect(page.contains(">a<span class=\"a8 peak\" title=\"8\"> b</span>"))
        #expect(page.contains("<span class=\"a2\" title=\"1.5\">⏎</span>d"))
        #expect(page.contains("0.03 %") && page.contains("id=\"feature-4\"") && page.contains("href=\"#feature-4\""))
    }

    @Test func nothingInATextActsAndNothingIsLoaded() {
        let page = page(["<script>", "</bdi>\u{202E}"], [1, 2])
        #expect(!page.contains("<script") && !page.contains("</bdi>\u{202E}") && !page.contains("\u{202E}"))
        #expect(
            page.contains("&lt;script&gt;") && page.contains("a&amp;b.txt") && page.contains("Features of &lt;m&gt;"))
        #expect(page.contains("default-src 'none'") && !page.contains("script-src") && !page.contains("http:"))
    }
}
