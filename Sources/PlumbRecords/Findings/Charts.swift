/// Points joined by lines, one line a series.
public struct LineChart: Codable, Sendable, Equatable {
    public struct Series: Codable, Sendable, Equatable {
        public var name: String
        public var x: [Double]
        public var y: [Double]
        /// Ends of an interval at each point, drawn as a band.
        public var lower: [Double]?
        public var upper: [Double]?

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

    public var title: String
    public var caption: String
    public var x: Axis
    public var y: Axis
    public var series: [Series]
    /// Drawn as horizontal lines.
    public var references: [ReferenceValue]

    public init(
        title: String, caption: String, x: Axis, y: Axis, series: [Series],
        references: [ReferenceValue] = []
    ) {
        self.title = title
        self.caption = caption
        self.x = x
        self.y = y
        self.series = series
        self.references = references
    }
}

/// Bars from zero, one group a category.
public struct BarChart: Codable, Sendable, Equatable {
    public struct Series: Codable, Sendable, Equatable {
        public var name: String
        /// One value a category.
        public var values: [Double]
        /// Ends of an interval for each bar.
        public var lower: [Double]?
        public var upper: [Double]?

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

    public var title: String
    public var caption: String
    public var categories: [String]
    /// What a category is, for example "head".
    public var categoryLabel: String
    public var y: Axis
    public var series: [Series]
    /// Drawn as horizontal lines.
    public var references: [ReferenceValue]

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

/// Points in the plane, one colour a group.
public struct ScatterPlot: Codable, Sendable, Equatable {
    public struct Group: Codable, Sendable, Equatable {
        public var name: String
        public var x: [Double]
        public var y: [Double]
        /// A name for each point, shown when it is pointed at.
        public var labels: [String]?

        /// - Precondition: all arrays have one length.
        public init(_ name: String, x: [Double], y: [Double], labels: [String]? = nil) {
            requireEqualLengths("ScatterPlot.Group \"\(name)\"", [x.count, y.count, labels?.count])
            self.name = name
            self.x = x
            self.y = y
            self.labels = labels
        }
    }

    public var title: String
    public var caption: String
    public var x: Axis
    public var y: Axis
    public var groups: [Group]
    /// Whether to draw the line on which both coordinates are equal.
    public var showsDiagonal: Bool

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

/// Counts in neighbouring bins.
public struct Histogram: Codable, Sendable, Equatable {
    public var title: String
    public var caption: String
    public var x: Axis
    /// What is counted, for example "heads".
    public var countLabel: String
    /// The bins' borders in rising order: one more than there are counts.
    public var edges: [Double]
    public var counts: [Double]
    /// Drawn as vertical lines.
    public var references: [ReferenceValue]

    /// - Precondition: there is one more edge than counts.
    public init(
        title: String, caption: String, x: Axis, countLabel: String, edges: [Double], counts: [Double],
        references: [ReferenceValue] = []
    ) {
        precondition(
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
    precondition(Set(present).count <= 1, "\(owner): arrays have different lengths \(present)")
}
