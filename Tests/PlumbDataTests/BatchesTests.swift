import PlumbTensor
import Testing

@testable import PlumbData

@Suite struct BatchesTests {
    @Test(arguments: [Batches.Remainder.keep, .drop]) func anEpochVisitsEveryRowOnce(remainder: Batches.Remainder) {
        let batches = Batches(count: 103, size: 10, key: RandomKey(1), remainder: remainder)
        #expect(batches.perEpoch == (remainder == .keep ? 11 : 10))
        for epoch in 0..<3 {
            let rows = (0..<batches.perEpoch).map { batches.rows(step: epoch * batches.perEpoch + $0) }
            #expect(rows.dropLast().allSatisfy { $0.count == 10 })
            #expect(rows.last?.count == (remainder == .keep ? 3 : 10))
            let all = rows.flatMap { $0 }
            #expect(Set(all).count == all.count)
            #expect(all.count == (remainder == .keep ? 103 : 100))
            #expect(all == Array(batches.order(epoch: epoch).prefix(all.count)))
        }
    }

    @Test func stepsAreFunctionsOfTheKey() {
        let batches = Batches(count: 50, size: 7, key: RandomKey(9))
        let first = (0..<30).map { batches.rows(step: $0) }
        let others = Batches(count: 50, size: 7, key: RandomKey(9))
        for step in (0..<30).reversed() { #expect(others.rows(step: step) == first[step]) }
        #expect(batches.rows(epoch: 2, index: 3) == first[2 * 7 + 3])
        #expect(batches.order(epoch: 0) != batches.order(epoch: 1))
        #expect(batches.order(epoch: 0) != Batches(count: 50, size: 7, key: RandomKey(8)).order(epoch: 0))
    }

    @Test func allOrdersAreEquallyLikely() {
        let batches = Batches(count: 3, size: 3, key: RandomKey(2))
        var counts: [[Int]: Int] = [:]
        for epoch in 0..<6_000 { counts[batches.order(epoch: epoch), default: 0] += 1 }
        #expect(counts.count == 6)
        // Chi-squared with five degrees of freedom: above 25.7 once in ten thousand keys, and the key is fixed.
        let statistic = counts.values.reduce(0.0) { $0 + (Double($1) - 1_000) * (Double($1) - 1_000) / 1_000 }
        #expect(statistic < 25.7)
    }
}
