import Foundation
import PlumbRecords
import PlumbReport
import Testing

@Suite struct ImageFigureTests {
    private let figure = ImageFigure(
        title: "Two pictures", caption: "A red one and a gray one.",
        panels: [
            .init("red", height: 1, width: 2, channels: 3, values: [1, 0, 0, 2, -1, 0.5]),
            .init("gray", height: 2, width: 1, channels: 1, values: [0.2, .nan]),
        ])

    @Test func pixelsAreWrittenAndReadAsTheyAre() throws {
        #expect(figure.panels[0].pixels == "ff0000ff0080")
        #expect(figure.panels[0].levels == [255, 0, 0, 255, 0, 128])
        #expect(figure.panels[1].levels == [51, 51, 51, 0, 0, 0])
        let data = try JSONEncoder().encode(Figure.images(figure))
        #expect(try JSONDecoder().decode(Figure.self, from: data) == .images(figure))
    }

    @Test func damagedPicturesHaveNoLevels() {
        var panel = figure.panels[0]
        panel.pixels = "ff0000ff008"
        #expect(panel.levels == nil)
        panel.pixels = "ff0000ff008g"
        #expect(panel.levels == nil)
        panel.pixels = "ff0000ff0080"
        (panel.height, panel.width) = (Int.max, 2)
        #expect(panel.levels == nil)
        (panel.height, panel.width) = (-1, -2)
        #expect(panel.levels == nil)
    }

    @Test func aPageHoldsEveryPictureAndATerminalToo() throws {
        let svg = try #require(Figure.images(figure).svg())
        #expect(svg.components(separatedBy: "data:image/png;base64,").count == 3)
        #expect(svg.contains("<title>gray</title>"))
        let csv = try #require(Figure.images(figure).csv())
        #expect(csv.contains("red,ff0000ff0080"))
        let text = TerminalImages(figure).render()
        #expect(text.contains("Two pictures") && text.contains("re"))
    }

    @Test func aPNGHasItsSignatureAndSize() throws {
        let svg = try #require(Figure.images(figure).svg())
        let start = try #require(svg.range(of: "base64,")?.upperBound)
        let text = svg[start...].prefix { $0 != "\"" }
        let file = try #require(Data(base64Encoded: String(text)))
        #expect(Array(file.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        #expect(Array(file[16..<24]) == [0, 0, 0, 2, 0, 0, 0, 1])
    }
}
