import Foundation
import PlumbTensor
import Testing

@testable import PlumbEvaluations

private let hasSandbox = (try? Sandbox.check()) != nil

/// A folder that is removed with its test.
private func temporaryFolder() -> URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("sandbox-\(UUID().uuidString)")
}

@Suite("What runs in a sandbox stays there", .enabled(if: hasSandbox, "bubblewrap is not installed"))
struct SandboxTests {
    private func inSandbox(
        limits: Sandbox.Limits = Sandbox.Limits(), _ body: (Sandbox) throws -> Void
    ) throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(try Sandbox(folder: folder, limits: limits))
    }

    @Test("A script reads and writes its folder, and its output and status come back") func runs() throws {
        try inSandbox { sandbox in
            try sandbox.write(["a/b.txt": "hello\n"])
            let result = try sandbox.run("cat a/b.txt; echo more > c.txt; echo oops >&2; exit 3")
            #expect(result.output == "hello\noops\n")
            #expect(result.ending == .exited(3) && !result.isCut)
            let later = try sandbox.run("cat c.txt").output
            #expect(later == "more\n")
        }
    }

    @Test("No open file of the process that starts it is passed on") func descriptors() throws {
        let secret = temporaryFolder()
        try Data("secret-canary".utf8).write(to: secret)
        defer { try? FileManager.default.removeItem(at: secret) }
        let descriptor = open(secret.path, O_RDONLY)
        defer { close(descriptor) }
        try inSandbox { sandbox in
            let result = try sandbox.run("ls /proc/self/fd; cat <&\(descriptor)")
            #expect(!result.output.contains("secret-canary"))
            #expect(result.output.hasPrefix("0\n1\n2\n3\n"))
            #expect(!result.output.hasPrefix("0\n1\n2\n3\n4\n"))
        }
    }

    @Test("The environment of the process that starts it cannot be read") func environment() throws {
        #expect(ProcessInfo.processInfo.environment["PATH"] != nil)
        try inSandbox { sandbox in
            let result = try sandbox.run(
                "for p in /proc/[0-9]*; do [ $p = /proc/$$ ] || cat $p/environ; done; echo end")
            #expect(!result.output.contains("PATH="), "\(result.output)")
            #expect(result.output.hasSuffix("end\n"))
        }
    }

    @Test("Neither paths nor links lead to the machine's files") func files() throws {
        let secret = temporaryFolder()
        try Data("secret-canary".utf8).write(to: secret)
        defer { try? FileManager.default.removeItem(at: secret) }
        try inSandbox { sandbox in
            for script in [
                "cat \(secret.path)", "ln -s \(secret.path) link; cat link", "ln \(secret.path) hard; cat hard",
                "cat /task/../\(secret.path)", "cat /proc/1/root\(secret.path)", "cat /proc/1/cwd/../\(secret.path)",
                "for p in /proc/[0-9]*; do cat $p/root\(secret.path); done", "cat /etc/passwd /etc/shadow",
                "ls /home /root /task/..\(secret.deletingLastPathComponent().path)",
            ] {
                let result = try sandbox.run(script)
                #expect(!result.output.contains("secret-canary") && !result.output.contains("root:"), "\(script)")
            }
        }
    }

    @Test("The machine's programs cannot be changed, and no device is there but the harmless ones") func system() throws
    {
        try inSandbox { sandbox in
            for script in [
                "echo x > /usr/bin/true", "rm /usr/bin/true", "mount -t tmpfs none /usr", "mknod disk b 8 0",
                "cat /dev/mem", "ls /dev/sda /dev/vda", "chroot / true",
                "unshare --mount --map-root-user true && "
                    + "echo nested && mount -o remount,rw /usr", "echo x > /dev/kmsg", "echo x > /dev/shm/x",
                "echo x > /x", "echo x > /etc",
            ] {
                let result = try sandbox.run(script)
                #expect(!result.succeeded, "\(script)")
            }
            #expect(FileManager.default.isExecutableFile(atPath: "/usr/bin/true"))
        }
    }

    @Test("Set-user-ID programs give no rights") func privileges() throws {
        try inSandbox { sandbox in
            let result = try sandbox.run("grep -E 'NoNewPrivs|CapEff' /proc/self/status; su -c id; id -u")
            #expect(result.output.contains("NoNewPrivs:\t1"))
            #expect(result.output.contains("CapEff:\t0000000000000000"))
            #expect(!result.output.contains("uid=0"))
        }
    }

    @Test("A server of the machine cannot be reached") func network() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port: UInt16 = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bare in
                guard bind(listener, bare, size) == 0, listen(listener, 1) == 0 else { return }
                getsockname(listener, bare, &size)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        #expect(port > 0)
        try inSandbox { sandbox in
            let result = try sandbox.run("exec 3<>/dev/tcp/127.0.0.1/\(port)")
            #expect(!result.succeeded)
            let far = try sandbox.run("exec 3<>/dev/tcp/1.1.1.1/53")
            #expect(!far.succeeded)
        }
    }

    @Test("What never ends is ended, with all that it started") func time() throws {
        var limits = Sandbox.Limits()
        limits.seconds = 0.5
        try inSandbox(limits: limits) { sandbox in
            let start = ContinuousClock.now
            let result = try sandbox.run("(while true; do date >> late.txt; sleep 0.05; done) & sleep 100")
            #expect(result.ending == .outOfTime)
            #expect(ContinuousClock.now - start < .seconds(30))
            let size = try sandbox.run("wc -c < late.txt").output
            Thread.sleep(forTimeInterval: 0.2)
            let later = try sandbox.run("wc -c < late.txt").output
            #expect(later == size)
        }
    }

    @Test("Output without an end is cut and does not fill the memory") func output() throws {
        var limits = Sandbox.Limits()
        (limits.seconds, limits.output) = (1, 1000)
        try inSandbox(limits: limits) { sandbox in
            let result = try sandbox.run("yes")
            #expect(result.output.utf8.count == 1000 && result.isCut && result.ending == .outOfTime)
        }
    }

    @Test("A fork bomb ends and leaves nothing behind") func forks() throws {
        var limits = Sandbox.Limits()
        (limits.seconds, limits.processes) = (1.5, 32)
        try inSandbox(limits: limits) { sandbox in
            let result = try sandbox.run("f() { f | f & }; f; sleep 5; echo survived")
            #expect(!result.output.contains("survived"))
            let later = try sandbox.run("echo fine").output
            #expect(later == "fine\n")
        }
    }

    @Test("Memory and disk are limited") func memoryAndDisk() throws {
        var limits = Sandbox.Limits()
        (limits.memory, limits.files) = (1 << 27, 1 << 22)
        try inSandbox(limits: limits) { sandbox in
            // Eight processes, each below the limit of one.
            let memory = try sandbox.run(
                "for i in 1 2 3 4 5 6 7 8; do (x=$(head -c 60000000 /dev/zero | tr '\\0' a); sleep 5) & done; wait")
            #expect(memory.ending == .outOfMemory)
            let big = try sandbox.run("head -c 100000000 /dev/zero > big")
            #expect(!big.succeeded)
            _ = try sandbox.run("rm -f big")
            let disk = try sandbox.run("for i in $(seq 100); do head -c 1000000 /dev/zero > part$i; sleep 0.01; done")
            #expect(disk.ending == .outOfSpace)
        }
    }

    @Test("A folder over its limit ends each command, and can be emptied") func clearing() throws {
        var limits = Sandbox.Limits()
        limits.files = 1 << 20
        try inSandbox(limits: limits) { sandbox in
            try sandbox.write(["big": String(repeating: "x", count: 2 << 20)])
            let result = try sandbox.run("sleep 5")
            #expect(result.ending == .outOfSpace)
            try sandbox.clear()
            let later = try sandbox.run("ls; echo fine").output
            #expect(later == "fine\n")
        }
    }

    @Test("A path that leaves the folder is refused", arguments: ["../x", "a/../../x", "/etc/x", "a//b", ""])
    func paths(path: String) throws {
        try inSandbox { sandbox in
            #expect(throws: EvaluationError.self) { try sandbox.write([path: "x"]) }
        }
    }
}

@Suite("Tasks for agents") struct AgentTaskTests {
    @Test("The first block is the action, and reasoning around it is not") func actions() {
        #expect(
            AgentRun.action(in: "First look.\n```bash\nls -l\n```\nThen ```") == .run(program: "bash", script: "ls -l"))
        #expect(AgentRun.action(in: "```python\nprint(1)\n```") == .run(program: "python3", script: "print(1)"))
        #expect(AgentRun.action(in: "```text\n```bash\n```\n```answer\n 42 \n```") == .submit("42"))
        #expect(AgentRun.action(in: "```bash\necho open") == .run(program: "bash", script: "echo open"))
        #expect(AgentRun.action(in: "no block") == nil)
    }

    @Test(
        "The agent that can solves every task and the one that cannot solves none",
        .enabled(if: hasSandbox, "bubblewrap is not installed"), arguments: [1, 2] as [UInt64])
    func scripted(seed: UInt64) throws {
        for family in AgentTaskFamily.standard {
            let task = family.task(key: RandomKey(seed))
            for (solution, score) in [(task.solution, 1.0), (task.failure, 0.0)] {
                let folder = temporaryFolder()
                defer { try? FileManager.default.removeItem(at: folder) }
                let result = try AgentRun()(task, in: folder, policy: solution.policy)
                #expect(result.score == score, "\(task.name): \(solution.script)")
                #expect(result.ending == .submitted)
            }
        }
    }

    @Test("A task is the same for the same key, and another for another") func keys() {
        for family in AgentTaskFamily.standard {
            #expect(family.task(key: RandomKey(3)) == family.task(key: RandomKey(3)))
        }
        #expect(AgentTaskFamily.readAFile.task(key: RandomKey(3)) != AgentTaskFamily.readAFile.task(key: RandomKey(4)))
    }

    @Test("An answer is text to a scorer and not commands", .enabled(if: hasSandbox, "bubblewrap is not installed"))
    func quotedAnswers() throws {
        let task = AgentTaskFamily.readAFile.task(key: RandomKey(5))
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try AgentRun()(task, in: folder) { _ in "```answer\n'; echo 1; exit 0; '\n```" }
        #expect(result.score == 0)
    }

    @Test(
        "A program of the agent cannot read what it should print, and a case that fails is no success",
        .enabled(if: hasSandbox, "bubblewrap is not installed"))
    func unseenCases() throws {
        // What it prints is all that can be read of the processes that started it.
        let spy =
            "cat > spy.sh <<'END'\ncat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n' > seen.txt\n"
            + "echo ${1}right\nEND"
        for (printed, score) in [("tworight", 1.0), ("seventeen", 0)] {
            let task = AgentTask(
                "spy", minutes: 1, instructions: "Print.",
                cases: [.init("bash spy.sh two", prints: printed), .init("echo two", prints: "two")],
                solution: .init(spy, answer: "done"), failure: .init("true", answer: "done"))
            let folder = temporaryFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let result = try AgentRun()(task, in: folder, policy: task.solution.policy)
            #expect(result.score == score)
            let seen = try String(contentsOf: folder.appendingPathComponent("seen.txt"), encoding: .utf8)
            #expect(seen.contains("spy.sh") && !seen.contains("tworight") && !seen.contains("seventeen"))
        }
    }

    @Test(
        "An agent without a block is told so, and ends at its last turn",
        .enabled(if: hasSandbox, "bubblewrap is not installed"))
    func turns() throws {
        var run = AgentRun()
        run.turns = 3
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try run(AgentTaskFamily.readAFile.task(key: RandomKey(6)), in: folder) { _ in "I think." }
        #expect(result.ending == .outOfTurns && result.score == 0 && result.transcript.count == 8)
    }
}
