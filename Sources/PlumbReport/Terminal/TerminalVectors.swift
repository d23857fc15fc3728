import Foundation
import PlumbRecords

/// Arrows from the origin as terminal text, panel by panel, as many side by side as fit: lines of dots, eight a
/// character, with each arrow's name at its tip.
struct TerminalVectors {
    private let plot: VectorPlot
    private let reach: Double
    private static let gap = 3
    /// Characters of a panel; one is about twice as high as wide.
    private static let (columns, rows) = (24, 12)
    /// More panels than this are left to the page.
    private static let most = 8

    init(_ plot: VectorPlot) {
        self.plot = plot
        let places = plot.panels.flatMap(\.vectors).flatMap { [abs($0.x), abs($0.y)] }
        reach = max(Proportion.bounds(places)?.greatest ?? 1, 1e-9) * 1.2
    }

    func render(_ style: TerminalStyle) -> String {
        var output = style.heading(plot.title)
        let abreast = max(1, (style.width + Self.gap) / (Self.columns + Self.gap))
        let panels = Array(plot.panels.prefix(Self.most))
        let space = String(repeating: " ", count: Self.gap)
        for first in stride(from: 0, to: panels.count, by: abreast) {
            let row = panels[first..<min(first + abreast, panels.count)]
            let titles = row.map { DisplayWidth.wrapped(VisibleText.line($0.title), to: Self.columns) }
            for line in 0..<(titles.map(\.count).max() ?? 0) {
                let parts = titles.map { DisplayWidth.padded($0[safe: line] ?? "", to: Self.columns) }
                output += style.apply(.dim, parts.joined(separator: space).trimmingSuffix { $0 == " " }) + "\n"
            }
            let drawings = row.map(draw)
            for line in 0..<Self.rows {
                output += drawings.map { $0[line] }.joined(separator: space).trimmingSuffix { $0 == " " } + "\n"
            }
        }
        let left = plot.panels.count - panels.count
        if left > 0 { output += style.apply(.dim, "and \(left) more in the report") + "\n" }
        let note = "each panel reaches \(NumberText.value(reach)) from its center, the origin, to each side"
        return output + style.lines(note).map { style.apply(.dim, $0) + "\n" }.joined()
    }

    /// The lines of one panel.
    private func draw(_ panel: VectorPlot.Panel) -> [String] {
        var dots = Array(repeating: Array(repeating: UInt32(0), count: Self.columns), count: Self.rows)
        let (width, height) = (Self.columns * 2, Self.rows * 4)
        // The bits of the dots of a braille character, by row and column.
        let bits: [[UInt32]] = [[1, 8], [2, 16], [4, 32], [64, 128]]
        func dot(_ x: Double, _ y: Double) {
            let column = Int((Double(width - 1) * (x / reach + 1) / 2).rounded())
            let row = Int((Double(height - 1) * (1 - y / reach) / 2).rounded())
            guard (0..<width).contains(column), (0..<height).contains(row) else { return }
            dots[row / 4][column / 2] |= bits[row % 4][column % 2]
        }
        let vectors = panel.vectors.filter { $0.x.isFinite && $0.y.isFinite }
        for vector in vectors {
            let (x, y) = (Proportion.bounded(vector.x), Proportion.bounded(vector.y))
            for step in 0...width { dot(x * Double(step) / Double(width), y * Double(step) / Double(width)) }
        }
        var cells = dots.map { row in
            row.map { $0 == 0 ? " " : String(Character(Unicode.Scalar(0x2800 + $0) ?? " ")) }
        }
        for vector in vectors { name(vector, in: &cells) }
        return cells.map { DisplayWidth.padded($0.joined(), to: Self.columns) }
    }

    /// Writes an arrow's name beyond its tip, where nothing stands yet.
    private func name(_ vector: VectorPlot.Vector, in cells: inout [[String]]) {
        let label = VisibleText.line(vector.label)
        let (x, y) = (Proportion.bounded(vector.x) / reach, Proportion.bounded(vector.y) / reach)
        let length = (x * x + y * y).squareRoot()
        guard length > 0.1, label.count <= 6, label.allSatisfy({ DisplayWidth.of($0) == 1 }) else { return }
        let beyond = 1 + 0.14 / length
        let middle = Double(Self.columns - 1) * (x * beyond + 1) / 2 - Double(label.count - 1) / 2
        let row = Int((Double(Self.rows - 1) * (1 - y * beyond) / 2).rounded())
        let start = Int(middle.rounded())
        guard cells.indices.contains(row), start >= 0, start + label.count <= Self.columns else { return }
        for (offset, character) in label.enumerated() { cells[row][start + offset] = String(character) }
    }
}
