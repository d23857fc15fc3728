/// Grids of cells side by side, with the path of an agent through each: what a gridworld or a maze looks like.
public struct GridFigure: Codable, Sendable, Equatable {
    /// A place in a grid, counted from 0 at the upper left.
    public struct Cell: Codable, Sendable, Hashable {
        /// The row, counted from 0 at the top.
        public var row: Int
        /// The column, counted from 0 at the left.
        public var column: Int

        /// A place.
        public init(_ row: Int, _ column: Int) {
            self.row = row
            self.column = column
        }
    }

    /// What a character in a grid means.
    public struct Glyph: Codable, Sendable, Equatable {
        /// How its cell is drawn.
        public enum Kind: String, Codable, Sendable {
            /// A filled cell that nothing enters.
            case wall
            /// An empty cell.
            case floor
            /// A disc in the first color.
            case agent
            /// A square in the color of goals.
            case goal
            /// A square in the color of hazards.
            case hazard
            /// A square in the color of other things.
            case object
            /// A letter on floor.
            case marker
        }
        /// One character.
        public var character: String
        /// In the legend, for example "lava"; empty for what needs no word.
        public var label: String
        /// What it stands for, which decides its color.
        public var kind: Kind

        /// A character with its meaning.
        public init(_ character: Character, _ label: String, _ kind: Kind) {
            self.character = String(character)
            self.label = label
            self.kind = kind
        }
    }

    /// One grid.
    public struct Panel: Codable, Sendable, Equatable {
        /// Written above it.
        public var title: String
        /// The characters of each row, all rows of one length.
        public var rows: [String]
        /// Where the agent went, in order.
        public var path: [Cell]
        /// A number for each cell, drawn as its color, shaped as the rows; NaN for none.
        public var values: [[Double]]?

        /// A grid and a path through it.
        public init(_ title: String, rows: [String], path: [Cell] = [], values: [[Double]]? = nil) {
            self.title = title
            self.rows = rows
            self.path = path
            self.values = values
        }

        /// The cells of the path that lie inside the grid: an edited record may name others.
        public var pathInside: [Cell] {
            let widths = rows.map(\.count)
            return path.filter { place in
                widths.indices.contains(place.row) && (0..<widths[place.row]).contains(place.column)
            }
        }
    }

    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// From left to right, then downwards.
    public var panels: [Panel]
    /// What the characters mean; one that is not listed is drawn as a letter on floor.
    public var legend: [Glyph]
    /// What a cell's number means, for example "value"; empty without numbers.
    public var valueLabel: String

    /// A figure from its panels.
    public init(title: String, caption: String, panels: [Panel], legend: [Glyph], valueLabel: String = "") {
        self.title = title
        self.caption = caption
        self.panels = panels
        self.legend = legend
        self.valueLabel = valueLabel
    }
}
