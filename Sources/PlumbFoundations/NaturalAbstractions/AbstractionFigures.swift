internal import PlumbLearning
public import PlumbRecords

/// Figures of what stays known far away.
public enum AbstractionFigures {
    /// What is left of the first state.
    public static func telephone(_ steps: [Int], _ two: [Double], _ one: [Double]) -> LineChart {
        let x = steps.map(Double.init)
        return LineChart(
            title: "What the first state tells of the last",
            caption:
                "Ten states in two closed circles of five, and in one of ten. What no step changes, which circle it is, "
                + "stays: ln 2 nats.",
            x: Axis("steps", scale: .logarithmic), y: Axis("information", unit: "nats"),
            series: [LineChart.Series("two circles", x: x, y: two), LineChart.Series("one circle", x: x, y: one)])
    }

    /// One picture, the objects, and the chunks that were found.
    public static func scene(_ scene: SceneStudy.Outcome) -> GridFigure {
        let side = SceneStudy.side
        func rows(_ groups: [[Int]], _ characters: [Character]) -> [String] {
            var cells = [Character](repeating: ".", count: side * side)
            for (group, character) in zip(groups, characters) {
                for pixel in group { cells[pixel] = character }
            }
            return (0..<side).map { String(cells[$0 * side..<($0 + 1) * side]) }
        }
        let values = (0..<side).map { Array(scene.picture[$0 * side..<($0 + 1) * side]) }
        return GridFigure(
            title: "Pixels that tell of each other at a distance",
            caption:
                "Left one of the pictures, in the middle the objects as drawn, right the chunks that were found in all "
                + "pictures.",
            panels: [
                GridFigure.Panel("a picture", rows: rows([], []), values: values),
                GridFigure.Panel("as drawn", rows: rows(scene.objects, ["t", "b"])),
                GridFigure.Panel("as found", rows: rows(scene.chunks, Array("tbxxxxxx"))),
            ],
            legend: [
                GridFigure.Glyph(".", "", .floor), GridFigure.Glyph("t", "table, or the largest chunk", .object),
                GridFigure.Glyph("b", "bottle, or the second chunk", .goal),
                GridFigure.Glyph("x", "further chunks", .hazard),
            ], valueLabel: "shade")
    }

    /// Information between two pixels against their distance.
    public static func decay(_ scenes: [SceneStudy.Outcome], _ measured: Measurements) -> LineChart {
        let distances = (1...12).map(Double.init)
        return LineChart(
            title: "Texture is forgotten, shade is not",
            caption:
                "Mean information between two pixels of one object, and of the background, against their distance.",
            x: Axis("distance", unit: "pixels"), y: Axis("information", unit: "nats"),
            series: [
                measured.line("object", over: distances, curves: scenes.map { $0.decay[0] }),
                measured.line("background", over: distances, curves: scenes.map { $0.decay[1] }),
            ])
    }

    /// The rank of log-likelihoods against how many locations are asked for.
    public static func ranks(
        _ grids: [Int], _ gaussian: [[Int]], _ cauchy: [[Int]], _ measured: Measurements
    ) -> LineChart {
        let x = grids.map(Double.init)
        return LineChart(
            title: "A summary of fixed size",
            caption: "Numbers that summarize samples of four, for the likelihood of so many "
                + "locations.",
            x: Axis("locations"), y: Axis("rank"),
            series: [
                measured.line("Gaussian", over: x, curves: gaussian.map { $0.map(Double.init) }),
                measured.line("Cauchy", over: x, curves: cauchy.map { $0.map(Double.init) }),
            ])
    }
}
