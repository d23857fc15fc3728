internal import Foundation
internal import PlumbTensor

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// The head of a server's answer.
struct HTTPAnswer: Sendable {
    let status: Int
    /// By lower-case name.
    let headers: [String: String]
    /// Where the answer came from, after redirects.
    let url: URL

    /// The length of the whole thing, from Content-Range or Content-Length.
    var totalSize: Int? {
        if let range = headers["content-range"], let total = range.split(separator: "/").last { return Int(total) }
        return headers["content-length"].flatMap { Int($0) }
    }
}

/// What to do where a server says that the thing is elsewhere.
enum RedirectPolicy: Sendable {
    /// Go there; credentials stay with the host they were meant for.
    case follow
    /// Go there on the same host only; otherwise the redirect itself is the answer.
    case stayOnHost
}

/// One request and its answer, with the body handed over in pieces as they arrive.
///
/// Callbacks come one at a time on the session's serial queue, which is what makes the mutable state safe.
final class HTTPTransfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let policy: RedirectPolicy
    private let onHead: (HTTPAnswer) throws -> Void
    private let onBytes: (UnsafeRawBufferPointer) throws -> Void
    private var continuation: CheckedContinuation<HTTPAnswer, any Error>?
    private var answer: HTTPAnswer?
    private var failure: (any Error)?
    private var redirects = 0
    private var isCancelled = false

    private init(
        policy: RedirectPolicy, onHead: @escaping (HTTPAnswer) throws -> Void,
        onBytes: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.policy = policy
        self.onHead = onHead
        self.onBytes = onBytes
    }

    /// Sends `request` and waits for the end of the answer.
    ///
    /// - Parameters:
    ///   - onHead: sees the answer's head before its body; throwing ends the transfer.
    ///   - onBytes: sees each piece of the body; throwing ends the transfer.
    /// - Throws: ``HTTPFailure`` where the network failed, or what the closures throw.
    static func run(
        _ request: URLRequest, policy: RedirectPolicy = .follow, timeout: TimeInterval,
        onHead: @escaping (HTTPAnswer) throws -> Void = { _ in },
        onBytes: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) async throws -> HTTPAnswer {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeout
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.httpShouldSetCookies = false
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
        let transfer = HTTPTransfer(policy: policy, onHead: onHead, onBytes: onBytes)
        let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: queue)
        let task = session.dataTask(with: request)
        defer { session.finishTasksAndInvalidate() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.addOperation {
                    transfer.continuation = continuation
                    if transfer.isCancelled { transfer.finish(.failure(CancellationError())) } else { task.resume() }
                }
            }
        } onCancel: {
            queue.addOperation {
                // The next piece of the body ends the transfer. Cancelling it here would trap inside Foundation where it has
                // just come to its end by itself.
                transfer.isCancelled = true
                transfer.failure = CancellationError()
                transfer.finish(.failure(CancellationError()))
            }
        }
    }

    /// Answers the waiting caller, once.
    private func finish(_ result: Result<HTTPAnswer, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        redirects += 1
        guard let from = response.url, let to = request.url, redirects <= 10 else {
            failure = HTTPFailure("\(response.url?.host ?? "the server") redirects without end", isTransient: false)
            return completionHandler(nil)
        }
        guard from.scheme?.lowercased() != "https" || to.scheme?.lowercased() == "https" else {
            failure = HTTPFailure("\(from.host ?? "") redirects from https to \(to.absoluteString)", isTransient: false)
            return completionHandler(nil)
        }
        let isSameHost = from.host == to.host && from.port == to.port && from.scheme == to.scheme
        guard isSameHost || policy == .follow else {
            answer = HTTPTransfer.answer(response)
            return completionHandler(nil)
        }
        var next = task.originalRequest ?? request
        next.url = to
        if !isSameHost || next.url?.host != task.originalRequest?.url?.host {
            next.setValue(nil, forHTTPHeaderField: "Authorization")
        }
        completionHandler(next)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        guard failure == nil, let response = response as? HTTPURLResponse else { return completionHandler(.cancel) }
        let head = HTTPTransfer.answer(response)
        answer = head
        do {
            try onHead(head)
            completionHandler(.allow)
        } catch {
            failure = error
            completionHandler(.cancel)
        }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        guard failure == nil else { return dataTask.cancel() }
        do {
            for region in data.regions { try region.withUnsafeBytes(onBytes) }
        } catch {
            failure = error
            dataTask.cancel()
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        if let failure {
            finish(.failure(failure))
        } else if let error {
            finish(.failure(HTTPFailure(error, host: task.originalRequest?.url?.host ?? "the server")))
        } else if let answer {
            finish(.success(answer))
        } else {
            finish(.failure(HTTPFailure("the server answered nothing", isTransient: true)))
        }
    }

    private static func answer(_ response: HTTPURLResponse) -> HTTPAnswer {
        var headers: [String: String] = [:]
        for (name, value) in response.allHeaderFields {
            headers["\(name)".lowercased()] = "\(value)"
        }
        return HTTPAnswer(
            status: response.statusCode, headers: headers, url: response.url ?? URL(fileURLWithPath: "/"))
    }
}

/// The network, or a server, failed.
struct HTTPFailure: Error, CustomStringConvertible {
    let description: String
    /// Whether the same request may succeed a little later.
    let isTransient: Bool

    init(_ description: String, isTransient: Bool) {
        self.description = description
        self.isTransient = isTransient
    }

    init(_ error: any Error, host: String) {
        guard let code = (error as? URLError)?.code else {
            self.init("cannot reach \(host): \(error.localizedDescription)", isTransient: true)
            return
        }
        switch code {
        case .cannotFindHost, .dnsLookupFailed:
            self.init("cannot find the host \(host), or this machine is not online", isTransient: false)
        case .cannotConnectToHost:
            self.init("cannot connect to \(host)", isTransient: false)
        case .notConnectedToInternet:
            self.init("this machine is not online", isTransient: false)
        case .timedOut:
            self.init("\(host) did not answer in time", isTransient: true)
        case .networkConnectionLost:
            self.init("the connection to \(host) was lost", isTransient: true)
        case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
            .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid:
            self.init("no secure connection to \(host): its certificate is not trusted here", isTransient: false)
        default:
            self.init("the transfer from \(host) failed (\(code.rawValue))", isTransient: true)
        }
    }
}
