public import Foundation
internal import PlumbBasics

/// A place where what a model writes is run: bubblewrap's namespaces without a network, without the machine's files but
/// for its programs, and without privileges.
///
/// What runs sees `/task`, the folder that it was given, an empty `/tmp`, a `/dev` and `/proc` of its own, and `/usr`
/// without the right to write. Processes, memory, time, output and files are limited. It is a fence for small models and
/// for mistakes: the kernel is shared, and a fault of the kernel would be a way out. Memory in files without a name
/// (`memfd_create`) is limited by the size and the number of open files only.
public struct Sandbox: Sendable {
    /// What a command may use.
    public struct Limits: Sendable, Equatable, Codable {
        /// Seconds by the clock.
        public var seconds = 10.0
        /// Bytes of memory of all its processes together.
        public var memory = 1 << 29
        /// Processes and threads at a time.
        public var processes = 64
        /// Bytes of output that are kept; the rest is dropped.
        public var output = 1 << 14
        /// Bytes of the folder's files together.
        public var files = 1 << 26

        /// The limits of a short task.
        public init() {}
    }

    /// How a command ended.
    public enum Ending: Sendable, Hashable, Codable {
        /// By itself, with this status.
        case exited(Int32)
        /// By a signal.
        case killed(Int32)
        /// It was ended because it ran too long, took too much memory or wrote too much.
        case outOfTime, outOfMemory, outOfSpace

        /// In words.
        public var sentence: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .killed(let signal): "ended by signal \(signal)"
            case .outOfTime: "stopped: it took too long"
            case .outOfMemory: "stopped: it took too much memory"
            case .outOfSpace: "stopped: it wrote too much to disk"
            }
        }
    }

    /// What a command wrote, and how it ended.
    public struct Result: Sendable, Equatable {
        /// What it wrote to its output and its errors, up to the limit.
        public var output: String
        /// Whether more was written than was kept.
        public var isCut: Bool
        /// How it ended.
        public var ending: Ending
        /// Whether it ended by itself with status 0.
        public var succeeded: Bool { ending == .exited(0) }
    }

    /// Where the folder is inside.
    static let inside = "/task"
    /// The folder that is `/task` inside.
    public let folder: URL
    /// What a command may use.
    public var limits: Limits

    /// A sandbox around a folder, which is made where it is missing.
    ///
    /// - Throws: ``EvaluationError`` where the machine has no bubblewrap or does not let it work; errors of the disk.
    public init(folder: URL, limits: Limits = Limits()) throws {
        (self.folder, self.limits) = (folder, limits)
        try Self.check()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try handOver()
        // A machine that is slow at the moment has no fault; the limits are those of tasks.
        var patient = self
        patient.limits.seconds = max(60, limits.seconds)
        let probe = try patient.run("true")
        guard probe.succeeded else {
            let said = probe.output.trimmingCharacters(in: .whitespacesAndNewlines)
            throw EvaluationError(
                "bubblewrap cannot make a sandbox here (\(said.isEmpty ? probe.ending.sentence : said)): agents run only "
                    + "where the system allows unprivileged user namespaces")
        }
    }

    /// Whether the programs that a sandbox is made of are there.
    ///
    /// - Throws: ``EvaluationError`` naming what is missing.
    public static func check() throws {
        for program in [bubblewrap, limiter] where !FileManager.default.isExecutableFile(atPath: program) {
            throw EvaluationError(
                "\(program) is missing: agents run in bubblewrap's sandbox on Linux (apt-get install bubblewrap "
                    + "util-linux)")
        }
    }

    private static let bubblewrap = "/usr/bin/bwrap", limiter = "/usr/bin/prlimit", demoter = "/usr/bin/setpriv"
    /// The user that root's sandboxes run as: nobody.
    private static let nobody = 65534

    /// Writes files into the folder, before an agent has had it.
    ///
    /// - Parameter files: text by path; the folders of a path are made.
    /// - Throws: ``EvaluationError`` for a path that leaves the folder; errors of the disk.
    public func write(_ files: [String: String]) throws {
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.contains(where: { $0.isEmpty || $0 == ".." || $0 == "." }) else {
                throw EvaluationError("\"\(path)\" is no path inside a task's folder")
            }
            let url = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        try handOver()
    }

    /// Removes what is in the folder. A command in the sandbox could not: a folder over its limit ends every command.
    ///
    /// - Throws: errors of the disk.
    public func clear() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    /// Gives the folder and what is in it to the user that root's sandboxes run as.
    private func handOver() throws {
        guard geteuid() == 0 else { return }
        for path in [folder.path] + Self.names(in: folder).map({ folder.appendingPathComponent($0).path }) {
            guard lchown(path, UInt32(Self.nobody), UInt32(Self.nobody)) == 0 else {
                throw EvaluationError(
                    "\(path) cannot be given to the user of the sandbox: \(String(cString: strerror(errno)))")
            }
        }
    }

    private static func names(in folder: URL) -> some Sequence<String> {
        (FileManager.default.enumerator(atPath: folder.path)?.lazy.compactMap { $0 as? String })
            .map(AnySequence.init) ?? AnySequence([])
    }

    /// What a name counts as, so that empty files are limited too.
    private static let nameBytes = 4096

    /// Runs a script in `/task`.
    ///
    /// - Parameters:
    ///   - script: what the program is given.
    ///   - program: reads the script: `bash`, `python3` or another of `/usr/bin`.
    /// - Throws: ``EvaluationError`` where the sandbox cannot be started; errors of the disk.
    public func run(_ script: String, by program: String = "bash") throws -> Result {
        var words = [Self.bubblewrap] + arguments + ["/usr/bin/\(program)", "-c", script]
        if geteuid() == 0 {
            words = [Self.demoter, "--reuid=\(Self.nobody)", "--regid=\(Self.nobody)", "--clear-groups"] + words
        }
        let (reading, writing) = try Self.pipe()
        defer { close(reading) }
        defer { close(writing) }
        return watch(try Self.spawn(words, output: writing), reading: reading)
    }

    private var arguments: [String] {
        [
            "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--cap-drop",
            "ALL", "--clearenv",
            "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", Self.inside, "--setenv", "LANG", "C.UTF-8",
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
            "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--size", "\(limits.files)",
            "--tmpfs", "/tmp", "--bind", folder.path, Self.inside, "--remount-ro", "/dev", "--remount-ro", "/",
            "--chdir",
            Self.inside, "--hostname", "sandbox",
            Self.limiter, "--nproc=\(limits.processes)", "--as=\(limits.memory)", "--fsize=\(limits.files)",
            "--nofile=256", "--core=0", "--",
        ]
    }

    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else { throw systemError("a pipe could not be made", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }

    private static func systemError(_ what: String, _ code: Int32) -> EvaluationError {
        EvaluationError("\(what): \(String(cString: strerror(code)))")
    }

    /// Starts a program with nothing open but its output, no signal blocked or ignored, and an empty environment: what
    /// bubblewrap is given can be read inside, in /proc/1/environ, whatever it hands on.
    private static func spawn(_ words: [String], output: Int32) throws -> pid_t {
        #if os(Linux)
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            for standard in [1, 2] as [Int32] { posix_spawn_file_actions_adddup2(&actions, output, standard) }
            let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.compactMap { Int32($0) }
            // Some more, which another thread may open meanwhile: new numbers are the lowest free ones.
            let last = (open?.max() ?? 1024) + 64
            for descriptor in 3...max(3, last) { posix_spawn_file_actions_addclose(&actions, descriptor) }
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            var (none, all) = (sigset_t(), sigset_t())
            sigemptyset(&none)
            sigfillset(&all)
            posix_spawnattr_setsigmask(&attributes, &none)
            posix_spawnattr_setsigdefault(&attributes, &all)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
            var arguments = words.map { strdup($0) } + [nil]
            defer { for argument in arguments { free(argument) } }
            var environment: [UnsafeMutablePointer<CChar>?] = [nil]
            var process: pid_t = 0
            let status = posix_spawn(&process, words[0], &actions, &attributes, &arguments, &environment)
            guard status == 0 else { throw systemError("\(words[0]) could not be started", status) }
            return process
        #else
            throw EvaluationError("agents run in bubblewrap's sandbox, which there is on Linux only")
        #endif
    }

    /// Reads what is written, and ends what exceeds a limit. Everything inside ends with bubblewrap.
    private func watch(_ process: pid_t, reading descriptor: Int32) -> Result {
        let end = ContinuousClock.now + .seconds(limits.seconds)
        // A status that cannot be had, since something else has taken it, must not read as success.
        var (kept, isCut, ending, status) = ([UInt8](), false, Ending?.none, Int32(127 << 8))
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        func drain() {
            // A writer without an end must not keep the watch from its other duties.
            for _ in 0..<64 {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { return }
                let room = limits.output - kept.count
                isCut = isCut || count > room
                kept.append(contentsOf: buffer.prefix(min(count, max(room, 0))))
            }
        }
        while waitpid(process, &status, WNOHANG) == 0 {
            drain()
            if ContinuousClock.now >= end { ending = .outOfTime }
            if memory(below: process) > limits.memory { ending = .outOfMemory }
            if space() > limits.files { ending = .outOfSpace }
            if ending != nil {
                kill(process, SIGKILL)
                while waitpid(process, &status, 0) == -1, errno == EINTR {}
                break
            }
            usleep(10_000)
        }
        drain()
        // As the macros of wait.h have it, which Swift does not import.
        let own: Ending = status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(status & 0x7f)
        return Result(output: String(decoding: kept, as: UTF8.self), isCut: isCut, ending: ending ?? own)
    }

    /// The resident bytes of a process and all that descend from it.
    private func memory(below root: Int32) -> Int {
        var parents: [Int32: (parent: Int32, pages: Int)] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = Int32(name), let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
                let close = stat.lastIndex(of: ")")
            else { continue }
            // After the name, which may hold anything: the state, the parent, and as the twenty-second the pages.
            let fields = stat[stat.index(after: close)...].split(separator: " ")
            guard fields.count > 21, let parent = Int32(fields[1]), let pages = Int(fields[21]) else { continue }
            parents[id] = (parent, pages)
        }
        var total = 0
        for (id, entry) in parents {
            var above = id
            for _ in 0..<parents.count {
                guard above != root else { break }
                guard let next = parents[above]?.parent, next > 1 else { break }
                above = next
            }
            if above == root { total += entry.pages * Int(sysconf(Int32(_SC_PAGESIZE))) }
        }
        return total
    }

    /// The bytes of the folder's files, links not followed.
    private func space() -> Int {
        var total = 0
        for name in Self.names(in: folder) where total <= limits.files {
            var status = stat()
            guard lstat(folder.appendingPathComponent(name).path, &status) == 0 else { continue }
            total += Self.nameBytes + Int(status.st_blocks) * 512
        }
        return total
    }
}
