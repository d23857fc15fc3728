import Foundation
import PlumbRecords
import Testing

@Suite struct HeadlineTests {
    private func findings(_ metrics: [Metric]) -> Findings { Findings(metrics: metrics) }

    @Test func whatTheExperimentChoseComesFirst() {
        let metrics = [Metric("a", 1), Metric("b", 2, isHeadline: true), Metric("c", 3, isHeadline: true)]
        #expect(findings(metrics).headline.map(\.name) == ["b", "c"])
    }

    @Test func whatWasNotMeasuredIsNoHeadline() {
        let metrics = [Metric("a", 1), Metric("b", .nan, isHeadline: true), Metric("c", 3, isHeadline: true)]
        #expect(findings(metrics).headline.map(\.name) == ["c"])
    }

    @Test func withoutAChoiceTheFirstFourNumbersCountAndCostsComeLast() {
        let metrics = [Metric("sweep_seconds", 1, unit: "s")] + (1...3).map { Metric("m\($0)", Double($0)) }
        #expect(findings(metrics).headline.map(\.name) == ["m1", "m2", "m3", "sweep_seconds"])
        #expect(findings((1...9).map { Metric("m\($0)", 1, isHeadline: true) }).headline.count == 4)
    }

    @Test func recordsFromBeforeTheChoiceAreReadAndWrittenAsTheyWere() throws {
        let text = #"{"name":"loss","unit":"nats","value":1}"#
        let metric = try JSONDecoder().decode(Metric.self, from: Data(text.utf8))
        #expect(!metric.isHeadline)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(String(decoding: try encoder.encode(metric), as: UTF8.self) == text)
        let chosen = try encoder.encode(Metric("loss", 1, unit: "nats", isHeadline: true))
        #expect(try JSONDecoder().decode(Metric.self, from: chosen).isHeadline)
    }

    @Test func aQuantityIsTheSameWhereverItIsShown() {
        #expect(Quantity("loss", isHeadline: true) == Quantity("loss"))
        #expect(Set([Quantity("loss", isHeadline: true), Quantity("loss")]).count == 1)
        #expect(Quantity("loss", per: "pair") != Quantity("loss"))
    }
}
