import Foundation

/// Times `plumb predict`, which is built beside this program, as a process of its own.
struct ColdPredict {
    let model: String

    func measure(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("plumb")
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw BenchError("\(program.path) is missing: build it with `swift build -c release` in Benchmarks")
        }
        var times: [Double] = []
        for _ in 0...request.repeats {
            let process = Process()
            process.executableURL = program
            process.arguments = [
                "predict", "--model", model, "--text", "When Mary and John went to the store, John gave a drink to",
                "--json", "--threads", "\(request.threads)", "--arithmetic", request.arithmetic,
            ]
            let output = Pipe()
            process.standardOutput = output
            let start = ContinuousClock().now
            try process.run()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            times.append((ContinuousClock().now - start) / .seconds(1))
            guard process.terminationStatus == 0, !text.isEmpty else {
                throw BenchError("plumb predict ended with status \(process.terminationStatus)")
            }
        }
        // The first run brings the file into the system's cache.
        return (
            ["seconds": Array(times.dropFirst())],
            ["first_seconds": times[0], "peak_megabytes": PeakMemory.ofChildren]
        )
    }
}

/// The most memory that was held at once, in MB.
enum PeakMemory {
    #if os(Linux)
        // RUSAGE_SELF and RUSAGE_CHILDREN are cases of an enumeration here.
        private static let (own, children, unit): (Int32, Int32, Double) = (0, -1, 1024)
    #else
        private static let (own, children, unit): (Int32, Int32, Double) = (RUSAGE_SELF, RUSAGE_CHILDREN, 1)
    #endif

    /// By this process.
    static var ofThis: Double { megabytes(own) }
    /// By a process that this one has started and that has ended.
    static var ofChildren: Double { megabytes(children) }

    private static func megabytes(_ whose: Int32) -> Double {
        var usage = rusage()
        getrusage(whose, &usage)
        return Double(usage.ru_maxrss) * unit / 1e6
    }
}
