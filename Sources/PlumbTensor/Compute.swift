internal import CPlumbKernels

/// What the numeric kernels run on: instruction set and threads.
public enum Compute {
    /// The instruction set in use: `avx512`, `avx2` or `baseline` (SSE2 or NEON).
    public static var instructionSet: String { String(cString: plumb_isa_name(plumb_isa())) }

    /// The number of threads that share a kernel's work. Results do not depend on it.
    public static var threads: Int { Int(plumb_threads()) }

    /// Sets the number of threads for the whole process, once, where a command starts.
    public static func configure(threads: Int) { plumb_threads_set(Int32(clamping: max(1, threads))) }

    /// What `body` gives with another number of threads, for comparisons; other tasks' kernels share them meanwhile.
    public static func withThreads<Result>(_ threads: Int, _ body: () throws -> Result) rethrows -> Result {
        let before = plumb_threads()
        defer { plumb_threads_set(before) }
        configure(threads: threads)
        return try body()
    }

    /// Bytes held by tensors and packed weights now.
    public static var bytes: Int { plumb_buffer_bytes() }
    /// The most bytes held at once since ``resetPeakBytes()``.
    public static var peakBytes: Int { plumb_buffer_peak() }
    /// Begins to look for the peak anew.
    public static func resetPeakBytes() { plumb_buffer_peak_reset() }

    /// Gives memory that waits for the next tensor back to the system.
    public static func trim() { plumb_buffer_trim() }

    /// Makes every kernel use the named instruction set, for tests and benchmarks; false where the machine lacks it.
    public static func force(instructionSet name: String) -> Bool {
        for isa in 0...plumb_isa_best() where String(cString: plumb_isa_name(isa)) == name {
            return plumb_isa_force(isa) == 0
        }
        return false
    }
}
