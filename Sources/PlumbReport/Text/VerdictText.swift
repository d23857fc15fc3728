import PlumbRecords

/// Verdicts in words and signs, the same on pages and in the terminal.
enum VerdictText {
    /// `✓` for what holds, `✗` for what does not, `○` for what could not be measured.
    static func sign(_ holds: Bool?) -> String { holds.map { $0 ? "✓" : "✗" } ?? "○" }

    static func sign(_ verdict: ClaimResult.Verdict) -> String { sign(holds(verdict)) }

    static func holds(_ verdict: ClaimResult.Verdict) -> Bool? {
        switch verdict {
        case .passes: true
        case .fails: false
        case .notMeasurable: nil
        }
    }

    static func word(_ holds: Bool?) -> String { holds.map { $0 ? "holds" : "does not hold" } ?? "not measurable" }

    /// All claims in one sentence; empty without claims.
    static func sentence(_ claims: [ClaimResult]) -> String {
        func count(_ verdict: ClaimResult.Verdict) -> Int { claims.count { $0.verdict == verdict } }
        let (passed, failed, open) = (count(.passes), count(.fails), count(.notMeasurable))
        switch claims.count {
        case 0: return ""
        case passed: return passed == 1 ? "The claim holds." : "All \(passed) claims hold."
        case failed: return failed == 1 ? "The claim does not hold." : "None of the \(failed) claims holds."
        case open: return open == 1 ? "The claim is not measurable." : "None of the \(open) claims is measurable."
        default: break
        }
        var parts = ["\(passed) of \(claims.count) claims \(passed == 1 ? "holds" : "hold")"]
        if failed > 0 { parts.append("\(failed) \(failed == 1 ? "does" : "do") not") }
        if open > 0 { parts.append("\(open) \(open == 1 ? "is" : "are") not measurable") }
        return parts.joined(separator: ", ") + "."
    }

    /// A measurement beside the one it is compared with; `nil` where nothing could be measured.
    static func measured(_ observed: Double?, _ unit: String, beside other: Double?) -> String? {
        guard let observed, !observed.isNaN else { return nil }
        let scale = [observed, other ?? 0].map(abs).filter(\.isFinite).max()
        return NumberText.value(observed, unit: unit, scale: scale)
    }

    /// How many things were measured: `n = 12, 3 seeds`.
    static func counted(_ claim: ClaimResult) -> String {
        var parts: [String] = []
        if let n = claim.n { parts.append("n = \(n)") }
        if let seeds = claim.seeds, !seeds.isEmpty { parts.append("\(seeds.count) seed\(seeds.count == 1 ? "" : "s")") }
        if let met = claim.met, let n = claim.n { parts.append("\(met) of \(n) meet the threshold") }
        return parts.joined(separator: ", ")
    }

    /// What was counted in development, and how often the claim must then be expected to hold; empty where nothing was.
    static func development(_ claim: ClaimResult) -> String {
        guard let counted = claim.development else { return "" }
        let power = claim.power.map { ": about \(Phrase.percent($0)) of runs like this should hold" } ?? ""
        return "in development \(counted.missed) of \(counted.count) missed the threshold, "
            + "\(counted.controlMissed) of \(counted.controlCount) the control's\(power)"
    }
}

extension Metric {
    /// The single values where there are fewer than eight, and the interval otherwise, with its level where that is not
    /// 95 %: an interval from a few values says less than the values. Empty where neither says more than the number.
    var spread: String {
        if let values, values.count > 1, values.count < 8 {
            let scale = values.filter(\.isFinite).map(abs).max()
            return values.map { NumberText.value($0, scale: scale) }.joined(separator: ", ")
        }
        guard let interval, interval.lower != interval.upper else { return "" }
        let range = NumberText.range(interval.lower, interval.upper)
        return interval.level == 0.95 ? range : "\(range)\u{A0}(\(NumberText.value(interval.level * 100))\u{A0}%)"
    }

    /// What the spread is, for a reader who does not know the record.
    var spreadKind: String {
        if let values, values.count > 1, values.count < 8 { return "single values" }
        return interval.flatMap { $0.lower != $0.upper ? $0.method : nil } ?? ""
    }
}
