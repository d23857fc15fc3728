internal import Foundation
internal import PlumbTensor

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// Gets things over HTTP: small answers into memory, files onto disk with resuming, retrying and checking.
struct Downloader: Sendable {
    /// How often a request is tried while nothing new arrives.
    var attempts = 5
    /// The wait before the second attempt; it doubles from there.
    var pause = Duration.milliseconds(500)
    /// How long a server may keep a request waiting before it is given up.
    var limits = HTTPLimits()
    /// The most bytes of a file whose size neither its source nor the server says.
    var unannouncedLimit = 1 << 30

    /// What a finished file must be.
    enum Checksum: Sendable, Equatable {
        case sha256(String)
        /// The name of a git blob.
        case gitBlob(String)
        case unknown
    }

    /// A file to fetch.
    struct Source: Sendable {
        var url: URL
        var headers: [String: String] = [:]
        /// The file's name, for people.
        var name: String
        var size: Int?
        var checksum = Checksum.unknown
    }

    /// Asks for the head of `url`'s answer only.
    func head(_ url: URL, headers: [String: String] = [:], policy: RedirectPolicy = .follow) async throws -> HTTPAnswer
    {
        var request = Downloader.request(url, headers)
        request.httpMethod = "HEAD"
        return try await retrying { [request] in
            let answer = try await HTTPTransfer.run(request, policy: policy, limits: limits, onBytes: { _ in })
            return try Downloader.unlessBusy(answer)
        }
    }

    /// Gets an answer of at most `limit` bytes.
    func data(_ url: URL, headers: [String: String] = [:], limit: Int = 64 << 20) async throws -> (HTTPAnswer, Data) {
        let request = Downloader.request(url, headers)
        return try await retrying {
            let body = Body(limit: limit, host: url.host ?? "")
            let answer = try await HTTPTransfer.run(request, limits: limits, onBytes: body.append)
            return (try Downloader.unlessBusy(answer), body.data)
        }
    }

    /// Runs `body` again after transient failures.
    private func retrying<T>(_ body: () async throws -> T) async throws -> T {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let failure as HTTPFailure where failure.isTransient && attempt < attempts {
                try await Task.sleep(for: pause * (1 << (attempt - 1)))
                attempt += 1
            }
        }
    }

    static func request(_ url: URL, _ headers: [String: String]) -> URLRequest {
        var request = URLRequest(url: url)
        request.setValue("plumbline", forHTTPHeaderField: "User-Agent")
        // Checksums and resuming are about the bytes as stored, not as compressed for the way.
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        return request
    }

    /// Throws a transient failure for answers worth another attempt.
    @discardableResult
    static func unlessBusy(_ answer: HTTPAnswer) throws -> HTTPAnswer {
        guard [408, 429, 500, 502, 503, 504].contains(answer.status) else { return answer }
        throw HTTPFailure("\(answer.url.host ?? "the server") is busy (status \(answer.status))", isTransient: true)
    }

    /// A small answer's bytes. Used from one transfer's serial queue.
    private final class Body: @unchecked Sendable {
        private(set) var data = Data()
        private let limit: Int
        private let host: String

        init(limit: Int, host: String) {
            self.limit = limit
            self.host = host
        }

        func append(_ bytes: UnsafeRawBufferPointer) throws {
            guard data.count + bytes.count <= limit else {
                throw HTTPFailure("\(host) answered with more than \(limit) bytes", isTransient: false)
            }
            data.append(contentsOf: bytes)
        }
    }
}
