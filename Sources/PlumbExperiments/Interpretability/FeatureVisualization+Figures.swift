internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbRobustness
internal import PlumbTensor

// Pictures and tables of images that units respond to.

extension FeatureVisualization {
    func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let images =
            "Images made for a unit raise it above the whole data set for \(percent(Self.raised)) of units, images made for "
            + "the network without training for \(percent(Self.untrained)), for a random direction for "
            + "\(percent(Self.direction)). \(percent(Self.low)) of their energy lies at low frequencies where they are made "
            + "of plane waves, and \(percent(Self.lowPixels)) where of pixels."
        guard settings.subject == .signs else { return images }
        return images
            + " For a logit that answers to two signs, \(percent(Self.both)) of sets of diverse images show both, and "
            + "\(percent(Self.bothPlain)) of sets without diversity."
    }

    private var layerNames: [String] {
        let convolutions = settings.subject == .signs ? settings.signs.signChannels.count : 2
        return (1...convolutions).map { "convolution \($0)" } + ["hidden layer"]
    }

    func pictures(_ outcomes: [Outcome]) -> [FindingsPart] {
        let explained =
            settings.subject == .signs
            ? "" : " Red shows walls, green the agent, blue the cheese."
        var parts = zip(layerNames, outcomes.first?.images.panels ?? []).map { name, panels in
            FindingsPart.figure(
                .images(
                    ImageFigure(
                        title: "Units of the \(name)".replacing("the convolution", with: "convolution"),
                        caption:
                            "A row a unit, of the first seed: an image made of pixels, one made of plane waves, the three "
                            + "images of the data set that activate it most, and what its most active position sees of the "
                            + "first.\(explained)", panels: panels)))
        }
        if let facets = outcomes.first?.facets {
            parts.append(
                .figure(
                    .images(
                        ImageFigure(
                            title: "What else a unit responds to",
                            caption:
                                "Images made for the logit that answers to \(settings.signs.firstMerged.title) and "
                                + "\(settings.signs.secondMerged.title): a row without diversity and a row with it; and for a "
                                + "logit that answers to one sign, with diversity. Below each heading is what a network trained "
                                + "apart sees. \(settings.facets.facetImages) consecutive images are a set.",
                            panels: facets.panels))))
        }
        return parts
    }

    func layers(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "layers", title: "Units raised above the whole data set, by what the images were made for",
            rowLabel: "layer", columnLabel: "", rows: layerNames,
            columns: ["the unit", "the unit without training", "a random direction"],
            cells: layerNames.indices.map { layer in
                (0..<3).map { kind in outcomes.map { $0.images.layers[layer][kind] } }
            }, unit: "of the units", band: .range)
    }

    func relative(_ outcomes: [Outcome], _ measured: Measurements) -> BarChart {
        BarChart(
            title: "How far images raise the unit",
            caption:
                "Activation of the unit above its mean over the data set, by how far the strongest image of the data set is "
                + "above that mean; mean over units. Mean and range over \(settings.seeds) seeds.",
            categories: ["plane waves", "pixels", "without training", "random direction"], categoryLabel: "images",
            y: Axis("activation, 1 = strongest of the data set"),
            series: [
                measured.bars(
                    "images", (0..<4).map { kind in outcomes.map { $0.images.relative[kind] } }, band: .range)
            ])
    }
}
