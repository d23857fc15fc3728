import CPlumbKernels
import Testing

/// The counters are the process's own, so what reads them runs in a process of its own.
@Suite struct BufferTests {
    @Test func buffersAreAlignedAndWritable() {
        for bytes in [0, 1, 63, 64, 257, 4096, 1 << 20, 2 << 20, (2 << 20) + 1, 9_000_001] {
            let buffer = plumb_buffer_allocate(bytes)
            #expect(buffer != nil)
            let address = UInt(bitPattern: buffer)
            #expect(address % 64 == 0)
            buffer?.initializeMemory(as: UInt8.self, repeating: 7, count: bytes)
            plumb_buffer_release(buffer)
        }
    }

    @Test func impossibleSizesGiveNothing() {
        #expect(plumb_buffer_allocate(Int.max) == nil)
        #expect(plumb_buffer_allocate(1 << 50) == nil)
        plumb_buffer_release(nil)
    }

    @Test func countersAreExact() async {
        await #expect(processExitsWith: .success) {
            let before = plumb_buffer_bytes()
            plumb_buffer_peak_reset()
            let small = plumb_buffer_allocate(1000)
            let large = plumb_buffer_allocate(3_000_000)
            #expect(plumb_buffer_bytes() == before + 3_001_000)
            plumb_buffer_release(large)
            #expect(plumb_buffer_bytes() == before + 1000)
            #expect(plumb_buffer_peak() == before + 3_001_000)
            plumb_buffer_peak_reset()
            #expect(plumb_buffer_peak() == before + 1000)
            plumb_buffer_release(small)
            #expect(plumb_buffer_bytes() == before)
        }
    }

    @Test func releasedBuffersServeAgainUntilTrimmed() async {
        await #expect(processExitsWith: .success) {
            let first = plumb_buffer_allocate(5_000_000)
            plumb_buffer_release(first)
            let second = plumb_buffer_allocate(4_900_000)
            #expect(first == second)
            plumb_buffer_release(second)
            plumb_buffer_trim()
            let third = plumb_buffer_allocate(5_000_000)
            third?.initializeMemory(as: UInt8.self, repeating: 1, count: 5_000_000)
            plumb_buffer_release(third)
        }
    }

    @Test func manyTasksNeverShareABuffer() async {
        let clashes = await withTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask { clashesOf(task: UInt8(task + 1), rounds: 4000) }
            }
            return await group.reduce(0, +)
        }
        #expect(clashes == 0)
    }
}

/// Fills buffers of changing sizes with the task's number and looks whether anybody else wrote there.
private func clashesOf(task: UInt8, rounds: Int) -> Int {
    var clashes = 0
    for round in 0..<rounds {
        let bytes = 1 + (round * 7919 + Int(task) * 131) % 3000
        guard let buffer = plumb_buffer_allocate(bytes) else { return -1 }
        let filled = buffer.initializeMemory(as: UInt8.self, repeating: task, count: bytes)
        for i in 0..<bytes where filled[i] != task { clashes += 1 }
        plumb_buffer_release(buffer)
    }
    return clashes
}
