public import PlumbRecords

extension GridPreferenceStudy {
    /// The memory of learning from `comparisons` questions in `runs` runs at once.
    public func memory(comparisons: Int, runs: Int) -> MemoryEstimate {
        let steps = 2 * Double(segmentLength) * Double(runs)
        // Asked questions keep their steps twice, as cells and as features of five numbers; candidates of one round as cells.
        return MemoryEstimate([
            .init(
                "--comparisons \(comparisons) with --segment-length \(segmentLength)",
                bytes: Double(comparisons) * steps * (8 + 4 * 5)),
            .init(
                "--candidates \(candidates) with --comparisons \(comparisons) and --segment-length \(segmentLength)",
                bytes: Double(candidates) * Double(comparisons) / Double(max(1, rounds)) * steps * 8),
        ])
    }
}
