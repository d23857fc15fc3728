import Foundation

/// Collects the elements of one drawing.
///
/// Every element carries its light color as an attribute, so that a drawing taken out of its page is complete; a class
/// beside it lets the page's style sheet replace the color in dark mode.
struct SVGCanvas {
    var width: Double
    var height: Double
    private var body = ""

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// How an element's text sits at its point.
    enum Anchor: String { case start, middle, end }

    /// Colors by their part in a drawing.
    enum Paint: Equatable {
        case ink
        case faint
        case rule
        case grid
        case paper
        case series(Int)

        static let lightSeries = [0x1F6FB2, 0xC8560F, 0x0B8A6A, 0xB0568F, 0xB8860B, 0x3A9CC4, 0x6A51A3, 0x5A5F66]
        static let darkSeries = [0x5AA9E6, 0xF08A4B, 0x3CC6A0, 0xE29BC8, 0xE6B84A, 0x86CDEB, 0xAF9CEB, 0xB4BAC2]

        var name: String {
            switch self {
            case .ink: "ink"
            case .faint: "faint"
            case .rule: "rule"
            case .grid: "grid"
            case .paper: "paper"
            case .series(let index): "c\(index % Self.lightSeries.count)"
            }
        }

        var light: String {
            switch self {
            case .ink: "#1c1f24"
            case .faint: "#5b626c"
            case .rule: "#8b929c"
            case .grid: "#e3e5e8"
            case .paper: "#ffffff"
            case .series(let index): RGB(hex: Self.lightSeries[index % Self.lightSeries.count]).hex
            }
        }

        var fill: String { "class=\"f-\(name)\" fill=\"\(light)\"" }
        var stroke: String { "class=\"s-\(name)\" stroke=\"\(light)\"" }
    }

    /// - Parameter title: shown when the element is pointed at, and read out.
    mutating func rect(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ attributes: String, title: String? = nil
    ) {
        let start =
            "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(0, width)))\" height=\"\(n(max(0, height)))\" \(attributes)"
        body += title.map { "\(start)><title>\($0)</title></rect>\n" } ?? "\(start)/>\n"
    }

    /// - Parameter png: a PNG file; its pixels are drawn as squares.
    mutating func image(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ png: Data, title: String) {
        body +=
            "<image x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\" "
            + "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,\(png.base64EncodedString())\">"
            + "<title>\(title)</title></image>\n"
    }

    mutating func circle(_ x: Double, _ y: Double, radius: Double, _ attributes: String, title: String? = nil) {
        let start = "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\" \(attributes)"
        body += title.map { "\(start)><title>\($0)</title></circle>\n" } ?? "\(start)/>\n"
    }

    mutating func ellipse(
        _ x: Double, _ y: Double, _ horizontal: Double, _ vertical: Double, _ attributes: String, title: String? = nil
    ) {
        let start = "<ellipse cx=\"\(n(x))\" cy=\"\(n(y))\" rx=\"\(n(horizontal))\" ry=\"\(n(vertical))\" \(attributes)"
        body += title.map { "\(start)><title>\($0)</title></ellipse>\n" } ?? "\(start)/>\n"
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ attributes: String) {
        body += "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\" \(attributes)/>\n"
    }

    mutating func path(
        _ points: [(x: Double, y: Double)], isClosed: Bool = false, _ attributes: String, title: String? = nil
    ) {
        guard !points.isEmpty else { return }
        let data = points.enumerated().map { ($0.offset == 0 ? "M" : "L") + "\(n($0.element.x)) \(n($0.element.y))" }
        let start = "<path d=\"\(data.joined())\(isClosed ? "Z" : "")\" \(attributes)"
        body += title.map { "\(start)><title>\($0)</title></path>\n" } ?? "\(start)/>\n"
    }

    /// - Parameters:
    ///   - markup: the text, already escaped.
    ///   - turn: degrees clockwise about the text's own point.
    mutating func text(
        _ x: Double, _ y: Double, _ markup: String, anchor: Anchor = .start, size: Double = 11, paint: Paint = .ink,
        isBold: Bool = false, turn: Double = 0
    ) {
        var attributes = "x=\"\(n(x))\" y=\"\(n(y))\" font-size=\"\(n(size))\" \(paint.fill)"
        if anchor != .start { attributes += " text-anchor=\"\(anchor.rawValue)\"" }
        if isBold { attributes += " font-weight=\"600\"" }
        if turn != 0 { attributes += " transform=\"rotate(\(n(turn)) \(n(x)) \(n(y)))\"" }
        body += "<text \(attributes)>\(markup)</text>\n"
    }

    mutating func raw(_ markup: String) { body += markup }

    /// The drawing as one element that is a valid file by itself.
    /// - Parameter label: what it shows, already escaped.
    func render(label: String) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(n(width)) \(n(height))" width="\(n(width))" \
        height="\(n(height))" role="img" aria-label="\(label)" \
        font-family="system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">
        \(body)</svg>
        """
    }

    private func n(_ value: Double) -> String { Self.number(value) }

    /// A coordinate with at most two decimals.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() && abs(rounded) < 1e9 ? String(Int(rounded)) : String(rounded)
    }

    /// How wide a text is in a common sans-serif font, rather too wide than too narrow.
    static func width(of text: String, size: Double) -> Double { text.reduce(0) { $0 + advance(of: $1) } * size * 1.07 }

    /// A character's width in units of the font's size, after the metrics that common sans-serif fonts share.
    private static func advance(of character: Character) -> Double {
        switch character {
        case "i", "j", "l", "'", "|", ",", ".", ":", ";", "!", "I", " ", "·": 0.28
        case "f", "t", "r", "(", ")", "[", "]", "-", "/", "\"", "⁻": 0.35
        case "c", "k", "s", "v", "x", "y", "z", "J": 0.51
        case "m", "w", "M", "W", "@", "%", "—", "…": 0.88
        case "A"..."Z": 0.71
        default: character.isASCII ? 0.57 : Double(DisplayWidth.of(character)) * 0.6
        }
    }

    /// Words in lines no wider than `room`; a word that is wider has a line of its own.
    static func lines(_ text: String, size: Double, room: Double) -> [String] {
        var lines: [String] = []
        for word in VisibleText.line(text).split(separator: " ") {
            if let last = lines.last, width(of: last + " " + word, size: size) <= room {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// A line of text in `size`, or smaller where the room is too small for it; in full where even that does not fit.
    mutating func fitted(
        _ x: Double, _ y: Double, _ text: String, room: Double, anchor: Anchor = .start, size: Double = 11,
        paint: Paint = .ink, turn: Double = 0
    ) {
        let shown = VisibleText.line(text)
        let needed = Self.width(of: shown, size: size)
        let smaller = needed > room ? max(7, size * room / needed) : size
        // What does not fit even then is cut in the drawing, and whole when pointed at.
        let letters = Int(Double(shown.count) * room / max(1, Self.width(of: shown, size: smaller)))
        guard letters < shown.count else {
            return self.text(x, y, Markup.escape(shown), anchor: anchor, size: smaller, paint: paint, turn: turn)
        }
        let cut = DisplayWidth.truncated(shown, to: max(4, letters))
        self.text(
            x, y, Markup.escape(cut) + "<title>\(Markup.escape(shown))</title>", anchor: anchor, size: smaller,
            paint: paint, turn: turn)
    }
}
