internal import Foundation
internal import Synchronization

/// A connection made only to see whether a server accepts one.
final class ConnectionProbe: Sendable {
    private let accepted = Mutex(false)

    /// Whether a connection was accepted so far.
    var isAccepted: Bool { accepted.withLock { $0 } }

    /// Tries every address of the server on a thread of its own, at most `limit` seconds each.
    func start(_ origin: WebOrigin, limit: TimeInterval) {
        Thread.detachNewThread { [self] in
            if Self.accepts(origin, limit: limit) { accepted.withLock { $0 = true } }
        }
    }

    /// Whether requests to `origin` go to a proxy, as the variables of the environment that curl reads ask.
    static func goesThroughProxy(
        _ origin: WebOrigin, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Bool {
        func value(_ name: String) -> String? {
            [name, name.uppercased()].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        guard value("\(origin.scheme)_proxy") ?? value("all_proxy") != nil else { return false }
        let direct = (value("no_proxy") ?? "").lowercased().split { $0 == "," || $0 == " " }
        return !direct.contains { name in
            let name = name.drop { $0 == "." }
            return name == "*" || origin.host == name || origin.host.hasSuffix(".\(name)")
        }
    }

    private static func accepts(_ origin: WebOrigin, limit: TimeInterval) -> Bool {
        #if canImport(Darwin)
            let stream = SOCK_STREAM
        #else
            let stream = Int32(SOCK_STREAM.rawValue)
        #endif
        var hints = addrinfo()
        hints.ai_socktype = stream
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(origin.host, "\(origin.port)", &hints, &found) == 0 else { return false }
        defer { freeaddrinfo(found) }
        var next = found
        while let address = next?.pointee {
            if accepts(address, limit: limit) { return true }
            next = address.ai_next
        }
        return false
    }

    private static func accepts(_ address: addrinfo, limit: TimeInterval) -> Bool {
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { return false }
        if connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        var waited = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waited, 1, Int32(clamping: Int(limit * 1_000))) > 0 else { return false }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0
    }
}
