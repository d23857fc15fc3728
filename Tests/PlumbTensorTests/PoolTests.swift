import CPlumbKernels
import Testing

/// The number of threads is the process's own, so what changes it runs in a process of its own.
@Suite struct PoolTests {
    @Test func everyChunkRunsExactlyOnce() async {
        await #expect(processExitsWith: .success) {
            for threads in [1, 2, 3, 7, 1, 2] {
                plumb_threads_set(Int32(threads))
                #expect(plumb_threads() == Int32(threads))
                for chunks in [0, 1, 2, 3, 64, 1000] {
                    #expect(runsOfEachChunk(chunks) == [UInt8](repeating: 1, count: chunks))
                }
            }
        }
    }

    @Test func contextsMayDieAsSoonAsTheCallReturns() async {
        await #expect(processExitsWith: .success) {
            plumb_threads_set(3)
            var wrong = 0
            for round in 0..<50_000 {
                let chunks = 1 + round % 9
                wrong += runsOfEachChunk(chunks).count { $0 != 1 }
            }
            #expect(wrong == 0)
        }
    }

    @Test func nestedCallsRunTheirChunks() async {
        await #expect(processExitsWith: .success) {
            plumb_threads_set(2)
            var runs = [UInt8](repeating: 0, count: 16 * 8)
            runs.withUnsafeMutableBytes { bytes in
                plumb_parallel(
                    16,
                    { context, chunk in
                        let row = context?.advanced(by: chunk * 8)
                        plumb_parallel(8, countRun, row)
                    }, bytes.baseAddress)
            }
            #expect(runs.allSatisfy { $0 == 1 })
        }
    }

    @Test func concurrentCallsRunTheirChunks() async {
        let wrong = await withTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var wrong = 0
                    for round in 0..<3000 { wrong += runsOfEachChunk(1 + (round + task) % 33).count { $0 != 1 } }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }
}

/// Adds one to byte `chunk` of the context.
private func countRun(context: UnsafeMutableRawPointer?, chunk: Int) {
    context?.assumingMemoryBound(to: UInt8.self)[chunk] += 1
}

private func runsOfEachChunk(_ chunks: Int) -> [UInt8] {
    var runs = [UInt8](repeating: 0, count: chunks)
    runs.withUnsafeMutableBytes { plumb_parallel(chunks, countRun, $0.baseAddress) }
    return runs
}
