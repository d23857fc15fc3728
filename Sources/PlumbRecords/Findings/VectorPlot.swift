/// Arrows from the origin of a plane, side by side in panels of one scale: how a model lays out its features.
///
/// After the figures of Elhage et al. 2022 (arXiv:2209.10652).
public struct VectorPlot: Codable, Sendable, Equatable {
    /// One arrow.
    public struct Vector: Codable, Sendable, Equatable {
        /// Its name, written at its tip where there is room.
        public var label: String
        /// Where it ends, to the right.
        public var x: Double
        /// Where it ends, upwards.
        public var y: Double
        /// What its color says, for example the feature's importance.
        public var value: Double

        /// An arrow from the origin to (`x`, `y`).
        public init(_ label: String, x: Double, y: Double, value: Double) {
            self.label = label
            self.x = x
            self.y = y
            self.value = value
        }
    }

    /// Arrows of one origin.
    public struct Panel: Codable, Sendable, Equatable {
        /// Written above it, for example "sparsity 0.9".
        public var title: String
        /// From back to front.
        public var vectors: [Vector]

        /// A panel of arrows.
        public init(_ title: String, vectors: [Vector]) {
            self.title = title
            self.vectors = vectors
        }
    }

    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// From left to right, then downwards; all have one scale, equal in both directions.
    public var panels: [Panel]
    /// What the colors mean, for example "importance".
    public var valueLabel: String

    /// A figure from its panels.
    public init(title: String, caption: String, panels: [Panel], valueLabel: String) {
        self.title = title
        self.caption = caption
        self.panels = panels
        self.valueLabel = valueLabel
    }
}
