import CPlumbKernels
import Foundation
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct AttentionBackwardTests {
    @Test func gradientsAgreeWithDoublePrecision() async {
        await #expect(processExitsWith: .success) {
            for shape in shapes {
                for allKeys in [false, true] {
                    let problem = AttentionBackwardProblem(shape, allKeys: allKeys, seed: 1)
                    let exact = problem.reference()
                    for isa in instructionSets where plumb_isa_force(isa) == 0 {
                        let found = problem.gradients()
                        let worst = [
                            distance(found.dq, problem.queryWidth + 2, exact.dq, problem.queryWidth),
                            distance(found.dk, problem.keyWidth + 1, exact.dk, problem.keyWidth),
                            distance(found.dv, problem.keyWidth, exact.dv, problem.keyWidth),
                        ]
                        #expect(worst.allSatisfy { $0 <= 2e-6 }, "\(shape), all keys \(allKeys), isa \(isa): \(worst)")
                    }
                }
            }
        }
    }

    @Test func bitsDependOnTheSegmentAlone() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for (heads, keyHeads, width) in [(6, 2, 20), (3, 3, 64), (4, 1, 33)] {
                    for allKeys in [false, true] {
                        let problems = [70, 0, 131, 1, 15, 3].enumerated().map { index, rows in
                            AttentionBackwardProblem(
                                (rows, heads, keyHeads, width), allKeys: allKeys, seed: UInt64(index))
                        }
                        plumb_threads_set(1)
                        let alone = problems.map { $0.gradients().bits }
                        for threads in [1, 2, 3] as [Int32] {
                            plumb_threads_set(threads)
                            let again = problems.map { $0.gradients().bits } == alone
                            #expect(again, "isa \(isa), \(threads) threads")
                            let together = problems.map { AttentionBackwardProblem.Gradients($0) }
                            problems[0].differentiate(zip(problems, together).map { $0.segment($1) })
                            let same = together.map(\.bits) == alone
                            #expect(same, "isa \(isa), \(threads) threads, \(heads)/\(keyHeads)x\(width)")
                        }
                    }
                }
            }
        }
    }

    @Test func whatIsNoNumberReachesOnlyWhatSeesIt() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for shape in [(70, 4, 1, 10), (131, 3, 3, 32)] {
                    let clean = AttentionBackwardProblem(shape, allKeys: false, seed: 5).gradients()
                    for bad in [1, 13, 14, 40, 64, 69] {
                        let all = AttentionBackwardProblem(shape, allKeys: false, seed: 5)
                        all.spoil(row: bad, queriesOnly: false)
                        let (dq, stride) = (all.gradients().dq, all.queryWidth + 2)
                        let isKept = (0..<bad * stride).allSatisfy {
                            $0 % stride >= all.queryWidth || dq.base[$0].bitPattern == clean.dq.base[$0].bitPattern
                        }
                        #expect(isKept, "dq before row \(bad), isa \(isa)")
                        let some = AttentionBackwardProblem(shape, allKeys: false, seed: 5)
                        some.spoil(row: bad, queriesOnly: true)
                        let found = some.gradients()
                        for key in bad + 1..<shape.0 {
                            for e in 0..<some.keyWidth {
                                let (k, v) = (key * (some.keyWidth + 1) + e, key * some.keyWidth + e)
                                #expect(found.dk.base[k].bitPattern == clean.dk.base[k].bitPattern, "dk of \(key)")
                                #expect(found.dv.base[v].bitPattern == clean.dv.base[v].bitPattern, "dv of \(key)")
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func onePositionPassesTheGradientToItsValueAlone() {
        let problem = AttentionBackwardProblem((1, 4, 2, 5), allKeys: false, seed: 3)
        let found = problem.gradients()
        #expect(found.dq.values.prefix(20).allSatisfy { $0 == 0 })
        #expect(found.dk.values.prefix(10).allSatisfy { $0 == 0 })
        for e in 0..<10 {
            let first = e / 5 * 10 + e % 5
            #expect(found.dv.base[e] == problem.dz.base[first] + problem.dz.base[first + 5])
        }
        #expect(found.dq.values.suffix(2).allSatisfy { $0.isNaN }, "nothing is written between rows")
    }

    @Test func emptyCallsAreHarmless() {
        let problem = AttentionBackwardProblem((0, 2, 1, 8), allKeys: false, seed: 4)
        problem.differentiate([])
        problem.differentiate([problem.segment(AttentionBackwardProblem.Gradients(problem))])
    }
}

/// Positions, heads, key-value heads and width: whole and partial vectors, tiles and blocks.
private let shapes = [
    (1, 1, 1, 64), (2, 2, 2, 3), (5, 9, 3, 64), (33, 4, 4, 8), (70, 4, 1, 10), (131, 3, 3, 32), (40, 2, 1, 128),
    (29, 2, 2, 256), (65, 2, 1, 150),
]

/// sqrt(Σ (found - exact)²) beside sqrt(Σ exact²), or beside 1 where that is less.
private func distance(_ found: FloatBlock, _ stride: Int, _ exact: [Double], _ width: Int) -> Double {
    var difference = 0.0
    var size = 0.0
    for (index, value) in exact.enumerated() {
        let other = Double(found.base[index / width * stride + index % width])
        difference += (other - value) * (other - value)
        size += value * value
    }
    return (difference / max(size, 1)).squareRoot()
}
