internal import CPlumbKernels

/// Calls `body` with each chunk of `0 ..< count`, shared among the kernels' threads. Chunks must not write to the same
/// place; what each computes must not depend on the others, so that results do not depend on the number of threads.
func forEachChunk(of count: Int, size: Int, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let size = max(1, size)
    withoutActuallyEscaping(body) { body in
        var work = ChunkedWork(count: count, size: size, body: body)
        withUnsafeMutablePointer(to: &work) {
            plumb_parallel((count + size - 1) / size, runChunk, UnsafeMutableRawPointer($0))
        }
    }
}

private struct ChunkedWork {
    let count: Int
    let size: Int
    let body: (Range<Int>) -> Void
}

private func runChunk(_ context: UnsafeMutableRawPointer?, _ chunk: Int) {
    guard let work = context?.assumingMemoryBound(to: ChunkedWork.self) else { return }
    let first = chunk * work.pointee.size
    work.pointee.body(first..<min(first + work.pointee.size, work.pointee.count))
}
