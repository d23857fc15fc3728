import Foundation
import PlumbFoundations
import PlumbTensor
import Testing

/// Graphs, their criteria against pycid's answers, and values against enumeration.
@Suite struct InfluenceDiagramTests {
    @Test func aThousandDiagramsAreAnsweredAsByPycid() throws {
        let answers = try InfluenceDiagram.recorded(1000).map { try $0.incentiveDigits() }.joined()
        #expect(answers.count == 8000 && answers == InfluenceDiagram.pycidAnswers)
    }

    private struct Recorded: Decodable {
        struct Answer: Decodable {
            let decision: Int
            let nodes: [[Int]]
        }
        let kinds: String
        let edges: [[Int]]
        let recall: Bool
        let answers: [Answer]?
    }

    @Test func diagramsOfTwoDecisionsAreAnsweredAsByPycid() throws {
        let file = try #require(Bundle.module.resourceURL).appendingPathComponent("Golden/pycid.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        var answered = 0
        for line in lines {
            let known = try JSONDecoder().decode(Recorded.self, from: Data(line.utf8))
            let kinds: [Character: InfluenceDiagram.Kind] = ["D": .decision, "U": .utility, "C": .chance]
            let diagram = try InfluenceDiagram(
                known.kinds.enumerated().map { ("\($0)", kinds[$1] ?? .chance) },
                edges: known.edges.map { ("\($0[0])", "\($0[1])") })
            #expect(diagram.hasSufficientRecall == known.recall)
            for answer in known.answers ?? [] {
                let found = try InfluenceDiagram.Incentive.allCases.map {
                    try diagram.nodes(admitting: $0, decision: answer.decision)
                }
                #expect(found == answer.nodes, "\(line)")
                answered += 1
            }
        }
        #expect(lines.count > 200 && answered > 20)
    }

    @Test func storiesAreAsPublished() throws {
        let recommender = try InfluenceDiagram.contentRecommender()
        let posts = try recommender.node("posts")
        func opinions(_ diagram: InfluenceDiagram) throws -> Bool {
            try diagram.admits(.instrumental, on: diagram.node("influenced opinions"), decision: diagram.node("posts"))
        }
        #expect(try opinions(recommender))
        #expect(try !opinions(.modifiedRecommender()))
        #expect(try recommender.admits(.information, on: recommender.node("original opinions"), decision: posts))
        let grades = try InfluenceDiagram.gradePredictor()
        func responds(_ name: String) throws -> Bool {
            try grades.admits(.response, on: grades.node(name), decision: grades.node("prediction"))
        }
        #expect(try responds("race") && responds("high school") && !responds("gender"))
    }

    @Test func aNoisyCopyIsWorthItsAccuracy() throws {
        for accuracy in [0.5, 0.8, 1] {
            let model = try InfluenceDiagram.noisyCopy(accuracy: accuracy)
            #expect(abs(try model.valueOfInformation(model.diagram.node("copy")) - (2 * accuracy - 1)) < 1e-12)
        }
        let model = try InfluenceDiagram.noisyCopy(accuracy: 0.8)
        #expect(abs(try model.valueOfInformation(model.diagram.node("sign")) - 0.4) < 1e-12)
        // Setting the sign makes it known.
        #expect(abs(try model.valueOfControl(model.diagram.node("sign")) - 0.4) < 1e-12)
    }

    @Test func whatTheGraphExcludesIsWorthNothing() throws {
        let outcome = try IncentiveStudy(diagrams: 40).run(key: RandomKey(6))
        #expect(outcome.excludedInformation.all > 20 && outcome.excludedInformation.shown == 0)
        #expect(outcome.excludedControl.all > 5 && outcome.excludedControl.shown == 0)
        #expect(outcome.cutAtNode.all > 50 && outcome.cutAtNode.shown == 0)
    }

    @Test func whatIsNoDiagramIsRefused() {
        func message(_ text: String) -> String {
            do { return "\(try InfluenceFile(Data(text.utf8), named: "d.json").diagram.names)" } catch {
                return "\(error)"
            }
        }
        let (d, u) = (
            #"{"name":"D","kind":"decision","parents":["X"]}"#, #"{"name":"U","kind":"utility","parents":["D"]}"#
        )
        #expect(
            message(#"{"nodes":[{"name":"X","kind":"chance","parents":["U"]},\#(d),\#(u)]}"#)
                == "d.json: the diagram has a cycle through X: causes must precede their effects, so remove an edge of it"
        )
        #expect(
            message(
                #"{"nodes":[{"name":"X","kind":"chance","values":[1.5]},\#(d),{"name":"U","kind":"utility","values":[1]}]}"#
            )
                == "d.json: X has the probability 1.5: a probability is a number from 0 to 1")
        #expect(message(#"{"nodes":[\#(d)]}"#).hasPrefix("d.json: the edge from X to D names a node"))
        #expect(message("[]").hasPrefix("d.json is no influence diagram"))
        #expect(message(#"{"nodes":[{"name":"X","kind":"chance"},\#(d),\#(d)]}"#).contains("two nodes"))
        #expect(message(#"{"nodes":[]}"#).contains("0 nodes"))
    }

    @Test func parentsInTheFileMayStandInAnyOrder() throws {
        let text = """
            {"nodes": [{"name": "A", "kind": "chance", "values": [0.25]}, {"name": "D", "kind": "decision"},
             {"name": "U", "kind": "utility", "parents": ["D", "A"], "values": [0, 10, 1, 2]}]}
            """
        let model = try #require(try InfluenceFile(Data(text.utf8), named: "d").model)
        // D = 0 is worth 10 A, and D = 1 is worth 1 + A.
        #expect(abs(model.bestUtility - 2.5) < 1e-12)
        #expect(abs(try model.valueOfInformation(0) - (0.75 * 1 + 0.25 * 10 - 2.5)) < 1e-12)
    }
}
