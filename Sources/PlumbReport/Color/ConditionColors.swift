import PlumbRecords

/// One color for each condition of a record: a series, group or bar of the same name has the same color in every figure.
///
/// Names get their colors in the order in which a reader meets them. Where a figure would need one color twice, the later
/// name takes the next free one.
struct ConditionColors {
    private var places: [String: Int] = [:]
    /// How many colors there are.
    static let count = SVGCanvas.Paint.lightSeries.count

    init() {}

    init(_ figures: [Figure]) {
        for figure in figures {
            for name in Self.names(figure) where places[name] == nil { places[name] = places.count }
        }
    }

    private static func names(_ figure: Figure) -> [String] {
        switch figure {
        case .lineChart(let chart): several(chart.series.map(\.name))
        case .barChart(let chart): several(chart.series.map(\.name))
        case .scatter(let chart): several(chart.groups.map(\.name))
        default: []
        }
    }

    /// The name of a lone series says what is measured, not under which condition.
    private static func several(_ names: [String]) -> [String] { names.count > 1 ? names : [] }

    /// The colors of a figure's names, in their order.
    func indices(_ names: [String]) -> [Int] {
        var used: Set<Int> = []
        var found: [Int] = []
        for (position, name) in names.enumerated() {
            var color = (places[name] ?? position) % Self.count
            if used.count < Self.count {
                while used.contains(color) { color = (color + 1) % Self.count }
            }
            used.insert(color)
            found.append(color)
        }
        return found
    }

    /// The color of each bar where categories are themselves conditions of the record; `nil` where none is.
    func ofCategories(_ chart: BarChart) -> [Int]? {
        guard chart.series.count == 1, chart.categories.contains(where: { places[$0] != nil }) else { return nil }
        let own = places[chart.series[0].name] ?? 0
        return chart.categories.map { (places[$0] ?? own) % Self.count }
    }
}
