/// A figure as data: what is shown, not how it is drawn.
public enum Figure: Sendable, Equatable {
    /// A table as colored cells.
    case heatMap(HeatMap)
    /// Points joined by lines.
    case lineChart(LineChart)
    /// Bars from zero.
    case barChart(BarChart)
    /// Points in the plane.
    case scatter(ScatterPlot)
    /// Arrows from the origin of a plane.
    case vectors(VectorPlot)
    /// Gridworlds or mazes with paths.
    case grids(GridFigure)
    /// Nodes joined by arrows.
    case graph(GraphFigure)
    /// Pictures side by side.
    case images(ImageFigure)
    /// Counts in neighboring bins.
    case histogram(Histogram)
    /// Prompts token by token.
    case prompts(PromptPanel)
    /// Prose beside the figures.
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
        case .graph(let figure): figure.title
        case .images(let figure): figure.title
        case .histogram(let figure): figure.title
        case .prompts(let figure): figure.title
        case .text(let figure): figure.title
        }
    }
}

extension Figure: Codable {
    private enum CodingKeys: String, CodingKey { case kind }

    private enum Kind: String, Codable {
        case heatMap, lineChart, barChart, scatter, vectors, grids, graph, images, histogram, prompts, text
    }

    /// Reads the figure of the `kind` that stands beside its members.
    /// - Throws: `DecodingError` when the kind is unknown or a member is missing.
    public init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: CodingKeys.self).decode(Kind.self, forKey: .kind) {
        case .heatMap: self = .heatMap(try HeatMap(from: decoder))
        case .lineChart: self = .lineChart(try LineChart(from: decoder))
        case .barChart: self = .barChart(try BarChart(from: decoder))
        case .scatter: self = .scatter(try ScatterPlot(from: decoder))
        case .vectors: self = .vectors(try VectorPlot(from: decoder))
        case .grids: self = .grids(try GridFigure(from: decoder))
        case .graph: self = .graph(try GraphFigure(from: decoder))
        case .images: self = .images(try ImageFigure(from: decoder))
        case .histogram: self = .histogram(try Histogram(from: decoder))
        case .prompts: self = .prompts(try PromptPanel(from: decoder))
        case .text: self = .text(try TextPanel(from: decoder))
        }
    }

    /// Writes the figure's members with its `kind` beside them.
    /// - Throws: `EncodingError` when a member cannot be encoded.
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
            case .graph(let figure): (.graph, figure)
            case .images(let figure): (.images, figure)
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
    public enum Scale: String, Codable, Sendable {
        /// Equal differences are equally far apart.
        case linear
        /// Equal ratios are equally far apart; for values above zero.
        case logarithmic
    }

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
    /// What the value is, for example "clean".
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
    /// The heading.
    public var title: String
    /// Paragraphs are separated by an empty line; there is no markup.
    public var text: String

    /// Prose under a heading.
    public init(title: String, text: String) {
        self.title = title
        self.text = text
    }
}
