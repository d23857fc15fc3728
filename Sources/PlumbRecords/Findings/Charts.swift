internal import PlumbBasics

/// Points joined by lines, one line a series.
public struct LineChart: Codable, Sendable, Equatable {
    /// One line with its values.
    public struct Series: Codable, Sendable, Equatable {
        /// The name in the legend.
        public var name: String
        /// Places along the horizontal axis.
        public var x: [Double]
        /// Values along the vertical axis.
        public var y: [Double]
        /// Ends of an interval at each point, drawn as a band.
        public var lower: [Double]?
        /// The upper ends, shaped as the lower ones.
        public var upper: [Double]?

        /// A line from its points.
        /// - Precondition: all arrays have one length.
        public init(
            _ name: String, x: [Double], y: [Double], lower: [Double]? = nil, upper: [Double]? = nil
        ) {
            requireEqualLengths(
                "LineChart.Series \"\(name)\"", [x.count, y.count, lower?.count, upper?.count])
            self.name = name
            self.x = x
            self.y = y
            self.lower = lower
            self.upper = upper
        }
    }

    /// A place along the horizontal axis worth a line of its own, for example where a phase of training begins.
    public struct Marker: Codable, Sendable, Equatable {
        /// Written above the line.
        public var label: String
        /// The place.
        public var x: Double

        /// A named place.
        public init(_ label: String, x: Double) {
            self.label = label
            self.x = x
        }
    }

    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// The horizontal axis.
    public var x: Axis
    /// The vertical axis.
    public var y: Axis
    /// In the order of the legend.
    public var series: [Series]
    /// Drawn as horizontal lines.
    public var references: [ReferenceValue]
    /// Drawn as vertical lines.
    public var markers: [Marker]

    /// A chart from its data.
    public init(
        title: String, caption: String, x: Axis, y: Axis, series: [Series],
        references: [ReferenceValue] = [], markers: [Marker] = []
    ) {
        self.title = title
        self.caption = caption
        self.x = x
        self.y = y
        self.series = series
        self.references = references
        self.markers = markers
    }
}

// A chart without markers is written, and read, as charts were before there were any.
extension KeyedEncodingContainer {
    mutating func encode(_ markers: [LineChart.Marker], forKey key: Key) throws {
        if !markers.isEmpty { try encodeIfPresent(Optional(markers), forKey: key) }
    }
}

extension KeyedDecodingContainer {
    func decode(_: [LineChart.Marker].Type, forKey key: Key) throws -> [LineChart.Marker] {
        try decodeIfPresent([LineChart.Marker].self, forKey: key) ?? []
    }
}

/// Bars from zero, one group a category.
public struct BarChart: Codable, Sendable, Equatable {
    /// The bars of one color.
    public struct Series: Codable, Sendable, Equatable {
        /// The name in the legend.
        public var name: String
        /// One value a category.
        public var values: [Double]
        /// Ends of an interval for each bar.
        public var lower: [Double]?
        /// The upper ends, shaped as the lower ones.
        public var upper: [Double]?

        /// A group of bars from its values.
        /// - Precondition: all arrays have one length.
        public init(_ name: String, values: [Double], lower: [Double]? = nil, upper: [Double]? = nil) {
            requireEqualLengths(
                "BarChart.Series \"\(name)\"", [values.count, lower?.count, upper?.count])
            self.name = name
            self.values = values
            self.lower = lower
            self.upper = upper
        }
    }

    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// One name a group of bars.
    public var categories: [String]
    /// What a category is, for example "head".
    public var categoryLabel: String
    /// The vertical axis.
    public var y: Axis
    /// In the order of the legend.
    public var series: [Series]
    /// Drawn as horizontal lines.
    public var references: [ReferenceValue]

    /// A chart from its data.
    public init(
        title: String, caption: String, categories: [String], categoryLabel: String, y: Axis,
        series: [Series],
        references: [ReferenceValue] = []
    ) {
        self.title = title
        self.caption = caption
        self.categories = categories
        self.categoryLabel = categoryLabel
        self.y = y
        self.series = series
        self.references = references
    }
}

/// Points in the plane, one color a group.
public struct ScatterPlot: Codable, Sendable, Equatable {
    /// Points of one color.
    public struct Group: Codable, Sendable, Equatable {
        /// The name in the legend.
        public var name: String
        /// Places along the horizontal axis.
        public var x: [Double]
        /// Values along the vertical axis.
        public var y: [Double]
        /// A name for each point, shown when it is pointed at.
        public var labels: [String]?

        /// Points from their coordinates.
        /// - Precondition: all arrays have one length.
        public init(_ name: String, x: [Double], y: [Double], labels: [String]? = nil) {
            requireEqualLengths("ScatterPlot.Group \"\(name)\"", [x.count, y.count, labels?.count])
            self.name = name
            self.x = x
            self.y = y
            self.labels = labels
        }
    }

    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// The horizontal axis.
    public var x: Axis
    /// The vertical axis.
    public var y: Axis
    /// In the order of the legend.
    public var groups: [Group]
    /// Whether to draw the line on which both coordinates are equal.
    public var showsDiagonal: Bool

    /// A chart from its data.
    public init(
        title: String, caption: String, x: Axis, y: Axis, groups: [Group], showsDiagonal: Bool = false
    ) {
        self.title = title
        self.caption = caption
        self.x = x
        self.y = y
        self.groups = groups
        self.showsDiagonal = showsDiagonal
    }
}

/// Counts in neighboring bins.
public struct Histogram: Codable, Sendable, Equatable {
    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// The horizontal axis.
    public var x: Axis
    /// What is counted, for example "heads".
    public var countLabel: String
    /// The bins' edges in rising order: one more than there are counts.
    public var edges: [Double]
    /// One count a bin.
    public var counts: [Double]
    /// Drawn as vertical lines.
    public var references: [ReferenceValue]

    /// A histogram from its bins.
    /// - Precondition: there is one more edge than counts.
    public init(
        title: String, caption: String, x: Axis, countLabel: String, edges: [Double], counts: [Double],
        references: [ReferenceValue] = []
    ) {
        require(
            edges.count == counts.count + 1,
            "Histogram \"\(title)\": \(counts.count) counts need \(counts.count + 1) edges, found \(edges.count)"
        )
        self.title = title
        self.caption = caption
        self.x = x
        self.countLabel = countLabel
        self.edges = edges
        self.counts = counts
        self.references = references
    }
}

private func requireEqualLengths(_ owner: String, _ lengths: [Int?]) {
    let present = lengths.compactMap { $0 }
    require(Set(present).count <= 1, "\(owner): arrays have different lengths \(present)")
}
