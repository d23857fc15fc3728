internal import PlumbTensor

/// Whether rows were trained on, by what training does to their loss (Choi, Shavit, Duvenaud 2023, *Tools for Verifying
/// Neural Models' Training Data*, arXiv:2307.00682).
///
/// Memorization of a row is the mean held-out loss less the row's own. Between two checkpoints it rises for rows that were
/// trained on. The part of a segment's rows whose rise is below the p-quantile of the held-out rows' is less than p where
/// they were used, and p where they were not.
enum Memorization {
    /// The part below the median held-out rise, over the first epoch's segments: of the segment's own rows, and of rows that
    /// no step has used yet, in two halves.
    static func belowMedian(
        _ transcript: TrainingTranscript, _ data: TrainingData, held: TrainingData
    ) -> (seen: Double, unseen: [Double]) {
        let rows = Array(0..<held.labels.count)
        var used = Set<Int>()
        var (seen, unseen) = (Share(), [Share(), Share()])
        for segment in 0..<transcript.segments {
            let own = transcript.batches(segment).flatMap { $0 }
            // From the second epoch on a segment's rows were used before.
            guard used.isDisjoint(with: own), Set(own).count == own.count else { break }
            used.formUnion(own)
            let (before, after) = (transcript.checkpoints[segment], transcript.checkpoints[segment + 1])
            func rises(_ data: TrainingData, _ rows: [Int]) -> [Double] {
                guard !rows.isEmpty else { return [] }
                // The mean held-out loss is the same for all rows, and does not matter to which are below a quantile.
                return zip(data.losses(before, rows), data.losses(after, rows)).map { $0 - $1 }
            }
            let median = Statistics.quantile(rises(held, rows).sorted(), 0.5)
            seen.add(rises(data, own), below: median)
            let others = data.labels.indices.filter { !used.contains($0) }
            for half in 0..<2 { unseen[half].add(rises(data, others.filter { $0 % 2 == half }), below: median) }
        }
        return (seen.value, unseen.map(\.value))
    }

    private struct Share {
        var (count, of) = (0, 0)
        var value: Double { Double(count) / Double(of) }

        mutating func add(_ rises: [Double], below median: Double) {
            count += rises.count { $0 < median }
            of += rises.count
        }
    }
}
