import PlumbRecords
import Testing

@testable import PlumbReport

@Suite struct TerminalPictureTests {
    private let picture = TerminalPicture(
        width: 3, height: 3, channels: 1, pixels: [0, 1, 0.5, 0, 1, 0.5, 1, 0, 0], caption: "a long name")

    @Test func withoutColorDensityShowsTwoRowsALine() {
        #expect(TerminalPicture.row([picture], .plain) == " @+\n+\na …\n")
        #expect(TerminalPicture.row([picture, picture], .plain).hasPrefix(" @+   @+\n"))
    }

    @Test func withColorHalfBlocksShowBothRows() {
        let text = TerminalPicture.row([picture], TerminalStyle(width: 80, color: .trueColor))
        #expect(text.hasPrefix("\u{1B}[38;2;0;0;0;48;2;0;0;0m▀\u{1B}[38;2;255;255;255;48;2;255;255;255m▀"))
        #expect(text.split(separator: "\n").count == 3)
        #expect(text.split(separator: "\n")[1].hasPrefix("\u{1B}[38;2;255;255;255;48;2;0;0;0m▀"))
        #expect(
            TerminalPicture.row([picture], TerminalStyle(width: 80, color: .ansi256)).contains(
                "\u{1B}[38;5;231;48;5;231m▀"))
    }

    @Test func picturesThatDoNotFitAreLeftOutOrShrunk() {
        let wide = TerminalPicture(
            width: 50, height: 2, channels: 1, pixels: [Float](repeating: 1, count: 100), caption: "wide")
        let lines = TerminalPicture.row([wide, wide], TerminalStyle(width: 20)).split(separator: "\n")
        // Three columns become one; both rows are averaged into one row of white over nothing.
        #expect(lines == [Substring(String(repeating: "+", count: 16)), "wide"])
        let many = [TerminalPicture](repeating: picture, count: 30)
        #expect(TerminalPicture.row(many, TerminalStyle(width: 20)).split(separator: "\n")[0].count <= 20)
    }

    @Test func threeChannelsAreColor() {
        let red = TerminalPicture(width: 1, height: 1, channels: 3, pixels: [1, 0, 0], caption: "")
        #expect(
            TerminalPicture.row([red], TerminalStyle(width: 80, color: .trueColor))
                .hasPrefix("\u{1B}[38;2;255;0;0;48;2;0;0;0m▀\u{1B}[0m"))
    }

    @Test func pixelsThatAreNoNumbersDoNotEndTheProcess() {
        for value in [Float.nan, .infinity, -1, 7] {
            let odd = TerminalPicture(width: 1, height: 1, channels: 1, pixels: [value], caption: "")
            for color in [TerminalStyle.ColorDepth.none, .ansi256, .trueColor] {
                #expect(!TerminalPicture.row([odd], TerminalStyle(width: 80, color: color)).isEmpty)
            }
        }
    }

    @Test func smallBarsAtTheEndOfManyAreLeftToThePage() {
        func shown(_ values: [Double]) -> [Substring] {
            let chart = BarChart(
                title: "Shift of the median", caption: "", categories: values.indices.map { "cause \($0)" },
                categoryLabel: "", y: Axis("years"), series: [.init("s", values: values)])
            return TerminalBars(chart).render(.plain).split(separator: "\n").filter {
                $0.hasPrefix("cause") || $0.hasPrefix("and")
            }
        }
        let falling = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0.1, 0.1]
        #expect(shown(falling).count == 10 && shown(falling).last == "and 2 smaller ones in the report")
        // What is worth its name at the end, and few bars, are shown whole.
        #expect(shown(falling + [5]).count == 12)
        #expect(shown([9, 0, 0, 0, 0, 0, 0, 0]).count == 8)
    }
}
