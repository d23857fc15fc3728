/// A read of a file by a way around a fence of paths: outside the sandbox it must not get at what the file holds, and inside
/// it must, or the attempt says nothing.
public struct EscapeAttempt: Sendable {
    /// What is tried.
    public let name: String
    /// The bash for a path.
    let script: @Sendable (String) -> String

    /// The ways.
    public static let reads: [EscapeAttempt] = [
        EscapeAttempt(name: "by its path") { "cat '\($0)'" },
        EscapeAttempt(name: "by a symbolic link") { "ln -s '\($0)' link; cat link" },
        EscapeAttempt(name: "by a hard link") { "ln '\($0)' hard 2>/dev/null; cat hard" },
        EscapeAttempt(name: "by the parents of the folder") { "cat '\(Sandbox.inside)/../..\($0)'" },
        EscapeAttempt(name: "by the first process") { "cat '/proc/1/root\($0)'" },
        EscapeAttempt(name: "by an open folder") { "exec 9< /; cat '/proc/self/fd/9/../..\($0)'" },
        EscapeAttempt(name: "by Python") { "python3 -c \"print(open('\($0)').read())\" || cat '\($0)'" },
    ]
}

/// A use of more than is allowed. It ends by itself where nothing stops it, so that being stopped shows, and a smaller use of
/// the same kind must succeed.
public struct ExcessiveUse: Sendable {
    /// What is used.
    public let name: String
    /// Bash that needs `amount` of it, and fails where that is refused.
    let script: @Sendable (Int) -> String
    /// Amounts within the limits and beyond them.
    let within: Int, beyond: Int
    /// Whether the limit of seconds must end it.
    var isOfTime = false

    /// The uses: processes, seconds, bytes of output, of memory, of disk and of file systems in memory.
    public static let all: [ExcessiveUse] = [
        ExcessiveUse(
            name: "processes",
            // Bash would wait until a process ends and try again.
            script: { "python3 -c 'import subprocess as s; [s.Popen([\"sleep\", \"60\"]) for _ in range(\($0))]'" },
            within: 8, beyond: 300),
        ExcessiveUse(name: "seconds", script: { "sleep \($0)" }, within: 0, beyond: 60, isOfTime: true),
        ExcessiveUse(name: "output", script: { "head -c \($0) /dev/zero" }, within: 1000, beyond: 100_000_000),
        ExcessiveUse(
            name: "memory", script: { "x=$(head -c \($0) /dev/zero | tr '\\0' a); [ ${#x} -eq \($0) ]" },
            within: 1_000_000, beyond: 800_000_000),
        ExcessiveUse(
            name: "disk", script: { "for i in $(seq \($0)); do head -c 1M /dev/zero > f$i || exit 1; done" }, within: 3,
            beyond: 200),
        ExcessiveUse(
            name: "files in memory",
            script: { "for i in $(seq \($0)); do head -c 1M /dev/zero > /tmp/f$i || exit 1; done" }, within: 3,
            beyond: 200),
        ExcessiveUse(
            name: "a file system of its own",
            script: {
                "[ \($0) -lt 10 ] || exec unshare -Urm bash -c 'mount -t tmpfs none /mnt && for i in $(seq \($0)); do "
                    + "head -c 1M /dev/zero > /mnt/f$i || exit 1; done'; mkdir -p own; head -c \($0)M /dev/zero > own/f"
            }, within: 3, beyond: 200),
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

    /// Whether a use goes through: to its end, with all of its output.
    public func allows(_ use: ExcessiveUse, isExcessive: Bool) throws -> Bool {
        let result = try run(use.script(isExcessive ? use.beyond : use.within))
        try clear()
        return result.succeeded && !result.isCut
    }
}
