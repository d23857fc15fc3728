import Foundation

/// A folder of a test's own, removed with it.
final class Scratch: Sendable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Writes `bytes` to a file called `name` and returns where.
    @discardableResult
    func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> URL {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(Array(bytes)).write(to: url)
        return url
    }
}

/// Reproducible damage to bytes.
struct Mutator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }

    /// `bytes` with bits flipped, extreme numbers written over, parts cut out or repeated, or the end missing.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0...below(3) where !result.isEmpty {
            let position = below(result.count)
            switch below(7) {
            case 0: result[position] ^= 1 << UInt8(below(8))
            case 1: result[position] = UInt8(truncatingIfNeeded: next())
            case 2:
                let extremes: [UInt64] = [
                    0, 1, 1 << 31, 1 << 32, 1 << 40, 1 << 63, .max, .max - 7, UInt64(result.count),
                ]
                let number = extremes[below(extremes.count)]
                for index in 0..<min(8, result.count - position) {
                    result[position + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
                }
            case 3: result.removeLast(below(result.count))
            case 4: result.removeSubrange(position..<min(result.count, position + 1 + below(16)))
            case 5:
                result.insert(contentsOf: result[position..<min(result.count, position + 1 + below(16))], at: position)
            default: result.insert(UInt8(truncatingIfNeeded: next()), at: position)
            }
        }
        return result
    }
}
