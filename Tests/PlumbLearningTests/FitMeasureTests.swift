import Foundation
import PlumbLearning
import Testing

@Suite struct FitMeasureTests {
    private enum Measure: String, FitMeasure {
        case loss = "loss/test"
        case overt = "harmful/overt"

        static let formerNames: [Measure: String] = [.overt: "harmful/before"]
    }

    private enum Other: String, FitMeasure { case score }

    @Test func numbersAreKeptByTheNamesOfTheirCurves() throws {
        let evaluation = FitEvaluation(step: 3, values: Measured(of: Measure.self) { $0 == .loss ? 1.5 : 0.25 })
        let data = try JSONEncoder().encode(evaluation)
        #expect(try JSONDecoder().decode(FitEvaluation.self, from: data) == evaluation)
        #expect(String(decoding: data, as: UTF8.self).contains("\"loss\\/test\":1.5"))
        #expect(evaluation[Measure.loss] == 1.5 && evaluation[Measure.overt] == 0.25)
    }

    @Test func whatAnOlderVersionKeptUnderAnotherNameIsRead() throws {
        let old = Data(#"{"step": 2, "values": {"loss/test": 1, "harmful/before": 0.5}}"#.utf8)
        #expect(try JSONDecoder().decode(FitEvaluation.self, from: old)[Measure.overt] == 0.5)
    }

    @Test func aNumberThatWasNotMeasuredEndsWithASentence() async {
        await #expect(processExitsWith: .failure) {
            _ = Measured(of: Other.self) { _ in 1 }[Measure.loss]
        }
    }
}
