import Foundation
import PlumbRecords
import Testing

@testable import PlumbReport

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct GraphTests {
    static let diagram = GraphFigure(
        title: "Who knows the weather", caption: "",
        panels: [
            GraphFigure.Panel(
                "with a forecast",
                nodes: [
                    .init("W", label: "weather", .ellipse), .init("F", label: "forecast", .ellipse),
                    .init("D", label: "umbrella", tone: .accent), .init("U", label: "comfort", .diamond, tone: .good),
                ],
                edges: [
                    .init("W", "F"), .init("F", "D", label: "seen", .dashed), .init("W", "U"),
                    .init("D", "U", .strong),
                ])
        ])

    private func layout(_ count: Int, _ edges: [(from: Int, to: Int)?]) -> GraphLayout {
        GraphLayout(count: count, edges: edges, breadths: (0..<count).map { 20 + Double($0 % 3) * 15 }, gap: 10)
    }

    @Test func arrowsPointDownAndNodesKeepTheirDistance() {
        var state = UInt64(7)
        func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return Int((state >> 33) % UInt64(bound))
        }
        for _ in 0..<40 {
            let count = 2 + below(14)
            let edges = (0..<below(30)).map { _ in
                let (a, b) = (below(count), below(count))
                return (from: min(a, b), to: max(a, b))
            }
            let layout = layout(count, edges)
            for edge in edges where edge.from != edge.to {
                #expect(layout.places[edge.from].rank < layout.places[edge.to].rank)
            }
            for rank in layout.ranks {
                for (a, b) in zip(rank, rank.dropFirst()) {
                    let (left, right) = (layout.places[a], layout.places[b])
                    let distance = (left.breadth + right.breadth) / 2 + 10
                    #expect(right.position - left.position >= distance - 1e-9)
                }
            }
            #expect(layout.places.allSatisfy { $0.position >= $0.breadth / 2 - 1e-9 })
        }
    }

    @Test func arrowsThatNeedNotCrossDoNot() {
        // 0 and 1 above 2 and 3, joined crosswise in the order in which they were given.
        let layout = layout(4, [(from: 0, to: 3), (from: 1, to: 2)])
        let place = layout.places.map(\.position)
        #expect((place[0] < place[1]) == (place[3] < place[2]))
    }

    @Test func aLongArrowPassesEveryRankBetween() {
        let layout = layout(4, [(from: 0, to: 1), (from: 1, to: 2), (from: 2, to: 3), (from: 0, to: 3)])
        #expect(layout.routes.last?.places.map { layout.places[$0].rank } == [0, 1, 2, 3])
    }

    @Test func cyclesAndArrowsThatNobodyCanDrawEnd() {
        let layout = layout(3, [(from: 0, to: 1), (from: 1, to: 2), (from: 2, to: 0), (from: 1, to: 1), nil])
        #expect(layout.routes.map(\.edge) == [0, 1, 2])
        #expect(layout.places.prefix(3).map(\.rank) == [0, 1, 2])
        // A thousand nodes in a row, each with an arrow to the last.
        let many = self.layout(1_000, (0..<999).flatMap { [(from: $0, to: $0 + 1), (from: $0, to: 999)] })
        #expect(many.places.count <= 3_000 && many.places[999].rank == 999)
    }

    @Test func theDrawingShowsEveryNodeAndArrow() throws {
        let figure = Figure.graph(Self.diagram)
        let svg = try #require(figure.svg())
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        for text in ["weather", "forecast", "umbrella", "✓ comfort", "seen", "with a forecast"] {
            #expect(svg.contains(">\(text)</text>"), "\(text)")
        }
        #expect(svg.components(separatedBy: "<ellipse ").count == 3)
        #expect(svg.components(separatedBy: "stroke-dasharray").count == 2)
        // A line and a head for each of four arrows, and the diamond.
        #expect(svg.components(separatedBy: "<path ").count == 10)
        #expect(figure.csv()?.contains("\"with a forecast\",F,D,seen") == true)
    }

    @Test func theTerminalShowsEachNodeOnceBelowWhatLeadsToIt() {
        #expect(
            TerminalGraph(Self.diagram).render(.plain).split(separator: "\n").suffix(6) == [
                "with a forecast", "· weather", "  · forecast", "    • umbrella (seen)", "      ✓ comfort",
                "  ✓ comfort",
            ])
    }

    @Test func graphsOfAnEditedRecordAreChecked() throws {
        func problem(_ nodes: [GraphFigure.Node], _ edges: [GraphFigure.Edge]) throws -> String {
            var record = Fixture.record
            let panel = GraphFigure.Panel("", nodes: nodes, edges: edges)
            record.findings.figures = [.graph(GraphFigure(title: "", caption: "", panels: [panel]))]
            do {
                _ = try RunRecord(json: record.json())
                return ""
            } catch { return "\(error)" }
        }
        #expect(try problem([.init("a"), .init("b")], [.init("a", "b")]) == "")
        #expect(try problem([.init("a"), .init("a")], []).contains("two nodes have one id"))
        #expect(try problem([.init("a")], [.init("a", "b")]).contains("an edge joins two nodes of its panel"))
        #expect(try problem((0...1_000).map { .init("\($0)") }, []).contains("at most 1,000 nodes"))
    }
}
