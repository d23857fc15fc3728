import PlumbRecords

/// From a value to a colour.
///
/// Diverging scales run orange – neutral – blue, sequential ones from neutral to deep blue; both keep their order for
/// every common colour blindness and in grey print. A diverging scale is symmetric: equal distance from the centre is
/// equal strength of colour on both sides.
struct ColorScale: Equatable {
    /// The page's background, which the neutral colour stays near.
    enum Theme { case light, dark }

    /// The least and the greatest value the colour bar shows.
    let lower: Double
    let upper: Double
    /// The value without effect, or `nil` for a sequential scale.
    let center: Double?

    /// The scale a heat map asks for, with what it leaves open taken from its table.
    init(_ figure: HeatMap, table: Table) {
        let finite = table.values.joined().filter(\.isFinite)
        var least = figure.domain?.lower ?? finite.min() ?? 0
        var greatest = figure.domain?.upper ?? finite.max() ?? 1
        if !least.isFinite || !greatest.isFinite || least > greatest { (least, greatest) = (0, 1) }
        let middle = figure.center.flatMap { $0.isFinite ? $0 : nil }
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
        center = middle
    }

    /// Where `value` lies: from -1 to 1 on a diverging scale, from 0 to 1 on a sequential one.
    func position(of value: Double) -> Double {
        if let center {
            let reach = max(upper - center, center - lower)
            return min(1, max(-1, (value - center) / reach))
        }
        return min(1, max(0, (value - lower) / (upper - lower)))
    }

    /// The colour of `value`; `nil` when it is not a number.
    func color(of value: Double, theme: Theme = .light) -> RGB? {
        value.isNaN ? nil : Self.color(at: position(of: value), isDiverging: center != nil, theme)
    }

    /// How many colours a page's style sheet names on each side of the neutral one.
    static let steps = 32

    /// The number of the nearest colour named in a page's style sheet.
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
