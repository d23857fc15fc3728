/// Traffic signs drawn by formulas: a shape, its colors and a glyph.
///
/// Places on a sign are `u` to the right and `v` downwards, from -1 to 1.
public enum TrafficSign: String, Sendable, Codable, CaseIterable {
    /// The signs, in the order of their classes.
    case stop, speedLimit, yield, noEntry, priority, warning, ahead, parking

    /// The class of the sign.
    var index: Int { TrafficSign.allCases.firstIndex(of: self) ?? 0 }

    /// In words.
    public var title: String {
        switch self {
        case .speedLimit: "speed limit"
        case .noEntry: "no entry"
        case .ahead: "straight ahead"
        default: rawValue
        }
    }

    /// Red, green and blue from 0 to 1.
    typealias Color = (red: Float, green: Float, blue: Float)
    private static let red: Color = (0.78, 0.08, 0.1), white: Color = (0.93, 0.93, 0.93),
        black: Color = (0.07, 0.07, 0.07)
    private static let blue: Color = (0.08, 0.25, 0.7), yellow: Color = (0.93, 0.76, 0.1)

    /// The color at a place; nil outside the sign.
    func color(_ u: Double, _ v: Double) -> Color? {
        let radius = (u * u + v * v).squareRoot()
        switch self {
        case .stop:
            let edge = max(abs(u), abs(v), (abs(u) + abs(v)) / 2.0.squareRoot())
            guard edge <= 0.92 else { return nil }
            if edge > 0.84 { return Self.white }
            return abs(v) < 0.2 && abs(u) < 0.66 && Self.letters(u, v) ? Self.white : Self.red
        case .speedLimit:
            guard radius <= 0.95 else { return nil }
            if radius > 0.7 { return Self.red }
            return Self.digits(u, v) ? Self.black : Self.white
        case .yield:
            let edge = max(-(v + 0.75), Self.slant(u, -v))
            guard edge <= 0 else { return nil }
            return edge > -0.22 ? Self.red : Self.white
        case .noEntry:
            guard radius <= 0.95 else { return nil }
            return abs(v) < 0.17 && abs(u) < 0.66 ? Self.white : Self.red
        case .priority:
            let edge = abs(u) + abs(v)
            guard edge <= 1 else { return nil }
            return edge > 0.78 ? Self.white : Self.yellow
        case .warning:
            let edge = max(v - 0.75, Self.slant(u, v))
            guard edge <= 0 else { return nil }
            if edge > -0.18 { return Self.red }
            let isStroke = v > -0.3 && v < 0.28, isDot = v > 0.36 && v < 0.52
            let isMark = abs(u) < 0.09 && (isStroke || isDot)
            return isMark ? Self.black : Self.white
        case .ahead:
            guard radius <= 0.95 else { return nil }
            let isShaft = abs(u) < 0.12 && v > -0.3 && v < 0.62
            let isHead = v > -0.68 && v < -0.15 && abs(u) < (v + 0.68) * 0.75
            return isShaft || isHead ? Self.white : Self.blue
        case .parking:
            guard max(abs(u), abs(v)) <= 0.85 else { return nil }
            let bowl = ((u - 0.05) * (u - 0.05) + (v + 0.22) * (v + 0.22)).squareRoot()
            let isStem = u > -0.38 && u < -0.16 && abs(v) < 0.6
            let isBowl = u >= -0.2 && bowl > 0.17 && bowl < 0.39
            return isStem || isBowl ? Self.white : Self.blue
        }
    }

    /// Above 0 outside the two slanted sides of a triangle whose point is above.
    private static func slant(_ u: Double, _ v: Double) -> Double { (abs(u) * 1.7 - v - 0.9) / 2 }

    /// Four strokes that stand for letters.
    private static func letters(_ u: Double, _ v: Double) -> Bool {
        let place = (u + 0.66) / 0.33
        let part = place - place.rounded(.down)
        return part > 0.18 && part < 0.82 && (abs(v) > 0.1 || part < 0.45)
    }

    /// Two digits: a four and a five, by strokes.
    private static func digits(_ u: Double, _ v: Double) -> Bool {
        guard abs(v) < 0.38 else { return false }
        let isUpright = u > -0.16 && u < -0.04, isCrossbar = abs(v - 0.08) < 0.07 && u > -0.46 && u < 0
        let isLeftArm = u > -0.46 && u < -0.34 && v < 0.1
        let four = isUpright || isCrossbar || isLeftArm
        let isBar = v < -0.25 || abs(v) < 0.07 || v > 0.25
        let isSide = (u < 0.22 && v < 0) || (u > 0.34 && v > 0)
        let five = u > 0.1 && u < 0.46 && (isBar || isSide)
        return four || five
    }
}
