public import PlumbRecords

/// Pictures as text, as many side by side as fit, with their titles below.
public struct TerminalImages: Sendable {
    private let figure: ImageFigure
    /// More pictures than this are left to the page.
    private static let most = 8

    /// The text of one figure.
    public init(_ figure: ImageFigure) { self.figure = figure }

    /// Title and pictures, each line with its line break.
    public func render(_ style: TerminalStyle = .plain) -> String {
        let pictures = figure.panels.prefix(Self.most).compactMap { panel in
            panel.levels.map { levels in
                TerminalPicture(
                    width: panel.width, height: panel.height, channels: 3, pixels: levels.map { Float($0) / 255 },
                    caption: panel.title)
            }
        }
        var output = style.heading(figure.title)
        var waiting = pictures[...]
        let abreast = max(1, style.width / ((figure.panels.map(\.width).max() ?? 1) + 2))
        while !waiting.isEmpty {
            output += TerminalPicture.row(Array(waiting.prefix(abreast)), style)
            waiting = waiting.dropFirst(abreast)
        }
        let left = figure.panels.count - pictures.count
        return left > 0 ? output + style.apply(.dim, "and \(left) more in the report") + "\n" : output
    }
}
