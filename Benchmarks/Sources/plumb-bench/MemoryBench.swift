import Dispatch
import Foundation
import PlumbData

/// How fast memory is read, which bounds decoding: a token reads every weight once.
struct MemoryBench {
    private static let bytes = 256 << 20

    /// Bytes a second of each repeat: threads add up the parts of a buffer much larger than the caches.
    func measure(_ request: Request) -> [Double] {
        let count = Self.bytes / MemoryLayout<SIMD8<UInt64>>.stride
        let buffer = UnsafeMutableBufferPointer<SIMD8<UInt64>>.allocate(capacity: count)
        defer { buffer.deallocate() }
        buffer.initialize(repeating: SIMD8(repeating: 1))
        let shared = Shared(buffer: UnsafeBufferPointer(buffer), parts: request.threads)
        let clock = ContinuousClock()
        return (0..<max(3, request.repeats)).map { _ in
            let seconds = clock.measure {
                DispatchQueue.concurrentPerform(iterations: request.threads) { shared.add(part: $0) }
            }
            return Double(Self.bytes) / (seconds / .seconds(1))
        }
    }

    /// The bytes that a token reads: those of every matrix but the embedding, unless it is the unembedding too.
    static func bytesPerToken(model name: String) throws -> Double? {
        let url = URL(fileURLWithPath: name)
        guard url.pathExtension == "gguf" else { return nil }
        let file = try GGUFFile(contentsOf: url)
        let matrices = file.names.filter { $0 != "token_embd.weight" || !file.contains("output.weight") }
        return try matrices.reduce(0) { $0 + Double(try file.tensor($1).bytes.count) }
    }

    /// A buffer that threads read, each its part.
    private struct Shared: @unchecked Sendable {
        let buffer: UnsafeBufferPointer<SIMD8<UInt64>>
        let parts: Int

        func add(part: Int) {
            let (first, end) = (part * buffer.count / parts, (part + 1) * buffer.count / parts)
            var sums = (SIMD8<UInt64>(), SIMD8<UInt64>(), SIMD8<UInt64>(), SIMD8<UInt64>())
            for index in stride(from: first, to: end - 3, by: 4) {
                sums.0 &+= buffer[index]
                sums.1 &+= buffer[index + 1]
                sums.2 &+= buffer[index + 2]
                sums.3 &+= buffer[index + 3]
            }
            let total = (sums.0 &+ sums.1 &+ sums.2 &+ sums.3).wrappedSum()
            precondition(total > 0, "the sum of ones is positive")
        }
    }
}
