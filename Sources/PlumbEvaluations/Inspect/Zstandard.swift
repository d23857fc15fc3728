internal import Foundation

/// Zstandard (RFC 8878) by the system's library, which is loaded where a log needs it and otherwise not.
///
/// Inspect packs its logs so. Debian has the library wherever `dpkg` is; where it is missing, logs are refused with a
/// sentence.
struct Zstandard {
    private struct Buffer {
        var pointer: UnsafeMutableRawPointer?
        var size: Int
        var position: Int
    }

    private typealias Create = @convention(c) () -> OpaquePointer?
    private typealias Free = @convention(c) (OpaquePointer?) -> Int
    private typealias Step =
        @convention(c) (
            OpaquePointer?, UnsafeMutableRawPointer, UnsafeMutableRawPointer
        ) -> Int
    private typealias IsError = @convention(c) (Int) -> UInt32

    private let create: Create
    private let free: Free
    private let step: Step
    private let isError: IsError

    /// The library; nil where it is not installed.
    init?() {
        #if canImport(Darwin)
            let names = ["libzstd.1.dylib", "/opt/homebrew/lib/libzstd.1.dylib", "/usr/local/lib/libzstd.1.dylib"]
        #else
            let names = ["libzstd.so.1"]
        #endif
        guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW) }).first,
            let create = dlsym(library, "ZSTD_createDStream"), let free = dlsym(library, "ZSTD_freeDStream"),
            let step = dlsym(library, "ZSTD_decompressStream"), let isError = dlsym(library, "ZSTD_isError")
        else { return nil }
        self.create = unsafeBitCast(create, to: Create.self)
        self.free = unsafeBitCast(free, to: Free.self)
        self.step = unsafeBitCast(step, to: Step.self)
        self.isError = unsafeBitCast(isError, to: IsError.self)
    }

    /// Unpacks all frames of `source`, handing the result over in pieces.
    ///
    /// - Throws: `damaged` where the bytes are no Zstandard or end early; what `body` throws.
    func unpack(
        _ source: UnsafeRawBufferPointer, _ damaged: EvaluationError, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let stream = create() else { throw EvaluationError("there is no memory to unpack with") }
        defer { _ = free(stream) }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { target.deallocate() }
        var input = Buffer(
            pointer: UnsafeMutableRawPointer(mutating: source.baseAddress), size: source.count, position: 0)
        var rest = 0
        repeat {
            var output = Buffer(pointer: target.baseAddress, size: target.count, position: 0)
            let before = input.position
            rest = step(stream, &output, &input)
            guard isError(rest) == 0 else { throw damaged }
            try body(UnsafeRawBufferPointer(rebasing: target[..<output.position]))
            if output.position == 0, input.position == before, input.position == input.size { break }
        } while input.position < input.size || rest != 0
        guard rest == 0 else { throw damaged }
    }
}
