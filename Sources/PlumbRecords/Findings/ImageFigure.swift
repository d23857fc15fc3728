internal import PlumbBasics

/// Pictures side by side: what a network saw.
public struct ImageFigure: Codable, Sendable, Equatable {
    /// One picture.
    public struct Panel: Codable, Sendable, Equatable {
        /// Written above it.
        public var title: String
        /// Rows of pixels.
        public var height: Int
        /// Pixels in a row.
        public var width: Int
        /// Red, green and blue of each pixel as six hexadecimal digits, row after row: `ff0000` is a red pixel.
        public var pixels: String

        /// A picture from its numbers, which are rounded to 256 levels.
        ///
        /// - Parameter values: from 0 for dark to 1 for bright, row after row, the channels of a pixel together; values
        ///   outside count as the nearer end.
        /// - Precondition: there are `height · width` pixels of one channel or of three.
        public init(_ title: String, height: Int, width: Int, channels: Int, values: [Float]) {
            require(
                [1, 3].contains(channels) && height > 0 && width > 0 && values.count == height * width * channels,
                "ImageFigure.Panel \"\(title)\": \(values.count) numbers are not \(height) × \(width) pixels of "
                    + "\(channels)")
            (self.title, self.height, self.width) = (title, height, width)
            let digits = Array("0123456789abcdef")
            var text = ""
            text.reserveCapacity(height * width * 6)
            for pixel in 0..<height * width {
                for channel in 0..<3 {
                    let value = values[pixel * channels + (channels == 3 ? channel : 0)]
                    let level = value.isFinite ? Int((min(max(value, 0), 1) * 255).rounded()) : 0
                    text.append(digits[level / 16])
                    text.append(digits[level % 16])
                }
            }
            pixels = text
        }

        /// The most rows, and the most pixels in a row, that are drawn.
        public static let largestSide = 256

        /// The numbers of the pixels, three each, from 0 to 255; nil where they are not `height · width` pixels, or
        /// too many.
        public var levels: [UInt8]? {
            let sides = 1...Self.largestSide
            guard sides.contains(height), sides.contains(width), pixels.utf8.count == height * width * 6 else {
                return nil
            }
            var (levels, half) = ([UInt8](), UInt8?.none)
            levels.reserveCapacity(height * width * 3)
            for byte in pixels.utf8 {
                let digit: UInt8
                switch byte {
                case 0x30...0x39: digit = byte - 0x30
                case 0x61...0x66: digit = byte - 0x61 + 10
                case 0x41...0x46: digit = byte - 0x41 + 10
                default: return nil
                }
                if let high = half { levels.append(high * 16 + digit) }
                half = half == nil ? digit : nil
            }
            return levels
        }
    }

    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// From left to right, then downwards.
    public var panels: [Panel]

    /// A figure from its pictures.
    public init(title: String, caption: String, panels: [Panel]) {
        (self.title, self.caption, self.panels) = (title, caption, panels)
    }
}
