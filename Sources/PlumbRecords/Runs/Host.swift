import Foundation

/// The machine a run ran on.
public struct Host: Codable, Sendable, Equatable {
    /// For example "Debian GNU/Linux 12 (bookworm)".
    public var os: String
    /// The processor's model name.
    public var processor: String
    /// Logical cores that the process may use.
    public var cores: Int
    /// Physical memory in bytes.
    public var memoryBytes: UInt64
    /// The instruction set the kernels chose, for example `avx512`.
    public var isa: String
    /// Threads the kernels used.
    public var threads: Int

    /// A machine described by hand; `current(isa:threads:)` describes this one.
    public init(
        os: String, processor: String, cores: Int, memoryBytes: UInt64, isa: String, threads: Int
    ) {
        self.os = os
        self.processor = processor
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.isa = isa
        self.threads = threads
    }

    /// This machine.
    /// - Parameters:
    ///   - isa: the instruction set the kernels chose.
    ///   - threads: how many threads the kernels use.
    public static func current(isa: String, threads: Int) -> Host {
        let process = ProcessInfo.processInfo
        return Host(
            os: operatingSystem() ?? process.operatingSystemVersionString, processor: processorModel(),
            cores: process.activeProcessorCount, memoryBytes: process.physicalMemory, isa: isa,
            threads: threads)
    }

    /// The distribution's own name, where there is one.
    private static func operatingSystem() -> String? {
        guard let text = try? String(contentsOfFile: "/etc/os-release", encoding: .utf8) else {
            return nil
        }
        return text.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
            .map {
                $0.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: CharacterSet(charactersIn: "\""))
            }
    }

    private static func processorModel() -> String {
        #if os(Linux)
            let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
            for key in ["model name", "Hardware", "CPU part"] {
                if let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }),
                    let colon = line.firstIndex(of: ":")
                {
                    return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                }
            }
            return "unknown"
        #else
            var size = 0
            guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0, size > 1 else {
                return "unknown"
            }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0 else {
                return "unknown"
            }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        #endif
    }
}
