internal import Foundation
internal import PlumbTensor

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

extension Downloader {
    /// Fetches `source` into the file `partial`, going on where an earlier attempt ended, and checks size and checksum.
    ///
    /// A file that fails its check is removed; when it had been resumed it is fetched once more from the beginning.
    ///
    /// - Throws: ``HTTPStatus`` for an answer that is not the file, ``HTTPFailure`` for a network that failed,
    ///   ``FileError`` for a wrong checksum or a full disk.
    func download(_ source: Source, to partial: URL, progress: DownloadProgressHandler?) async throws {
        try AtomicFile.makeFolder(partial.deletingLastPathComponent())
        let hadBytes = Downloader.size(partial) > 0
        do {
            try await fetch(source, to: partial, progress: progress)
        } catch is ChecksumMismatch where hadBytes {
            try await fetch(source, to: partial, progress: progress)
        }
    }

    private func fetch(_ source: Source, to partial: URL, progress: DownloadProgressHandler?) async throws {
        if let size = source.size, Downloader.size(partial) > size { unlink(partial.path) }
        let sink = try DownloadSink(partial, source: source, limit: unannouncedLimit, progress: progress)
        var attempt = 1
        while !sink.isComplete {
            let before = sink.received
            do {
                try await request(source, sink)
                break
            } catch let failure as HTTPFailure where failure.isTransient {
                attempt = sink.received > before ? 1 : attempt + 1
                guard attempt <= attempts else { throw failure }
                try await Task.sleep(for: pause * (1 << (attempt - 1)))
            }
        }
        try sink.finish()
        do {
            try check(source, partial, sink)
        } catch {
            unlink(partial.path)
            throw error
        }
    }

    /// One request for what is missing.
    private func request(_ source: Source, _ sink: DownloadSink) async throws {
        var request = Downloader.request(source.url, source.headers)
        if sink.received > 0 { request.setValue("bytes=\(sink.received)-", forHTTPHeaderField: "Range") }
        let answer = try await HTTPTransfer.run(
            request, limits: limits, onHead: sink.begin, onBytes: sink.append)
        if answer.status == 416, sink.received > 0 {
            // There is nothing after what we have: it is all there, or it is another file.
            if sink.received == answer.totalSize { return }
            try sink.restart()
            throw HTTPFailure("\(source.name) changed on the server", isTransient: true)
        }
        try Downloader.unlessBusy(answer)
        guard answer.status == 200 || answer.status == 206 else {
            throw HTTPStatus(status: answer.status, headers: answer.headers)
        }
        if let expected = source.size ?? sink.expected, sink.received < expected {
            throw HTTPFailure(
                "the connection to \(source.url.host ?? "") ended after \(sink.received) of \(expected) bytes",
                isTransient: true)
        }
    }

    private func check(_ source: Source, _ partial: URL, _ sink: DownloadSink) throws {
        if let size = source.size, sink.received != size {
            throw ChecksumMismatch(name: source.name, found: "\(sink.received) bytes", expected: "\(size)")
        }
        switch source.checksum {
        case .unknown: break
        case .sha256(let expected):
            let found = sink.sha256
            guard found == expected else {
                throw ChecksumMismatch(name: source.name, found: "sha256 \(found)", expected: expected)
            }
        case .gitBlob(let expected):
            let found = try FileHash.gitBlob(of: partial)
            guard found == expected else {
                throw ChecksumMismatch(name: source.name, found: "git blob \(found)", expected: expected)
            }
        }
    }

    static func size(_ url: URL) -> Int {
        var status = stat()
        return stat(url.path, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// An answer that is not the thing asked for.
struct HTTPStatus: Error {
    let status: Int
    let headers: [String: String]
}

/// What arrived is not what was announced.
struct ChecksumMismatch: Error, CustomStringConvertible {
    let name: String
    let found: String
    let expected: String

    var description: String {
        "\(name) arrived damaged: found \(found), expected \(expected); nothing was kept, try again"
    }
}

/// Where a download's bytes go: the file, the hash, the progress. Used by one transfer at a time, on its serial queue.
private final class DownloadSink: @unchecked Sendable {
    private(set) var received = 0
    /// The size the server announced.
    private(set) var expected: Int?
    private let url: URL
    private let source: Downloader.Source
    private let unannouncedLimit: Int
    private let progress: DownloadProgressHandler?
    private var file: AtomicFile?
    private var hash = StreamingHash()
    private var isBody = false
    private var lastReport = ContinuousClock.now

    /// Opens the file for going on, hashing what it has.
    init(_ url: URL, source: Downloader.Source, limit: Int, progress: DownloadProgressHandler?) throws {
        self.url = url
        unannouncedLimit = limit
        self.source = source
        self.progress = progress
        file = try AtomicFile(creating: url.path, appending: true)
        try FileHash.read(url) { bytes in
            hash.update(bytes)
            received += bytes.count
        }
    }

    var isComplete: Bool { source.size.map { received == $0 } ?? false }
    var sha256: String { hash.value }

    /// Looks at the answer's head: 206 goes on at our end, 200 begins anew, anything else has no file in it.
    func begin(_ answer: HTTPAnswer) throws {
        isBody = false
        if answer.status == 206 {
            let start = answer.headers["content-range"]?.split(separator: " ").last?.split(separator: "-").first
            guard start.flatMap({ Int($0) }) == received else {
                throw HTTPFailure("\(source.url.host ?? "") answered with another range than asked", isTransient: false)
            }
        } else if answer.status == 200 {
            if received > 0 { try restart() }
        } else {
            return
        }
        isBody = true
        expected = answer.totalSize
        if let size = source.size, let expected, expected != size {
            throw HTTPFailure(
                "\(source.name) should have \(size) bytes but \(source.url.host ?? "") offers \(expected)",
                isTransient: false)
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard isBody else { return }
        let host = source.url.host ?? "the server"
        if let limit = source.size ?? expected {
            guard received + bytes.count <= limit else {
                throw HTTPFailure("\(host) sends more than the \(limit) bytes announced", isTransient: false)
            }
        } else if received + bytes.count > unannouncedLimit {
            throw HTTPFailure(
                "\(host) sends more than \(unannouncedLimit) bytes without saying how many there are",
                isTransient: false)
        }
        try file?.append(bytes)
        hash.update(bytes)
        received += bytes.count
        let now = ContinuousClock.now
        if now - lastReport > .milliseconds(50) {
            lastReport = now
            report()
        }
    }

    func restart() throws {
        file = nil
        file = try AtomicFile(creating: url.path)
        hash = StreamingHash()
        received = 0
    }

    func finish() throws {
        try file?.synchronize()
        file = nil
        report()
    }

    private func report() {
        progress?(DownloadProgress(file: source.name, received: received, total: source.size ?? expected))
    }
}
