internal import Foundation
public import PlumbRecords
public import PlumbTensor

/// How many chips an inspector looks at to find a large training run among all chips of a country (after Shavit 2023,
/// *What does it take to catch a Chinchilla?*, arXiv:2303.11341; the arithmetic is our own).
///
/// Chips keep snapshots of the weights they work on, at random times. A run of H FLOP needs at least n = ⌈H / (f T)⌉ chips
/// of f FLOP per second for a time T, and m = n (1 - exp(-λ T)) of them hold a snapshot. Looking at s of C chips finds one
/// with probability 1 - C(C - m, s) / C(C, s).
public struct ChipInspection: SettingGroup {
    @Setting("FLOP of the runs to be found.", 1...1e40) public var runs = [5.76e23, 1e25, 1e26]
    @Setting("Months over which a run is spread.", 0.01...1000) public var months = [1.0, 3]
    @Setting("Chips in the country.", 1...1e10) public var chips = [100_000, 1_000_000]
    @Setting("With which probability the run is to be found.", -1000...1000) public var probabilities = [
        0.9, 0.99,
    ]
    @Setting("FLOP per second of a chip, at its peak.", 1...1e30) public var chipFLOP = 312e12
    @Setting("Part of the peak that a run makes use of.", 0.001...1) public var utilization = 0.4
    @Setting("Snapshots a chip keeps in a month, on average; 0 for none.", 0...1e6) public var snapshots = 1.0

    /// A100 chips that keep a snapshot a month.
    public init() {}

    /// Refuses plans without runs, months or chips, and probabilities that are none.
    ///
    /// - Throws: ``GovernanceError`` saying what was found and what is accepted.
    public func check() throws {
        guard !runs.isEmpty, !months.isEmpty, !chips.isEmpty, !probabilities.isEmpty else {
            throw GovernanceError(
                "chip inspection needs a run, a number of months, a number of chips and a probability")
        }
        for probability in probabilities { try Probability.check(probability, "the probability to find a run") }
    }

    /// The fewest chips that can make the run in time; a month has 30 days.
    public func chipsNeeded(_ run: Double, months: Double) -> Int {
        Int((run / (chipFLOP * utilization * months * 30 * 24 * 60 * 60)).rounded(.up))
    }

    /// How many of the fewest chips hold a snapshot of the run, rounded down.
    public func chipsWithSnapshot(_ run: Double, months: Double) -> Int {
        Int(Double(chipsNeeded(run, months: months)) * (1 - exp(-snapshots * months)))
    }

    /// The probability to find one of `marked` chips by looking at `inspected` of `chips`, drawn without replacement.
    public static func detection(marked: Int, inspected: Int, of chips: Int) -> Double {
        guard marked > 0, inspected > 0 else { return 0 }
        guard marked + inspected <= chips else { return 1 }
        let (few, many) = (min(marked, inspected), max(marked, inspected))
        // C(C - m, s) / C(C, s) = Π (C - many - i) / (C - i) over the fewer of the two
        let missed = (0..<few).reduce(0.0) { $0 + log1p(-Double(many) / Double(chips - $1)) }
        return -expm1(missed)
    }

    /// The fewest chips to look at for a probability of detection; `nil` where no number is enough.
    public static func chipsToInspect(marked: Int, of chips: Int, probability: Double) -> Int? {
        guard detection(marked: marked, inspected: chips, of: chips) >= probability else { return nil }
        var (low, high) = (0, chips)
        while low < high {
            let middle = (low + high) / 2
            if detection(marked: marked, inspected: middle, of: chips) >= probability {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    /// How often an inspection finds a run, in a simulation: each chip of the run holds a snapshot with probability
    /// 1 - exp(-λ T), and the inspector draws chips without replacement.
    public func simulatedDetection(
        _ run: Double, months: Double, inspected: Int, of chips: Int, trials: Int, key: RandomKey
    ) -> Double {
        let (needed, kept) = (chipsNeeded(run, months: months), 1 - exp(-snapshots * months))
        var random = key["inspections"].generator()
        let found = (0..<trials).count { _ in
            let marked = (0..<needed).count { _ in random.uniform() < kept }
            var seen = Set<Int>()
            while seen.count < min(inspected, chips) {
                let chip = random.index(below: chips)
                if seen.insert(chip).inserted, chip < marked { return true }
            }
            return false
        }
        return Double(found) / Double(trials)
    }
}
