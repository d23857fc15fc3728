import Testing

@testable import PlumbRecords

@Suite struct PartialProgressTests {
    private final class Heard: RunObserver, @unchecked Sendable {
        var fractions: [Double] = []
        var labels: [String] = []
        func receive(_ event: RunEvent) {
            if case .progress(let label, let fraction, _) = event.kind {
                fractions.append(fraction)
                labels.append(label)
            }
            if case .note(let sentence) = event.kind { labels.append(sentence) }
        }
    }

    @Test func aPartsProgressIsThatOfTheWhole() throws {
        let heard = Heard()
        let part = RunReporter.silent.heard(by: heard).spanning(0.5...0.75)
        try part.stage("attacks")(0)
        try part.stage("attacks", part: 1, of: 2)(1)
        part.spanning(0...0.5).progress("inner", 1)
        part.note("as it is")
        #expect(heard.fractions == [0.5, 0.75, 0.625])
        #expect(heard.labels == ["attacks", "attacks", "inner", "as it is"])
    }

    @Test func nobodyIsToldByASilentOne() { #expect(!RunReporter.silent.spanning(0...1).isObserved) }
}
