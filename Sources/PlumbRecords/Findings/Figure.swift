/// A figure as data: what is shown, not how it is drawn.
public enum Figure: Sendable, Equatable {
    case heatMap(HeatMap)
    case lineChart(LineChart)
    case barChart(BarChart)
    case scatter(ScatterPlot)
    case vectors(VectorPlot)
    case grids(GridFigure)
    case histogram(Histogram)
    case prompts(PromptPanel)
    case text(TextPanel)

    /// The heading, whatever the kind.
    public var title: String {
        switch self {
        case .heatMap(let figure): figure.title
        case .lineChart(let figure): figure.title
        case .barChart(let figure): figure.title
        case .scatter(let figure): figure.title
        case .vectors(let figure): figure.title
        case .grids(let figure): figure.title
        case .histogram(let figure): figure.title
        case .prompts(let figure): figure.title
        case .text(let figure): figure.title
        }
    }
}

extension Figure: Codable {
    private enum CodingKeys: String, CodingKey { case kind }

    private enum Kind: String, Codable {
        case heatMap, lineChart, barChart, scatter, vectors, grids, histogram, prompts, text
    }

    public init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: CodingKeys.self).decode(Kind.self, forKey: .kind) {
        case .heatMap: self = .heatMap(try HeatMap(from: decoder))
        case .lineChart: self = .lineChart(try LineChart(from: decoder))
        case .barChart: self = .barChart(try BarChart(from: decoder))
        case .scatter: self = .scatter(try ScatterPlot(from: decoder))
        case .vectors: self = .vectors(try VectorPlot(from: decoder))
        case .grids: self = .grids(try GridFigure(from: decoder))
        case .histogram: self = .histogram(try Histogram(from: decoder))
        case .prompts: self = .prompts(try PromptPanel(from: decoder))
        case .text: self = .text(try TextPanel(from: decoder))
        }
    }

    /// The figure's members with its `kind` beside them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let (kind, figure): (Kind, any Encodable) =
            switch self {
            case .heatMap(let figure): (.heatMap, figure)
            case .lineChart(let figure): (.lineChart, figure)
            case .barChart(let figure): (.barChart, figure)
            case .scatter(let figure): (.scatter, figure)
            case .vectors(let figure): (.vectors, figure)
            case .grids(let figure): (.grids, figure)
            case .histogram(let figure): (.histogram, figure)
            case .prompts(let figure): (.prompts, figure)
            case .text(let figure): (.text, figure)
            }
        try container.encode(kind, forKey: .kind)
        try figure.encode(to: encoder)
    }
}

/// An axis of a chart.
public struct Axis: Codable, Sendable, Equatable {
    /// How values become places along the axis.
    public enum Scale: String, Codable, Sendable { case linear, logarithmic }

    /// What is measured, for example "layer".
    public var label: String
    /// Shown in brackets after the label; empty for none.
    public var unit: String
    /// Linear, or logarithmic for values above zero.
    public var scale: Scale

    /// An axis; linear unless said otherwise.
    public init(_ label: String, unit: String = "", scale: Scale = .linear) {
        self.label = label
        self.unit = unit
        self.scale = scale
    }
}

/// A value worth a line of its own, for example the clean and the corrupted logit difference.
public struct ReferenceValue: Codable, Sendable, Equatable {
    /// What is measured, for example "layer".
    public var label: String
    /// The value itself, in the unit of what it is drawn on.
    public var value: Double

    /// A named value.
    public init(_ label: String, _ value: Double) {
        self.label = label
        self.value = value
    }
}

/// Prose beside the figures.
public struct TextPanel: Codable, Sendable, Equatable {
    /// The heading, whatever the kind.
    public var title: String
    /// Paragraphs are separated by an empty line; there is no markup.
    public var text: String

    /// Prose under a heading.
    public init(title: String, text: String) {
        self.title = title
        self.text = text
    }
}
