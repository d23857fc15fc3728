import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// A web server on the loopback interface that answers with what a closure says, remembers what it was asked, knows
/// HEAD and ranges, and can cut a connection in the middle of an answer.
final class LocalServer: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        /// By lower-case name.
        let headers: [String: String]
    }

    struct Reply: Sendable {
        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// The connection ends after this many bytes of the body.
        var cutAfter: Int?
        var knowsRanges = true
    }

    let url: URL
    private let log: Log
    private let task: Task<Void, any Error>

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    init(_ answer: @escaping @Sendable (Request) -> Reply) async throws {
        let log = Log()
        let handler = ClosureHTTPHandler { request in
            var headers: [String: String] = [:]
            for (name, value) in request.headers { headers[name.rawValue.lowercased()] = value }
            let seen = Request(method: request.method.rawValue, path: request.target.path(), headers: headers)
            log.requests.withLock { $0.append(seen) }
            return LocalServer.response(to: seen, answer(seen))
        }
        let server = HTTPServer(
            address: try sockaddr_in.inet(ip4: "127.0.0.1", port: 0), logger: .disabled, handler: handler)
        task = Task { try await server.run() }
        try await server.waitUntilListening()
        guard case .ip4(let host, let port) = await server.listeningAddress,
            let url = URL(string: "http://\(host):\(port)")
        else { throw CancellationError() }
        self.url = url
        self.log = log
    }

    deinit { task.cancel() }

    /// What was asked so far.
    var requests: [Request] { log.requests.withLock { $0 } }

    /// "GET /path" of everything asked so far.
    var lines: [String] { requests.map { "\($0.method) \($0.path)" } }

    private static func response(to request: Request, _ reply: Reply) -> HTTPResponse {
        var status = reply.status
        var body = reply.body[...]
        var headers = HTTPHeaders()
        for (name, value) in reply.headers { headers[HTTPHeader(name)] = value }
        if status == 200, reply.knowsRanges, let range = request.headers["range"],
            let start = Int(range.dropFirst("bytes=".count).prefix { $0 != "-" })
        {
            if start < body.count {
                headers[HTTPHeader("Content-Range")] = "bytes \(start)-\(body.count - 1)/\(body.count)"
                body = body[start...]
                status = 206
            } else {
                headers[HTTPHeader("Content-Range")] = "bytes */\(body.count)"
                body = []
                status = 416
            }
        }
        if headers[.contentLength] == nil { headers[.contentLength] = String(body.count) }
        let code = HTTPStatusCode(status, phrase: "Status")
        if request.method == "HEAD" { return HTTPResponse(statusCode: code, headers: headers) }
        guard let cut = reply.cutAfter, cut < body.count else {
            return HTTPResponse(statusCode: code, headers: headers, body: Data(body))
        }
        let bytes = HTTPBodySequence(from: CutBody(bytes: Array(body.prefix(cut))), count: body.count)
        return HTTPResponse(statusCode: code, headers: headers, body: bytes)
    }
}

/// A body that fails after its bytes, which makes the server close the connection.
private struct CutBody: AsyncBufferedSequence {
    typealias Element = UInt8
    let bytes: [UInt8]

    func makeAsyncIterator() -> Iterator { Iterator(rest: bytes[...]) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        var rest: ArraySlice<UInt8>

        mutating func next() async throws -> UInt8? {
            guard let byte = rest.popFirst() else { throw CancellationError() }
            return byte
        }

        mutating func nextBuffer(suggested count: Int) async throws -> ArraySlice<UInt8>? {
            guard !rest.isEmpty else { throw CancellationError() }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
    }
}
