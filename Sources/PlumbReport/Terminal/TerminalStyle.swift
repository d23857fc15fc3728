import Foundation

/// What a terminal, or a file that stands in its place, can show.
public struct TerminalStyle: Sendable, Equatable {
    /// How many colors there are.
    public enum ColorDepth: Int, Sendable, Comparable {
        /// No escape sequences at all.
        case none
        /// Bold, dim and the sixteen basic colors.
        case basic
        /// The palette of 256 colors.
        case ansi256
        /// Red, green and blue in 256 steps each.
        case trueColor

        /// Whether the left one has fewer colors.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The width in columns.
    public var width: Int
    /// How many colors may be used.
    public var color: ColorDepth

    /// A style for `width` columns, at least 20.
    public init(width: Int = 80, color: ColorDepth = .none) {
        self.width = max(20, width)
        self.color = color
    }

    /// Plain text, 80 columns: what a pipe gets.
    public static let plain = TerminalStyle()

    /// The style that an environment asks for: no color for `NO_COLOR`, `TERM=dumb` or anything that is no terminal.
    public static func detect(environment: [String: String], isTerminal: Bool, width: Int?) -> TerminalStyle {
        let columns = width ?? environment["COLUMNS"].flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil } ?? 80
        let term = environment["TERM"] ?? ""
        guard isTerminal, environment["NO_COLOR", default: ""].isEmpty, !term.isEmpty, term != "dumb" else {
            return TerminalStyle(width: columns, color: .none)
        }
        let rich = ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") || term.hasSuffix("-direct")
        return TerminalStyle(width: columns, color: rich ? .trueColor : term.contains("256") ? .ansi256 : .basic)
    }

    /// The style of an open file, usually standard output (1) or standard error (2).
    public static func current(descriptor: Int32 = 1) -> TerminalStyle {
        detect(
            environment: ProcessInfo.processInfo.environment, isTerminal: isatty(descriptor) == 1,
            width: windowWidth(descriptor))
    }

    /// `text` in indented lines that stay within the terminal, and within what is easily read.
    public func paragraph(_ text: String, indent: String = "  ") -> String {
        DisplayWidth.wrapped(text, to: min(width, 98) - indent.count).map { indent + $0 }.joined(separator: "\n")
    }

    /// A heading in as many lines as it needs.
    func heading(_ text: String) -> String {
        DisplayWidth.wrapped(VisibleText.line(text), to: width).map { apply(.bold, $0) + "\n" }.joined()
    }

    private static func windowWidth(_ descriptor: Int32) -> Int? {
        var window = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0 else { return nil }
        return Int(window.ws_col)
    }
}

extension TerminalStyle {
    enum Emphasis: String {
        case bold = "1"
        case dim = "2"
        case good = "32"
        case bad = "31"
        case accent = "36"
    }

    func apply(_ emphasis: Emphasis, _ text: String) -> String {
        color == .none || text.isEmpty ? text : "\u{1B}[\(emphasis.rawValue)m\(text)\u{1B}[0m"
    }

    /// Text on a colored ground, in whichever of black and white reads better on it.
    func apply(background: RGB, _ text: String) -> String {
        switch color {
        case .none, .basic: return text
        case .ansi256:
            return
                "\u{1B}[48;5;\(Self.paletteIndex(background));38;5;\(Self.paletteIndex(background.ink))m\(text)\u{1B}[0m"
        case .trueColor:
            let (red, green, blue) = background.bytes
            let ink = background.ink.bytes
            return "\u{1B}[48;2;\(red);\(green);\(blue);38;2;\(ink.red);\(ink.green);\(ink.blue)m\(text)\u{1B}[0m"
        }
    }

    /// The nearest color of the 256-color palette: a 6×6×6 cube and a ramp of 24 grays.
    static func paletteIndex(_ color: RGB) -> Int {
        let levels = [0, 95, 135, 175, 215, 255]
        let (red, green, blue) = color.bytes
        func nearest(_ part: Int) -> Int {
            levels.indices.min { abs(levels[$0] - part) < abs(levels[$1] - part) } ?? 0
        }
        func distance(_ r: Int, _ g: Int, _ b: Int) -> Int {
            (r - red) * (r - red) + (g - green) * (g - green) + (b - blue) * (b - blue)
        }
        let cube = [nearest(red), nearest(green), nearest(blue)]
        let gray = min(23, max(0, ((red + green + blue) / 3 - 3) / 10))
        let level = 8 + 10 * gray
        let cubeDistance = distance(levels[cube[0]], levels[cube[1]], levels[cube[2]])
        return distance(level, level, level) < cubeDistance ? 232 + gray : 16 + 36 * cube[0] + 6 * cube[1] + cube[2]
    }
}
