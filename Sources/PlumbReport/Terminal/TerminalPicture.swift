internal import PlumbBasics

/// A small picture as text, two rows of pixels a line: half blocks in color, or characters of growing density.
public struct TerminalPicture: Sendable, Equatable {
    private let width: Int
    private let height: Int
    /// Red, green and blue of each pixel, row by row.
    private let pixels: [RGB]
    private let caption: String

    /// - Parameters:
    ///   - width: pixels in a row.
    ///   - height: rows of pixels.
    ///   - channels: 3 for red, green and blue; of any other number the first counts as gray.
    ///   - pixels: from 0 for dark to 1 for bright, row by row, the channels of a pixel together.
    ///   - caption: what stands below.
    public init(width: Int, height: Int, channels: Int, pixels: [Float], caption: String) {
        require(
            width > 0 && height > 0 && channels > 0 && pixels.count == width * height * channels,
            "TerminalPicture: \(pixels.count) numbers are not \(height) × \(width) pixels of \(channels)")
        self.width = width
        self.height = height
        self.caption = caption
        self.pixels = (0..<width * height).map { index in
            func part(_ channel: Int) -> Double { Double(pixels[index * channels + (channels == 3 ? channel : 0)]) }
            return RGB(part(0), part(1), part(2))
        }
    }

    /// As many of `pictures` as fit side by side, with their captions below, as lines that each end in a line break.
    public static func row(_ pictures: [TerminalPicture], _ style: TerminalStyle = .plain) -> String {
        var shown: [(lines: [String], width: Int, caption: String)] = []
        var used = 0
        for picture in pictures {
            let small = picture.shrunk(to: style.width)
            guard shown.isEmpty || used + small.width <= style.width else { break }
            shown.append((small.lines(style), small.width, picture.caption))
            used += small.width + 2
        }
        var output = ""
        for line in 0..<(shown.map(\.lines.count).max() ?? 0) {
            let parts = shown.map { line < $0.lines.count ? $0.lines[line] : String(repeating: " ", count: $0.width) }
            output += parts.joined(separator: "  ").trimmingSuffix { $0 == " " } + "\n"
        }
        let captions = shown.map { picture in
            DisplayWidth.padded(
                DisplayWidth.truncated(VisibleText.line(picture.caption), to: picture.width), to: picture.width)
        }
        return output + style.apply(.dim, captions.joined(separator: "  ").trimmingSuffix { $0 == " " }) + "\n"
    }

    private func lines(_ style: TerminalStyle) -> [String] {
        stride(from: 0, to: height, by: 2).map { row in
            let cells = (0..<width).map { column in
                let top = pixels[row * width + column]
                let bottom = row + 1 < height ? pixels[(row + 1) * width + column] : RGB(0, 0, 0)
                return style.color >= .ansi256 ? style.halfBlock(top, bottom) : Self.character(top, bottom)
            }
            return cells.joined() + (style.color >= .ansi256 ? "\u{1B}[0m" : "")
        }
    }

    private static func character(_ top: RGB, _ bottom: RGB) -> String {
        let ramp = [" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"]
        let light = (top.red + top.green + top.blue + bottom.red + bottom.green + bottom.blue) / 6
        guard light.isFinite else { return "?" }
        return ramp[min(9, max(0, Int((light * 9).rounded())))]
    }

    /// The picture with so many neighboring pixels averaged that it is no wider than `limit`.
    private func shrunk(to limit: Int) -> TerminalPicture {
        let factor = (width + limit - 1) / max(1, limit)
        guard factor > 1 else { return self }
        let (columns, rows) = (max(1, width / factor), max(1, height / factor))
        var numbers: [Float] = []
        for row in 0..<rows {
            for column in 0..<columns {
                var sum = RGB(0, 0, 0)
                for y in row * factor..<min((row + 1) * factor, height) {
                    for x in column * factor..<(column + 1) * factor {
                        let pixel = pixels[y * width + x]
                        sum = RGB(sum.red + pixel.red, sum.green + pixel.green, sum.blue + pixel.blue)
                    }
                }
                let count = Double(factor * (min((row + 1) * factor, height) - row * factor))
                numbers += [sum.red, sum.green, sum.blue].map { Float($0 / count) }
            }
        }
        return TerminalPicture(width: columns, height: rows, channels: 3, pixels: numbers, caption: caption)
    }
}

extension TerminalStyle {
    /// One cell that shows two pixels, one above the other.
    fileprivate func halfBlock(_ top: RGB, _ bottom: RGB) -> String {
        func code(_ color: RGB, _ ground: Int) -> String {
            guard self.color == .trueColor else { return "\(ground);5;\(Self.paletteIndex(color))" }
            let (red, green, blue) = color.bytes
            return "\(ground);2;\(red);\(green);\(blue)"
        }
        return "\u{1B}[\(code(top, 38));\(code(bottom, 48))m▀"
    }
}
