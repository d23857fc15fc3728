public import Foundation

/// What the numbers of a run were computed by: the command's file, and the commit of the sources that it was built from.
public struct Build: Codable, Sendable, Equatable {
    /// The SHA-256 of the executable, lower-case hexadecimal.
    public var executable: String?
    /// The commit that is checked out where the executable was built, followed by `+` where files differ from it; `nil`
    /// outside a checkout, or where the commit was checked out after the executable was built.
    public var commit: String?

    /// A build by its hash and commit.
    public init(executable: String?, commit: String?) {
        self.executable = executable
        self.commit = commit
    }

    /// The commit of the checkout above `executable`.
    public static func commit(of executable: URL) -> String? {
        var folder = executable.resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            if FileManager.default.fileExists(atPath: folder.appendingPathComponent(".git").path) { break }
            folder.deleteLastPathComponent()
        }
        guard folder.path != "/", let head = git(["log", "-1", "--format=%H %ct"], in: folder)?.split(separator: " "),
            head.count == 2, let time = Double(head[1]),
            let built = (try? FileManager.default.attributesOfItem(atPath: executable.path))?[.modificationDate]
                as? Date,
            built.timeIntervalSince1970 >= time, let changes = git(["status", "--porcelain", "-uno"], in: folder)
        else { return nil }
        return String(head[0]) + (changes.isEmpty ? "" : "+")
    }

    private static func git(_ words: [String], in folder: URL) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", folder.path] + words
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
