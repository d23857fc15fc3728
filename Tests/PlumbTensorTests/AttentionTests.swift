import CPlumbKernels
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct AttentionTests {
    @Test func attentionAgreesWithDoublePrecision() async {
        await #expect(processExitsWith: .success) {
            for (positions, heads, keyHeads, width) in AttentionProblem.shapes.dropLast() {
                let problem = AttentionProblem(
                    positions: positions, heads: heads, keyHeads: keyHeads, width: width, seed: 1)
                let reference = problem.reference()
                for isa in instructionSets where plumb_isa_force(isa) == 0 {
                    let error = zip(problem.plain().values, reference).reduce(0) {
                        max($0, gap(Double($1.0), $1.1))
                    }
                    #expect(error <= 2e-6, "\(positions)x\(heads)/\(keyHeads)x\(width), isa \(isa): \(error)")
                }
            }
        }
    }

    @Test func everyRowMaySeeAllKeys() async {
        await #expect(processExitsWith: .success) {
            for (positions, heads, keyHeads, width) in AttentionProblem.shapes {
                let problem = AttentionProblem(
                    positions: positions, heads: heads, keyHeads: keyHeads, width: width, seed: 8)
                let reference = positions <= 131 ? problem.reference(allKeys: true) : []
                for isa in instructionSets where plumb_isa_force(isa) == 0 {
                    var alone: [UInt32] = []
                    for threads in [1, 2, 3] as [Int32] {
                        plumb_threads_set(threads)
                        let z = FloatBlock([Float](repeating: .nan, count: positions * heads * width))
                        problem.attend([problem.segment(0, positions, prefix: nil, z: z)], allKeys: true)
                        let error = zip(z.values, reference).reduce(0) { max($0, gap(Double($1.0), $1.1)) }
                        #expect(error <= 2e-6, "\(positions)x\(heads)/\(keyHeads)x\(width), isa \(isa): \(error)")
                        if alone.isEmpty { alone = z.bits }
                        let same = z.bits == alone
                        #expect(same, "\(threads) threads")
                    }
                }
            }
        }
    }

    @Test func rowsKeepTheirBitsHoweverTheRunIsCut() async {
        await #expect(processExitsWith: .success) {
            var random = SeededFloats(seed: 3)
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for (positions, heads, keyHeads, width) in AttentionProblem.shapes {
                    let problem = AttentionProblem(
                        positions: positions, heads: heads, keyHeads: keyHeads, width: width, seed: 2)
                    plumb_threads_set(1)
                    let plain = problem.plain().bits
                    let prefix = problem.prefix(positions, spare: 40)
                    for threads in [1, 2, 3] {
                        plumb_threads_set(Int32(threads))
                        let again = problem.plain().bits == plain
                        #expect(again)
                        let z = FloatBlock([Float](repeating: .nan, count: plain.count))
                        problem.attend(problem.randomCut(&random, prefix: prefix, z: z))
                        let same = z.bits == plain
                        #expect(same, "\(positions)x\(heads)/\(keyHeads)x\(width), isa \(isa)")
                    }
                }
            }
        }
    }

    @Test func stagesEqualTheWhole() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for (positions, heads, keyHeads, width) in AttentionProblem.shapes {
                    let problem = AttentionProblem(
                        positions: positions, heads: heads, keyHeads: keyHeads, width: width, seed: 4)
                    let fused = StagedAttention(problem, cut: positions / 2)
                    fused.run(PLUMB_ATTEND_ALL)
                    let staged = StagedAttention(problem, cut: positions / 2)
                    for stage in [PLUMB_ATTEND_SCORES, PLUMB_ATTEND_SOFTMAX, PLUMB_ATTEND_MIX] { staged.run(stage) }
                    let whole = fused.z.bits == problem.plain().bits, pieces = staged.z.bits == fused.z.bits
                    let kept = staged.scores.bits == fused.scores.bits && staged.pattern.bits == fused.pattern.bits
                    #expect(whole && pieces && kept)
                    expectCausal(fused)
                }
            }
        }
    }

    @Test func changedScoresAndPatternsAreUsed() {
        let problem = AttentionProblem(positions: 40, heads: 4, keyHeads: 2, width: 16, seed: 5)
        let staged = StagedAttention(problem, cut: 11)
        staged.run(PLUMB_ATTEND_SCORES)
        // Head 1 of position 30 looks at nothing but position 7; head 3 of it at nothing at all.
        let row = (30 * 4 + 1) * staged.keyStride, blind = (30 * 4 + 3) * staged.keyStride
        for key in 0...30 {
            if key != 7 { staged.scores.base[row + key] = -.infinity }
            staged.scores.base[blind + key] = -.infinity
        }
        staged.run(PLUMB_ATTEND_SOFTMAX)
        #expect((0...30).allSatisfy { staged.pattern.base[row + $0] == ($0 == 7 ? 1 : 0) })
        #expect((0...30).allSatisfy { staged.pattern.base[blind + $0] == 0 })
        // Position 12 of head 0 takes twice the value at position 3, whatever stands after its own.
        let other = 12 * 4 * staged.keyStride
        for key in 0..<staged.keyStride { staged.pattern.base[other + key] = key == 3 ? 2 : key > 12 ? 5 : 0 }
        staged.run(PLUMB_ATTEND_MIX)
        let plain = problem.plain()
        for element in 0..<16 {
            #expect(staged.z.base[(30 * 4 + 1) * 16 + element] == problem.value(7)[element])
            #expect(staged.z.base[(30 * 4 + 3) * 16 + element] == 0)
            #expect(staged.z.base[12 * 4 * 16 + element] == 2 * problem.value(3)[element])
            #expect(staged.z.base[29 * 4 * 16 + element] == plain.base[29 * 4 * 16 + element])
        }
    }

    @Test func laterPositionsCannotBeSeenEvenIfNotFinite() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                let problem = AttentionProblem(positions: 50, heads: 6, keyHeads: 2, width: 24, seed: 6)
                let before = problem.plain().bits
                for element in 0..<2 * 24 {
                    problem.value(33)[element] = element % 2 == 0 ? .nan : .infinity
                    problem.key(33)[element] = .nan
                }
                let after = problem.plain()
                #expect(after.bits[..<(33 * 6 * 24)] == before[..<(33 * 6 * 24)])
                #expect(after.values[(33 * 6 * 24)...].allSatisfy { $0.isNaN })
            }
        }
    }

    @Test func emptyCallsAreHarmless() {
        let problem = AttentionProblem(positions: 3, heads: 2, keyHeads: 1, width: 8, seed: 7)
        let z = FloatBlock([Float](repeating: 5, count: 3 * 16))
        problem.attend([])
        problem.attend([problem.segment(0, 0, prefix: nil, z: z)])
        #expect(z.values.allSatisfy { $0 == 5 })
    }
}

private func expectCausal(_ run: StagedAttention) {
    var wrong = 0
    for row in 0..<run.problem.positions * run.problem.heads {
        let keys = row / run.problem.heads + 1
        let scores = run.scores.base + row * run.keyStride, pattern = run.pattern.base + row * run.keyStride
        for key in keys..<run.keyStride where scores[key] != -.infinity || pattern[key] != 0 { wrong += 1 }
        var sum = 0.0
        for key in 0..<keys { sum += Double(pattern[key]) }
        if abs(sum - 1) > 1e-6 { wrong += 1 }
    }
    #expect(wrong == 0)
}

/// A run in two segments whose scores and pattern are kept.
private struct StagedAttention {
    var problem: AttentionProblem
    var cut: Int
    var keyStride: Int
    var prefix: AttentionPrefix
    var z: FloatBlock
    var scores: FloatBlock
    var pattern: FloatBlock

    init(_ problem: AttentionProblem, cut: Int) {
        self.problem = problem
        self.cut = cut
        keyStride = problem.positions + 2
        prefix = problem.prefix(cut)
        let rows = problem.positions * problem.heads
        z = FloatBlock([Float](repeating: .nan, count: rows * problem.width))
        scores = FloatBlock([Float](repeating: 3, count: rows * keyStride))
        pattern = FloatBlock([Float](repeating: 3, count: rows * keyStride))
    }

    func run(_ stages: Int) {
        let segments = [(0, cut), (cut, problem.positions)].map {
            problem.segment(
                $0.0, $0.1, prefix: prefix, z: z, scores: scores, pattern: pattern, keyStride: keyStride)
        }
        problem.attend(segments, stages: stages)
    }
}

extension AttentionProblem {
    /// Positions, heads, key-value heads and width: whole and partial vectors, panels and blocks; one shape long
    /// enough to be cut by rows.
    static let shapes = [
        (1, 1, 1, 64), (5, 9, 3, 64), (14, 9, 3, 64), (33, 4, 4, 8), (70, 4, 1, 10), (131, 3, 3, 32), (40, 2, 1, 128),
        (29, 2, 2, 256), (37, 2, 1, 150), (300, 6, 2, 64),
    ]

    /// Segments of random lengths that together cover the run, in random order.
    func randomCut(
        _ random: inout SeededFloats, prefix: AttentionPrefix, z: FloatBlock
    ) -> [plumb_attention_segment] {
        var segments: [plumb_attention_segment] = []
        var first = 0
        while first < positions {
            let rows = random.below(3) == 0 ? 1 : 1 + random.below(min(positions - first, 90))
            let segment = segment(first, min(first + rows, positions), prefix: prefix, z: z)
            segments.insert(segment, at: random.below(segments.count + 1))
            first = min(first + rows, positions)
        }
        return segments
    }
}
