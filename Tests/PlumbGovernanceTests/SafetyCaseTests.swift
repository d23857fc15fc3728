import Foundation
import PlumbGovernance
import PlumbRecords
import PlumbTensor
import Testing

@Suite struct SafetyCaseTests {
    typealias Element = SafetyCase.Element

    private func problem(_ elements: [Element]) -> String {
        do {
            _ = try SafetyCase(elements)
            return ""
        } catch { return "\(error)" }
    }

    @Test func whatDoesNotFitTogetherIsRefused() {
        let solution = Element("Sn1", "a record")
        for (elements, found) in [
            ([Element("X1", "?")], "X1 is not the id of an element"), ([Element("G", "?")], "G is not the id"),
            ([Element("G1", "a", isUndeveloped: true), Element("G1", "b", isUndeveloped: true)], "G1 is given twice"),
            ([Element("G1", "a", supportedBy: ["Sn2"])], "G1 refers to Sn2, which is not in the case"),
            ([Element("G1", "a")], "G1 has no support: give some, or mark it undeveloped"),
            (
                [Element("G1", "a", supportedBy: ["Sn1"], isUndeveloped: true), solution],
                "G1 is marked undeveloped and has"
            ),
            ([Element("G1", "a", supportedBy: ["C1"]), Element("C1", "c")], "C1 cannot support G1"),
            (
                [Element("G1", "a", supportedBy: ["S1"]), Element("S1", "s", supportedBy: ["Sn1"]), solution],
                "Sn1 cannot support S1"
            ),
            (
                [Element("G1", "a", supportedBy: ["Sn1"], inContextOf: ["Sn1"]), solution],
                "Sn1 cannot be a context of G1"
            ),
            (
                [Element("G1", "a", supportedBy: ["Sn1"]), Element("G2", "b", supportedBy: ["Sn1"]), solution],
                "a case has one goal that supports nothing, found G1, G2"
            ),
            (
                [
                    Element("G1", "a", supportedBy: ["G2"]), Element("G2", "b", supportedBy: ["G3"]),
                    Element("G3", "c", supportedBy: ["G2"]),
                ], "G2 → G3 → G2 is a circle"
            ),
            ([], "found none"),
        ] { #expect(problem(elements).contains(found), "\(found): \(problem(elements))") }
        #expect(problem([Element("G1", "a", supportedBy: ["Sn1"]), solution]) == "")
    }

    @Test func goalsAreOpenWhereARecordIsMissing() throws {
        let argument = try SafetyCase([
            Element("G1", "all", supportedBy: ["G2", "G3"]), Element("G2", "one", supportedBy: ["Sn1"]),
            Element("G3", "two", isUndeveloped: true), Element("Sn1", "a record"),
        ])
        let judged = argument.status()
        #expect(judged.mapValues(\.status) == ["G1": .open, "G2": .open, "G3": .open, "Sn1": .open])
        #expect(judged["Sn1"]?.reason == "there is no record of it yet")
        #expect(argument.above("Sn1") == ["Sn1", "G2", "G1"])
    }

    @Test(arguments: EvidenceDamage.allCases) func damageDefeatsWhatRestsOnIt(_ damage: EvidenceDamage) throws {
        for seed in UInt64(0)..<10 {
            let key = RandomKey(seed)
            let isBound = damage == .failing || damage == .controlFails
            let trial = try EvidenceTrial.random(goals: 9, key: key, failing: isBound ? (damage, 1) : nil)
            #expect(trial.defeated(by: damage, solution: 1) == trial.argument.above("Sn2"))
            #expect(try EvidenceTrial.random(goals: 9, key: key).defeated(by: nil) == [])
        }
    }

    @Test func theCaseIsWrittenForGSN2X() throws {
        let argument = try SafetyCase([
            Element("G1", "It is \"safe\"\nhere", supportedBy: ["Sn1"], inContextOf: ["C1"]), Element("C1", "a test"),
            Element("Sn1", "a record", evidence: .init(record: "r.json", sha256: "00ff")),
        ])
        #expect(
            argument.yaml(["Sn1": .init(.defeated, "it changed")]) == """
                G1:
                  text: "It is \\"safe\\"\\nhere"
                  supportedBy: [Sn1]
                  inContextOf: [C1]

                C1:
                  text: "a test"

                Sn1:
                  text: "a record"
                  record: "r.json"
                  sha256: "00ff"
                  claim: "all"
                  status: defeated
                  reason: "it changed"

                """)
        let figure = argument.figure(title: "", caption: "", ["G1": .init(.supported), "Sn1": .init(.defeated)])
        #expect(figure.panels[0].nodes.map(\.tone) == [.good, .plain, .bad])
        #expect(figure.panels[0].edges == [.init("G1", "Sn1"), .init("G1", "C1", .dashed)])
    }

    @Test func theReviewsPlacementsStand() {
        let models = ThreatModel.reviewed
        #expect(models.count { $0.causes == Set(ThreatModel.Cause.allCases) && $0.path == .powerSeeking } == 4)
        #expect(models.count { $0.path == .interaction } == 2)
        #expect(models.filter { !$0.disputed.isEmpty }.map(\.work.authors) == ["Cohen, Hutter, Osborne"])
    }
}
