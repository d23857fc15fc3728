internal import Foundation

/// What settings need of memory at the same time, so that a run which needs too much is refused before it begins.
public struct MemoryEstimate: Sendable, Equatable {
    /// A part of what is needed.
    public struct Part: Sendable, Equatable {
        /// The options that it grows with, for people: `--modulus 999`.
        public var options: String
        /// In bytes, as a lower estimate.
        public var bytes: Double

        /// A part that grows with `options`.
        public init(_ options: String, bytes: Double) { (self.options, self.bytes) = (options, bytes) }
    }

    /// Everything that is needed at the same time.
    public var parts: [Part]

    /// The sum of `parts`.
    public init(_ parts: [Part]) { self.parts = parts }

    /// The sum of all parts, in bytes.
    public var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }

    /// The memory that this process may use, in bytes: the machine's, or less where its group is limited.
    public static var present: Double {
        let machine = Double(ProcessInfo.processInfo.physicalMemory)
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].compactMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
                Double($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        return limits.filter { $0 > 0 }.reduce(machine, min)
    }

    /// Refuses settings that need more than half of the memory there is: estimates are low, and others compute too.
    ///
    /// - Parameter present: what there is, in bytes.
    /// - Throws: `SettingsError` naming the options of the largest part, the estimate and what there is.
    public func check(present: Double = Self.present) throws {
        guard bytes > present / 2, let largest = parts.max(by: { $0.bytes < $1.bytes }) else { return }
        throw SettingsError(
            "\(largest.options): the run would need about \(Self.gigabytes(bytes)) of memory, more than half of the "
                + "\(Self.gigabytes(present)) of this machine; take smaller numbers")
    }

    private static func gigabytes(_ bytes: Double) -> String {
        String(format: bytes < 9.95e9 ? "%.1f GB" : "%.0f GB", bytes / 1e9)
    }
}
