import Foundation
import Synchronization
import Testing

/// The built command, run as a user runs it.
enum Plumb {
    /// What a finished process left.
    struct Outcome: Sendable {
        var code: Int32
        var output: String
        var errors: String

        /// The whole of standard output as one JSON object.
        func json() throws -> [String: Any] {
            try #require(
                try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any],
                "standard output is not one JSON object: \(output)")
        }
    }

    struct NotBuilt: Error, CustomStringConvertible {
        let description: String
    }

    /// The command beside the test bundle in the folder of build products.
    static func executable(_ name: String = "plumb") throws -> URL {
        let bundles = Bundle.allBundles.map(\.bundleURL).filter { $0.pathExtension == "xctest" }
        let programs = [CommandLine.arguments[0]].map { URL(fileURLWithPath: $0) }
        var tried: [String] = []
        for start in bundles + programs {
            var folder = start.deletingLastPathComponent()
            for _ in 0..<4 {
                let candidate = folder.appendingPathComponent(name)
                tried.append(candidate.path)
                if FileManager.default.isExecutableFile(atPath: candidate.path), !isFolder(candidate) {
                    return candidate
                }
                folder.deleteLastPathComponent()
            }
        }
        throw NotBuilt(description: "the command is not built: none of \(tried.joined(separator: ", ")) exists")
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Runs the command to its end, or kills it after `timeout` seconds, which fails the test.
    ///
    /// - Parameters:
    ///   - command: The executable's name.
    ///   - folder: The working folder.
    ///   - environment: Added to, and where it says nil removed from, the test's own environment.
    ///   - input: What it reads on standard input.
    ///   - whileRunning: Called once the process has started.
    static func run(
        _ arguments: [String], command: String = "plumb", in folder: URL? = nil, environment: [String: String?] = [:],
        input: FileHandle = .nullDevice, timeout: Double = 50,
        whileRunning: (Process) throws -> Void = { _ in }
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = try executable(command)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        var variables = ProcessInfo.processInfo.environment
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] { variables[name] = nil }
        for (name, value) in environment { variables[name] = value }
        process.environment = variables
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = input
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        let collected = Collected()
        try process.run()
        let readers = DispatchGroup()
        for (pipe, isOutput) in [(output, true), (errors, false)] {
            let handle = pipe.fileHandleForReading
            readers.enter()
            Thread.detachNewThread {
                collected.append(handle.readDataToEndOfFile(), isOutput: isOutput)
                readers.leave()
            }
        }
        do { try whileRunning(process) } catch {
            process.terminate()
            throw error
        }
        if ended.wait(timeout: .now() + timeout) == .timedOut {
            kill(process.processIdentifier, SIGKILL)
            ended.wait()
            Issue.record("\(command) \(arguments.joined(separator: " ")) took longer than \(timeout) s")
        }
        readers.wait()
        let code = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return Outcome(code: code, output: collected.text(true), errors: collected.text(false))
    }

    /// What the readers of the two pipes found.
    private final class Collected: Sendable {
        private let data = Mutex<[Bool: Data]>([:])

        func append(_ new: Data, isOutput: Bool) { data.withLock { $0[isOutput, default: Data()] += new } }

        func text(_ isOutput: Bool) -> String {
            String(decoding: data.withLock { $0[isOutput] ?? Data() }, as: UTF8.self)
        }
    }
}

/// Where the real model is kept, where it has been fetched.
enum RealModel {
    static let reason: Comment = "smollm2-135m has not been fetched: plumb model get smollm2-135m"

    static var isCached: Bool {
        guard let outcome = try? Plumb.run(["model", "list", "--json"], environment: ["PLUMB_OFFLINE": "1"]),
            let models = try? outcome.json()["models"] as? [[String: Any]],
            let model = models.first(where: { $0["name"] as? String == "smollm2-135m" })
        else { return false }
        return model["path"] is String
    }
}
