import Foundation

/// A color in sRGB, each part from 0 to 1.
struct RGB: Equatable {
    var red: Double
    var green: Double
    var blue: Double

    init(_ red: Double, _ green: Double, _ blue: Double) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// A color written as `0xRRGGBB`.
    init(hex: Int) {
        self.init(Double(hex >> 16 & 255) / 255, Double(hex >> 8 & 255) / 255, Double(hex & 255) / 255)
    }

    /// The parts as whole numbers from 0 to 255.
    var bytes: (red: Int, green: Int, blue: Int) {
        func byte(_ part: Double) -> Int { Int((min(1, max(0, part)) * 255).rounded()) }
        return (byte(red), byte(green), byte(blue))
    }

    /// As `#rrggbb`.
    var hex: String {
        let (red, green, blue) = bytes
        return "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Relative luminance (WCAG 2), from 0 for black to 1 for white.
    var luminance: Double {
        0.2126 * Self.linear(red) + 0.7152 * Self.linear(green) + 0.0722 * Self.linear(blue)
    }

    /// Black or white, whichever reads better on this color.
    var ink: RGB { luminance > 0.179 ? RGB(0, 0, 0) : RGB(1, 1, 1) }

    /// The mixture of two colors in Oklab, where equal steps look equal (Björn Ottosson, 2020).
    static func mix(_ a: RGB, _ b: RGB, _ fraction: Double) -> RGB {
        let (x, y) = (a.oklab, b.oklab)
        return RGB(
            lightness: x.0 + (y.0 - x.0) * fraction, x.1 + (y.1 - x.1) * fraction, x.2 + (y.2 - x.2) * fraction)
    }

    private var oklab: (Double, Double, Double) {
        let (r, g, b) = (Self.linear(red), Self.linear(green), Self.linear(blue))
        let l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
        let m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
        let s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
        return (
            0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s
        )
    }

    private init(lightness: Double, _ a: Double, _ b: Double) {
        func cube(_ value: Double) -> Double { value * value * value }
        let l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b)
        let m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b)
        let s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b)
        self.init(
            Self.gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
            Self.gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
            Self.gamma(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s))
    }

    private static func linear(_ part: Double) -> Double {
        part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
    }

    private static func gamma(_ part: Double) -> Double {
        let clamped = min(1, max(0, part))
        return clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * pow(clamped, 1 / 2.4) - 0.055
    }
}
