/// Attempts of a program to leave its sandbox or to use more than it may.
///
/// Each is a bash script. Those that read are given a path: outside the sandbox they must not get at what it holds, and
/// inside the same script must, or the attempt says nothing.
public struct EscapeAttempt: Sendable {
    /// What is tried.
    public let name: String
    /// The script for a path.
    let script: @Sendable (String) -> String

    /// Reads of a file by ways around a fence of paths.
    public static let reads: [EscapeAttempt] = [
        EscapeAttempt(name: "by its path") { "cat '\($0)'" },
        EscapeAttempt(name: "by a symbolic link") { "ln -s '\($0)' link; cat link" },
        EscapeAttempt(name: "by a hard link") { "ln '\($0)' hard 2>/dev/null; cat hard" },
        EscapeAttempt(name: "by the parents of the folder") { "cat '/work/../..\($0)'" },
        EscapeAttempt(name: "by the first process") { "cat '/proc/1/root\($0)'" },
        EscapeAttempt(name: "by an open folder") { "exec 9< /; cat '/proc/self/fd/9/../..\($0)'" },
        EscapeAttempt(name: "by Python") { "python3 -c \"print(open('\($0)').read())\" || cat '\($0)'" },
    ]

    /// Uses of more than is allowed: they print "survived" where nothing stops them.
    public static let excesses: [EscapeAttempt] = [
        EscapeAttempt(name: "a fork bomb") { _ in "f() { f | f & }; f; sleep 6; echo survived" },
        EscapeAttempt(name: "an endless loop") { _ in "while [ $SECONDS -lt 30 ]; do :; done; echo survived" },
        EscapeAttempt(name: "endless output") { _ in "timeout 30 yes; echo survived >&2" },
        EscapeAttempt(name: "memory without end") { _ in "x=$(head -c 2G /dev/zero | tr '\\0' a); echo survived" },
        EscapeAttempt(name: "a full disk") { _ in
            "for i in $(seq 4000); do head -c 1M /dev/zero > f$i || exit 1; done; echo survived"
        },
        EscapeAttempt(name: "files in memory") { _ in
            "for d in /tmp /dev/shm /run /; do for i in $(seq 200); do head -c 1M /dev/zero > $d/f$i || continue 2; done; "
                + "echo survived; done"
        },
        EscapeAttempt(name: "a device of its own") { _ in "mknod d b 8 0 && head -c 1 d && echo survived" },
        EscapeAttempt(name: "another's rights") { _ in
            "su -c 'echo survived' || unshare -Ur mount -o remount,rw /usr && "
                + "touch /usr/x && echo survived"
        },
        EscapeAttempt(name: "a connection") { _ in "exec 3<>/dev/tcp/1.1.1.1/53 && echo survived" },
    ]
}

extension Sandbox {
    /// Whether a read reaches a file.
    ///
    /// - Parameters:
    ///   - path: of the file, as the script names it.
    ///   - content: what the file holds.
    public func reaches(_ attempt: EscapeAttempt, _ path: String, content: String) throws -> Bool {
        try run("rm -f link hard; " + attempt.script(path)).output.contains(content)
    }

    /// Whether an excess goes unpunished.
    public func survives(_ attempt: EscapeAttempt) throws -> Bool {
        let result = try run(attempt.script(""))
        _ = try run("rm -rf ./*")
        return result.output.hasSuffix("survived\n")
    }
}
