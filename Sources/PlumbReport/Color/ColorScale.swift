import PlumbRecords

/// From a value to a color.
///
/// Diverging scales run orange – neutral – blue, sequential ones from neutral to deep blue; both keep their order for
/// every common color blindness and in gray print. A diverging scale is symmetric: equal distance from the center is
/// equal strength of color on both sides.
struct ColorScale: Equatable {
    /// The page's background, which the neutral color stays near.
    enum Theme { case light, dark }

    /// The least and the greatest value the color bar shows.
    let lower: Double
    let upper: Double
    /// The value without effect, or `nil` for a sequential scale.
    let center: Double?

    /// The greatest value above `upper`, and the least below `lower`, that the picture holds; `nil` where none is.
    let beyond: (lower: Double?, upper: Double?)

    /// A scale for `values`, with what is left open taken from them.
    init(_ values: [Double], domain: HeatMap.Domain?, center: Double?) {
        let found = Proportion.bounds(values)
        var least = domain.map { Proportion.bounded($0.lower) } ?? found?.least ?? 0
        var greatest = domain.map { Proportion.bounded($0.upper) } ?? found?.greatest ?? 1
        if !least.isFinite || !greatest.isFinite || least > greatest { (least, greatest) = (0, 1) }
        let middle = center.flatMap { $0.isFinite ? Proportion.bounded($0) : nil }
        if let middle {
            least = min(least, middle)
            greatest = max(greatest, middle)
        }
        if least == greatest {
            let margin = max(abs(least) * 0.1, 1e-9)
            (least, greatest) = (least - margin, greatest + margin)
        }
        lower = least
        upper = greatest
        self.center = middle
        // What lies beyond an end by less than a fiftieth of the bar cannot be told from it.
        let slack = (greatest / 2 - least / 2) * 0.04
        beyond = (
            values.filter { $0 < least - slack }.min(), values.filter { $0 > greatest + slack }.max()
        )
    }

    static func == (one: Self, other: Self) -> Bool {
        (one.lower, one.upper, one.center, one.beyond.lower, one.beyond.upper)
            == (other.lower, other.upper, other.center, other.beyond.lower, other.beyond.upper)
    }

    /// Where `value` lies: from -1 to 1 on a diverging scale, from 0 to 1 on a sequential one.
    func position(of value: Double) -> Double {
        guard let center else { return Proportion.of(value, from: lower, to: upper) ?? 0 }
        let reach = max(upper / 2 - center / 2, center / 2 - lower / 2)
        guard reach > 0, !value.isNaN else { return 0 }
        return min(1, max(-1, (Proportion.bounded(value) / 2 - center / 2) / reach))
    }

    /// The color of `value`; `nil` when it is not a number.
    func color(of value: Double, theme: Theme = .light) -> RGB? {
        value.isNaN ? nil : Self.color(at: position(of: value), isDiverging: center != nil, theme)
    }

    /// How many colors a page's style sheet names on each side of the neutral one.
    static let steps = 32

    /// The number of the nearest color named in a page's style sheet.
    func step(of value: Double) -> Int { Int((position(of: value) * Double(Self.steps)).rounded()) }

    static func color(at position: Double, isDiverging: Bool, _ theme: Theme) -> RGB {
        let anchors =
            switch (isDiverging, theme) {
            case (true, .light):
                position < 0 ? [0xF7F6F3, 0xF3B27A, 0xCB5E12, 0x7A2E04] : [0xF7F6F3, 0x92BFE0, 0x2C72B3, 0x0A2F63]
            case (true, .dark):
                position < 0 ? [0x24272D, 0x7A4318, 0xD9772B, 0xFFC285] : [0x24272D, 0x214F80, 0x4298E6, 0xA9DAFF]
            case (false, .light): [0xF4F6F5, 0xA9D3D4, 0x3F8FAE, 0x1D4F85, 0x10214A]
            case (false, .dark): [0x23262C, 0x1F4E6E, 0x2F89A5, 0x7FC8C6, 0xEAF7E6]
            }
        let place = min(1, abs(position)) * Double(anchors.count - 1)
        let index = min(anchors.count - 2, Int(place))
        return RGB.mix(RGB(hex: anchors[index]), RGB(hex: anchors[index + 1]), place - Double(index))
    }
}
