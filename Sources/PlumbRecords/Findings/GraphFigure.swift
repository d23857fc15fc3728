/// Directed graphs side by side: influence diagrams, Kripke frames, the goals of a safety case, a circuit.
public struct GraphFigure: Codable, Sendable, Equatable {
    /// The outline of a node.
    public enum Shape: String, Codable, Sendable, CaseIterable {
        /// A rectangle: a decision, a goal.
        case box
        /// A rectangle with round ends: a context.
        case rounded
        /// An ellipse: a chance node.
        case ellipse
        /// A circle: a world, a piece of evidence.
        case circle
        /// A diamond: a utility.
        case diamond
        /// A parallelogram: a strategy.
        case parallelogram
    }

    /// What is said of a node by its color, and by a mark before its label.
    public enum Tone: String, Codable, Sendable, CaseIterable {
        /// Nothing.
        case plain
        /// It is what the figure is about.
        case accent
        /// It holds: a check mark.
        case good
        /// It fails: a cross.
        case bad
        /// It is undecided: a dashed outline.
        case open
    }

    /// One node.
    public struct Node: Codable, Sendable, Equatable {
        /// How edges name it, one node of a panel each.
        public var id: String
        /// What is written in it.
        public var label: String
        /// Its outline.
        public var shape: Shape
        /// What its color says.
        public var tone: Tone
        /// Shown when it is pointed at; empty for none.
        public var note: String

        /// A node; a plain box unless said otherwise, with its id as its label.
        public init(_ id: String, label: String? = nil, _ shape: Shape = .box, tone: Tone = .plain, note: String = "") {
            self.id = id
            self.label = label ?? id
            self.shape = shape
            self.tone = tone
            self.note = note
        }
    }

    /// One arrow.
    public struct Edge: Codable, Sendable, Equatable {
        /// How its line is drawn.
        public enum Line: String, Codable, Sendable {
            /// A thin line.
            case solid
            /// A dashed line: information, context.
            case dashed
            /// A line in the first color: the path that the figure is about.
            case strong
        }

        /// The id of the node that it leaves.
        public var from: String
        /// The id of the node that it enters.
        public var to: String
        /// Written beside it; empty for none.
        public var label: String
        /// How its line is drawn.
        public var line: Line

        /// An arrow between two nodes of its panel.
        public init(_ from: String, _ to: String, label: String = "", _ line: Line = .solid) {
            self.from = from
            self.to = to
            self.label = label
            self.line = line
        }
    }

    /// One graph.
    public struct Panel: Codable, Sendable, Equatable {
        /// Written above it.
        public var title: String
        /// Nodes that no edge orders stand in this order.
        public var nodes: [Node]
        /// Arrows between the nodes.
        public var edges: [Edge]

        /// A graph.
        public init(_ title: String, nodes: [Node], edges: [Edge]) {
            self.title = title
            self.nodes = nodes
            self.edges = edges
        }
    }

    /// Where most arrows point.
    public enum Direction: String, Codable, Sendable {
        /// From the top to the bottom.
        case down
        /// From the left to the right.
        case right
    }

    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// From left to right, then downwards.
    public var panels: [Panel]
    /// Where most arrows point.
    public var direction: Direction

    /// A figure from its panels.
    public init(title: String, caption: String, panels: [Panel], direction: Direction = .down) {
        self.title = title
        self.caption = caption
        self.panels = panels
        self.direction = direction
    }
}
