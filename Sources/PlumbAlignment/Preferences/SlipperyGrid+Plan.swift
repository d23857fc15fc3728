public import PlumbRecords
public import PlumbWorlds

extension SlipperyGrid {
    /// Where a plan leads from `cell` when nothing slips, up to a cell it has been in.
    public func path(of plan: [Int], from cell: Int) -> [Int] {
        var (path, seen) = ([cell], Set([cell]))
        while let last = path.last {
            let next = target(of: actions[plan[last]], from: last)
            guard seen.insert(next).inserted else { break }
            path.append(next)
        }
        return path
    }

    /// A reward of each cell, with the path of a plan from the upper left corner.
    ///
    /// - Parameters:
    ///   - reward: one a cell, row by row; shown with its lowest as 0 and its highest as 1.
    ///   - plan: the index of an action for each cell.
    public func panel(_ title: String, reward: [Double], plan: [Int]) -> GridFigure.Panel {
        let (least, most) = (reward.min() ?? 0, reward.max() ?? 1)
        let scaled = reward.map { most > least ? ($0 - least) / (most - least) : 0 }
        return GridFigure.Panel(
            title,
            rows: (0..<rows).map { ($0 == 0 ? "A" : " ") + String(repeating: " ", count: columns - 1) },
            path: path(of: plan, from: 0).map { GridFigure.Cell($0 / columns, $0 % columns) },
            values: (0..<rows).map { Array(scaled[$0 * columns..<($0 + 1) * columns]) })
    }
}

extension GridFigure {
    /// Rewards and plans as `SlipperyGrid.panel(_:reward:plan:)` draws them.
    public static func rewards(title: String, caption: String, panels: [Panel]) -> GridFigure {
        GridFigure(
            title: title, caption: caption, panels: panels,
            legend: [Glyph("A", "start", .agent), Glyph(" ", "", .floor)],
            valueLabel: "reward, from lowest to highest")
    }
}
