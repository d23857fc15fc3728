import PlumbFoundations
import PlumbRecords
import Testing

@Suite struct IncentiveFigureTests {
    @Test func aFigureNamesTheIncentivesOfEachNode() throws {
        let diagram = try InfluenceDiagram(
            [("weather", .chance), ("umbrella", .decision), ("comfort", .utility), ("dice", .chance)],
            edges: [("weather", "umbrella"), ("weather", "comfort"), ("umbrella", "comfort"), ("dice", "umbrella")])
        let panel = try diagram.panel("rain")
        #expect(panel.nodes.map(\.shape) == [.ellipse, .box, .diamond, .ellipse])
        let labels = panel.nodes.map(\.label)
        #expect(labels[0].contains("VoI") && labels[0].contains("RI") && labels[0].contains("VoC"))
        #expect(labels[2].contains("ICI") && labels[3] == "dice" && panel.nodes[3].note == "no incentive")
        #expect(panel.edges.filter { $0.line == .dashed }.map(\.from) == ["weather", "dice"])
    }
}
