internal import Foundation
internal import PlumbBasics
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
    /// Go there; credentials go to the scheme, host and port they were meant for only.
    case follow
    /// Go there on the same scheme, host and port only; otherwise the redirect itself is the answer.
    case stayOnHost
}

/// How long a server may keep a request waiting.
struct HTTPLimits: Sendable {
    /// Seconds without a byte, from connecting on, after which a server is given up.
    var stall: TimeInterval = 30
    /// Seconds after which a server that accepts no connection is given up.
    var connecting: TimeInterval = 15
}

/// One request and its answer, with the body handed over in pieces as they arrive.
///
/// Callbacks come one at a time on the session's serial queue, which is what makes the mutable state safe.
final class HTTPTransfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let policy: RedirectPolicy
    private let limits: HTTPLimits
    private let queue: OperationQueue
    private let onHead: (HTTPAnswer) throws -> Void
    private let onBytes: (UnsafeRawBufferPointer) throws -> Void
    private var continuation: CheckedContinuation<HTTPAnswer, any Error>?
    private var answer: HTTPAnswer?
    private var failure: (any Error)?
    private var redirects = 0
    private var isCancelled = false

    private init(
        policy: RedirectPolicy, limits: HTTPLimits, queue: OperationQueue,
        onHead: @escaping (HTTPAnswer) throws -> Void, onBytes: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.policy = policy
        self.limits = limits
        self.queue = queue
        self.onHead = onHead
        self.onBytes = onBytes
    }

    /// Sends `request` and waits for the end of the answer.
    ///
    /// - Parameters:
    ///   - limits: how long the server may keep it waiting.
    ///   - onHead: sees the answer's head before its body; throwing ends the transfer.
    ///   - onBytes: sees each piece of the body; throwing ends the transfer.
    /// - Throws: ``HTTPFailure`` where the network failed, or what the closures throw.
    static func run(
        _ request: URLRequest, policy: RedirectPolicy = .follow, limits: HTTPLimits,
        onHead: @escaping (HTTPAnswer) throws -> Void = { _ in },
        onBytes: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) async throws -> HTTPAnswer {
        guard WebOrigin(request.url) != nil else {
            let address = visible(request.url?.absoluteString ?? "")
            throw HTTPFailure("\(address) is not an address that begins with http:// or https://", isTransient: false)
        }
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = limits.stall
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.httpShouldSetCookies = false
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
        let transfer = HTTPTransfer(policy: policy, limits: limits, queue: queue, onHead: onHead, onBytes: onBytes)
        let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: queue)
        let task = session.dataTask(with: request)
        defer { session.finishTasksAndInvalidate() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.addOperation {
                    transfer.continuation = continuation
                    if transfer.isCancelled {
                        transfer.finish(.failure(CancellationError()))
                    } else {
                        transfer.start(task)
                    }
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

    private func start(_ task: URLSessionTask) {
        watchConnecting(to: task.originalRequest?.url)
        task.resume()
    }

    /// Ends the transfer where nothing at `url` accepts a connection within the limit.
    ///
    /// Foundation says nothing of connecting: a server that is slow to answer and one that cannot be reached look the
    /// same. Where there is no answer after a third of the limit, a connection of our own tells them apart.
    private func watchConnecting(to url: URL?) {
        #if canImport(FoundationNetworking)
            guard let origin = WebOrigin(url), !ConnectionProbe.goesThroughProxy(origin) else { return }
            let (queue, limit, redirect) = (queue, limits.connecting, redirects)
            let isWaiting: @Sendable () -> Bool = { [weak self] in
                self.map { $0.continuation != nil && $0.answer == nil && $0.redirects == redirect } ?? false
            }
            @Sendable func after(_ seconds: TimeInterval, _ body: @escaping @Sendable () -> Void) {
                DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { queue.addOperation(body) }
            }
            after(limit / 3) {
                guard isWaiting() else { return }
                let probe = ConnectionProbe()
                probe.start(origin, limit: limit * 2 / 3)
                after(limit * 2 / 3) { [weak self] in
                    guard isWaiting(), !probe.isAccepted else { return }
                    let failure = HTTPFailure(
                        "cannot connect to \(origin.host): it accepted no connection within \(plain(limit)) s",
                        isTransient: false)
                    self?.failure = failure
                    self?.finish(.failure(failure))
                }
            }
        #endif
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
        let host = response.url?.host ?? "the server"
        guard let to = request.url, redirects <= 10 else {
            failure = HTTPFailure("\(host) redirects without end", isTransient: false)
            return completionHandler(nil)
        }
        guard let next = WebOrigin(to), let from = WebOrigin(response.url),
            from.scheme != "https" || next.scheme == "https"
        else {
            failure = HTTPFailure(
                "\(host) redirects to \(visible(to.absoluteString)), which is not safe", isTransient: false)
            return completionHandler(nil)
        }
        let isOriginal = next == WebOrigin(task.originalRequest?.url)
        guard isOriginal || policy == .follow else {
            answer = HTTPTransfer.answer(response)
            return completionHandler(nil)
        }
        var onward = task.originalRequest ?? request
        onward.url = to
        watchConnecting(to: to)
        if !isOriginal { onward.setValue(nil, forHTTPHeaderField: "Authorization") }
        completionHandler(onward)
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
            let host = (task.currentRequest ?? task.originalRequest)?.url?.host
            finish(
                .failure(HTTPFailure(error, host: host ?? "the server", hasBegun: answer != nil, stall: limits.stall)))
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

    /// - Parameters:
    ///   - hasBegun: whether anything of the answer had arrived.
    ///   - stall: seconds without a byte after which a server is given up.
    init(_ error: any Error, host: String, hasBegun: Bool, stall: TimeInterval) {
        let reason = error.localizedDescription.lowercased()
        guard let code = (error as? URLError)?.code else {
            self.init("cannot reach \(host): \(visible(sentence(of: error)))", isTransient: true)
            return
        }
        switch code {
        // Where Foundation stands on curl, what it does not know keeps curl's words only.
        case .unknown where ["certificate", "ssl", "tls"].contains(where: reason.contains):
            self.init("no secure connection to \(host): its certificate is not trusted here", isTransient: false)
        case .cannotFindHost, .dnsLookupFailed:
            self.init("cannot find the host \(host), or this machine is not online", isTransient: false)
        case .cannotConnectToHost:
            self.init("cannot connect to \(host)", isTransient: false)
        case .notConnectedToInternet:
            self.init("this machine is not online", isTransient: false)
        case .timedOut:
            // What stood still from the beginning is given up at once; what stopped half-way is asked to go on.
            self.init("\(host) has sent nothing for \(plain(stall)) s", isTransient: hasBegun)
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

/// A number of seconds without a needless ".0".
private func plain(_ seconds: TimeInterval) -> String {
    seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
}
