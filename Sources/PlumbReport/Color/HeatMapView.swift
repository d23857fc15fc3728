import PlumbRecords

/// What a heat map shows: its table's values, or the normalized ones where it asks for them, with scale and references
/// in the same unit.
struct HeatMapView {
    let figure: HeatMap
    let table: Table
    /// `shown[row][column]`: what the cell's color stands for.
    let shown: [[Double]]
    let scale: ColorScale
    let references: [ReferenceValue]
    /// What a color means.
    let label: String
    let isNormalized: Bool
    private let decimals: Int

    init(_ figure: HeatMap, table: Table) {
        self.figure = figure
        self.table = table
        let normalization = figure.normalization.flatMap { $0.isUsable ? $0 : nil }
        isNormalized = normalization != nil
        let raw = table.values
        if let normalization {
            let convert = normalization.normalized
            shown = raw.map { $0.map(convert) }
            let ends = figure.domain.map { [convert($0.lower), convert($0.upper)].sorted() }
            let domain = ends.map { HeatMap.Domain($0[0], $0[1]) } ?? Self.reach(shown)
            scale = ColorScale(shown.flatMap { $0 }, domain: domain, center: figure.center.map(convert) ?? 0)
            references = figure.references.map { ReferenceValue($0.label, convert($0.value)) }
            label = normalization.label.isEmpty ? "normalized" : normalization.label
        } else {
            shown = raw
            scale = ColorScale(raw.flatMap { $0 }, domain: figure.domain, center: figure.center)
            references = figure.references
            label = figure.valueLabel.isEmpty ? table.unit : figure.valueLabel
        }
        decimals =
            isNormalized ? 2 : NumberText.decimals(for: [scale.lower, scale.upper] + references.map(\.value), limit: 3)
    }

    /// A normalized picture without a domain holds 0 and 1, and goes as far on both sides of 0.
    private static func reach(_ values: [[Double]]) -> HeatMap.Domain {
        let found = Proportion.bounds(values.joined()) ?? (0, 1)
        let reach = max(1, abs(found.least), abs(found.greatest))
        return HeatMap.Domain(-reach, reach)
    }

    /// The heading; a heat map that is called by its table's key takes the table's title.
    var title: String {
        guard figure.title == table.name, !table.title.isEmpty else { return figure.title }
        return table.title.prefix(1).uppercased() + table.title.dropFirst()
    }

    /// The number of a color, beside the bar or in a cell.
    func number(_ value: Double) -> String { NumberText.fixed(value, decimals: decimals) }

    /// What a cell says when it is pointed at: every digit of the table's value, and the normalized one before it.
    func sentence(_ row: Int, _ column: Int) -> String {
        let name =
            figure.columnsAreTokens
            ? "\(column) “\(VisibleText.token(table.columns[column]))”" : VisibleText.line(table.columns[column])
        var text = "\(table.rowLabel) \(VisibleText.line(table.rows[row])) · \(table.columnLabel) \(name): "
        let value = NumberText.exact(table.values[row][column]) + (table.unit.isEmpty ? "" : " \(table.unit)")
        if let written = figure.cellTexts[safe: row]?[safe: column] { text += "“\(VisibleText.token(written))” " }
        text += isNormalized ? "\(label) \(NumberText.value(shown[row][column], scale: 1)) (\(value))" : value
        if let lower = table.lower?[safe: row]?[safe: column], let upper = table.upper?[safe: row]?[safe: column] {
            text += " \(NumberText.range(lower, upper))"
        }
        return text
    }

    /// What the reader must know of colors that stand for more than one value; empty where none does.
    var clipping: String {
        var parts: [String] = []
        if let greatest = scale.beyond.upper { parts.append("values up to \(number(greatest)) have the last color") }
        if let least = scale.beyond.lower { parts.append("values down to \(number(least)) have the first color") }
        guard !parts.isEmpty else { return "" }
        return "The color bar is clipped: \(parts.joined(separator: ", and "))."
    }

    /// Ticks and references along the color bar; a tick that would touch a reference gives way.
    func barLabels(apart: Double) -> [(value: Double, text: String, isReference: Bool)] {
        let ticks = AxisScale.ticks(scale.lower, scale.upper, count: 5)
        func isFree(_ value: Double, _ labels: [(value: Double, text: String, isReference: Bool)]) -> Bool {
            !labels.contains { label in
                let (one, other) = (place(label.value), place(value))
                return abs(one - other) < apart
            }
        }
        var labels: [(value: Double, text: String, isReference: Bool)] = []
        for reference in references where isInside(reference.value) && isFree(reference.value, labels) {
            let text = NumberText.typographic(number(reference.value))
            labels.append((reference.value, "\(VisibleText.line(reference.label)) \(text)", true))
        }
        for tick in ticks where isInside(tick) && isFree(tick, labels) {
            labels.append((tick, AxisScale.label(tick, among: ticks), false))
        }
        return labels
    }

    private func isInside(_ value: Double) -> Bool { value >= scale.lower && value <= scale.upper }

    private func place(_ value: Double) -> Double { Proportion.of(value, from: scale.lower, to: scale.upper) ?? 0 }
}
