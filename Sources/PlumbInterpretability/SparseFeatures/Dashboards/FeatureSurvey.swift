internal import PlumbBasics
internal import PlumbTensor

/// What is kept of features while a text is read: counts, and where the greatest activations are. Nothing of it grows with
/// the text but four bytes a token.
struct FeatureSurvey {
    /// A position of the text: a window and a token of it.
    struct Place: Equatable {
        var window: Int32
        var token: Int32
    }

    private static let bins = 64

    let tracked: [Int]
    private(set) var rows = 0
    /// Of all features, at how many positions they are active.
    private(set) var counts: [Int]
    private(set) var squares: [Double]
    private var sums: [Double], greatest: [Float]
    private var windows: [Int32] = [], ends: [Int] = [0]
    /// For each feature its place among those that are tracked, or -1.
    private var slots: [Int32]
    private let topLimit: Int, drawnLimit: Int
    private var tops: [[(value: Float, place: Place)]]
    private var drawn: [[Place]]
    private var limits: [Double], histograms: [UInt32]
    private var random: RandomKey.Generator

    /// - Parameters:
    ///   - features: of the dictionary.
    ///   - tracked: those of which places are kept.
    init(features: Int, tracked: [Int], top: Int, drawn drawnLimit: Int, key: RandomKey) {
        (self.tracked, topLimit, self.drawnLimit) = (tracked, top, drawnLimit)
        (counts, squares) = ([Int](repeating: 0, count: features), [Double](repeating: 0, count: features))
        (sums, greatest) = (squares, [Float](repeating: 0, count: features))
        slots = [Int32](repeating: -1, count: features)
        for (slot, feature) in tracked.enumerated() { slots[feature] = Int32(slot) }
        tops = [[(value: Float, place: Place)]](repeating: [], count: tracked.count)
        drawn = [[Place]](repeating: [], count: tracked.count)
        limits = [Double](repeating: 0, count: tracked.count)
        histograms = [UInt32](repeating: 0, count: tracked.count * Self.bins)
        random = key.generator()
    }

    /// The number of windows read.
    var windowCount: Int { ends.count - 1 }

    /// The tokens of a window.
    func tokens(of window: Int) -> [Int] { windows[ends[window]..<ends[window + 1]].map(Int.init) }

    /// Adds a window.
    ///
    /// - Parameters:
    ///   - tokens: all of the window's.
    ///   - active: the features of many rows.
    ///   - first: the row of the window's second token; those of the others follow.
    mutating func add(_ tokens: [Int], _ active: SparseActivations, from first: Int) {
        let window = Int32(ends.count - 1)
        windows += tokens.map(Int32.init)
        ends.append(windows.count)
        rows += tokens.count - 1
        // The window's greatest activation of each feature; a window is one passage.
        var best: [Int: (value: Float, token: Int32)] = [:]
        for token in 1..<max(1, tokens.count) {
            for entry in active.entries(of: first + token - 1) {
                let (feature, value) = (Int(active.indices[entry]), active.values[entry])
                count(feature, value)
                let slot = Int(slots[feature])
                guard slot >= 0 else { continue }
                bin(slot, value)
                draw(slot, feature, Place(window: window, token: Int32(token)))
                if value > best[slot]?.value ?? 0 { best[slot] = (value, Int32(token)) }
            }
        }
        for (slot, found) in best { keep(slot, found.value, Place(window: window, token: found.token)) }
    }

    private mutating func count(_ feature: Int, _ value: Float) {
        counts[feature] += 1
        sums[feature] += Double(value)
        squares[feature] += Double(value) * Double(value)
        greatest[feature] = max(greatest[feature], value)
    }

    /// Counts a value in bins from 0 to a power of two, which doubles, two bins becoming one, when it is reached.
    private mutating func bin(_ slot: Int, _ value: Float) {
        let (value, start) = (Double(value), slot * Self.bins)
        if limits[slot] == 0 { limits[slot] = Double(sign: .plus, exponent: value.exponent + 1, significand: 1) }
        while value >= limits[slot] {
            for bin in 0..<Self.bins {
                histograms[start + bin] =
                    bin < Self.bins / 2 ? histograms[start + 2 * bin] + histograms[start + 2 * bin + 1] : 0
            }
            limits[slot] *= 2
        }
        histograms[start + min(Self.bins - 1, Int(value / limits[slot] * Double(Self.bins)))] += 1
    }

    /// Keeps every position of a feature with the same chance (Vitter 1985, algorithm R).
    private mutating func draw(_ slot: Int, _ feature: Int, _ place: Place) {
        guard drawnLimit > 0 else { return }
        guard drawn[slot].count == drawnLimit else {
            drawn[slot].append(place)
            return
        }
        let index = random.index(below: counts[feature])
        if index < drawnLimit { drawn[slot][index] = place }
    }

    /// Keeps the windows of greatest activations; of equals the earlier.
    private mutating func keep(_ slot: Int, _ value: Float, _ place: Place) {
        guard tops[slot].count < topLimit || value > tops[slot].last?.value ?? .infinity else { return }
        let index = tops[slot].firstIndex { $0.value < value } ?? tops[slot].count
        tops[slot].insert((value, place), at: index)
        if tops[slot].count > topLimit { tops[slot].removeLast() }
    }
}

extension FeatureSurvey {
    /// What is known of one tracked feature.
    struct Summary {
        var count: Int, mean: Double, greatest: Float
        var edges: [Double], counts: [Double]
        var top: [Place], drawn: [Place]
    }

    func summary(of feature: Int) -> Summary {
        let slot = Int(slots[feature])
        require(slot >= 0, "feature \(feature) was not tracked")
        let bins = histograms[slot * Self.bins..<(slot + 1) * Self.bins].map(Double.init)
        let width = limits[slot] / Double(Self.bins)
        let used = (bins.lastIndex { $0 > 0 } ?? -1) + 1
        return Summary(
            count: counts[feature], mean: counts[feature] > 0 ? sums[feature] / Double(counts[feature]) : 0,
            greatest: greatest[feature], edges: (0...used).map { Double($0) * width }, counts: Array(bins[..<used]),
            top: tops[slot].map(\.place), drawn: drawn[slot])
    }
}
