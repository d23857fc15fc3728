internal import PlumbLearning
public import PlumbRecords

/// What the images made for one network show.
public struct VisualizationOutcome: Codable, Sendable {
    /// Images beside the data set and their controls.
    public var images: FeatureVisualizationStudy.Outcome
    /// Sets of images for units that respond to two classes; nil where there are none.
    public var facets: FacetStudy.Outcome?
    /// The share of unseen pictures that the network names, and that the judge names.
    public var accuracy: Double?, judge: Double?

    /// An outcome of these parts.
    public init(
        images: FeatureVisualizationStudy.Outcome, facets: FacetStudy.Outcome? = nil, accuracy: Double? = nil,
        judge: Double? = nil
    ) {
        (self.images, self.facets, self.accuracy, self.judge) = (images, facets, accuracy, judge)
    }
}

/// Tables and figures of images that units respond to.
public struct VisualizationFigures {
    private let outcomes: [VisualizationOutcome]
    private let measured: Measurements
    private let layerNames: [String]
    private let channels: String

    /// Tables and figures of what was found, an outcome a network.
    ///
    /// - Parameters:
    ///   - outcomes: of networks.
    ///   - measured: what makes tables of numbers.
    ///   - layers: the names of the layers, in order.
    ///   - channels: a sentence that says what red, green and blue are; empty for colors.
    public init(outcomes: [VisualizationOutcome], measured: Measurements, layers: [String], channels: String) {
        (self.outcomes, self.measured) = (outcomes, measured)
        (layerNames, self.channels) = (layers, channels)
    }

    /// A figure of units for each layer, of the first network.
    public var units: [ImageFigure] {
        zip(layerNames, outcomes.first?.images.panels ?? []).map { name, panels in
            ImageFigure(
                title: name.hasPrefix("convolution") ? "Units of \(name)" : "Units of the \(name)",
                caption:
                    "A row a unit, of the first seed: an image made of pixels, one made of plane waves, the three images of "
                    + "the data set that activate it most, and what its most active position sees of the first."
                    + (channels.isEmpty ? "" : " " + channels), panels: panels)
        }
    }

    /// Sets of images for units that respond to two classes, of the first network; nil where there are none.
    public var facets: ImageFigure? {
        outcomes.first?.facets.map { facets in
            ImageFigure(
                title: "What else a unit responds to",
                caption:
                    "Two signs a row: an image for the soft maximum of their logits made alone, images of a set that are made "
                    + "to differ, and an image for the logit that its heading names. After the colon is the sign that a "
                    + "network trained apart sees.", panels: facets.panels)
        }
    }

    /// Units that images raise above the data set, by layer.
    public var layers: Table {
        measured.table(
            "layers", title: "Units raised above the whole data set, by what the images were made for",
            rowLabel: "layer", columnLabel: "", rows: layerNames,
            columns: ["the unit", "the unit without training", "an uncorrelated direction"],
            cells: layerNames.indices.map { layer in
                (0..<3).map { kind in outcomes.map { $0.images.layers[layer][kind] } }
            }, unit: "of the units", band: .range)
    }

    /// How far each kind of image raises its unit.
    public var relative: BarChart {
        BarChart(
            title: "How far images raise the unit",
            caption:
                "Activation of the unit above its mean over the data set, by how far the strongest image of the data set is "
                + "above that mean; mean over units. Mean and range over \(outcomes.count) seeds.",
            categories: ["plane waves", "pixels", "without training", "uncorrelated direction", "any direction"],
            categoryLabel: "images",
            y: Axis("activation, 1 = strongest of the data set"),
            series: [
                measured.bars(
                    "images", (0..<5).map { kind in outcomes.map { $0.images.relative[kind] } }, band: .range)
            ])
    }
}
