import Foundation
import Testing

@testable import PlumbData

/// How long a server is waited for: 15 s for a connection, 30 s for a byte, and a sentence that says which it was.
@Suite struct PatienceTests {
    private func failure(_ url: URL, stall: TimeInterval, connecting: TimeInterval) async -> (String, Duration) {
        var downloader = Downloader()
        downloader.limits = HTTPLimits(stall: stall, connecting: connecting)
        let start = ContinuousClock.now
        let error = await #expect(throws: HTTPFailure.self) { try await downloader.data(url) }
        return (error?.description ?? "", ContinuousClock.now - start)
    }

    @Test func theLimitsAreTheStatedOnes() {
        let limits = Downloader().limits
        #expect((limits.stall, limits.connecting) == (30, 15))
    }

    @Test func aServerThatSendsNothingIsGivenUpOnce() async throws {
        let server = try await LocalServer { _ in
            Thread.sleep(forTimeInterval: 12)
            return .init()
        }
        let (sentence, time) = await failure(server.url, stall: 1, connecting: 15)
        #expect(sentence == "127.0.0.1 has sent nothing for 1 s")
        #expect(time < .seconds(10))
    }

    @Test func aSlowServerIsNotTakenForOneThatAcceptsNoConnection() async throws {
        let server = try await LocalServer { _ in
            Thread.sleep(forTimeInterval: 1.5)
            return .init(body: Array("late".utf8))
        }
        var downloader = Downloader()
        downloader.limits = HTTPLimits(stall: 30, connecting: 0.6)
        #expect(try await downloader.data(server.url).1 == Data("late".utf8))
    }

    #if os(Linux)
        @Test func aServerThatAcceptsNoConnectionIsGivenUp() async throws {
            let server = try FullServer()
            let (sentence, time) = await failure(server.url, stall: 30, connecting: 1)
            #expect(sentence == "cannot connect to 127.0.0.1: it accepted no connection within 1 s")
            #expect(time < .seconds(10))
        }

        @Test func eachRedirectIsAConnectionOfItsOwn() async throws {
            let full = try FullServer()
            let address = full.url.absoluteString
            let server = try await LocalServer { _ in .init(status: 302, headers: ["Location": address]) }
            let (sentence, time) = await failure(server.url, stall: 30, connecting: 1)
            #expect(sentence == "cannot connect to 127.0.0.1: it accepted no connection within 1 s")
            #expect(time < .seconds(10))
        }
    #endif

    @Test(arguments: [
        ([:], false), (["https_proxy": "http://p:1"], true), (["HTTPS_PROXY": "http://p:1"], true),
        (["http_proxy": "http://p:1"], false), (["all_proxy": "http://p:1"], true), (["https_proxy": ""], false),
        (["https_proxy": "http://p:1", "no_proxy": "a.b, .hub.co"], false),
        (["https_proxy": "http://p:1", "NO_PROXY": "*"], false),
        (["https_proxy": "http://p:1", "no_proxy": "thehub.co"], true),
    ])
    func proxiesAreThoseOfTheEnvironment(variables: [String: String], isProxied: Bool) throws {
        let origin = try #require(WebOrigin(URL(string: "https://cdn.hub.co/file")))
        #expect(ConnectionProbe.goesThroughProxy(origin, environment: variables) == isProxied)
    }
}

#if os(Linux)
    /// A server whose queue of connections is full, so that the next ones wait.
    private final class FullServer {
        let url: URL
        private var sockets: [Int32] = []

        struct NotFull: Error {}

        init() throws {
            func stream() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
            let listener = stream()
            sockets.append(listener)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> UInt16? in
                    guard bind(listener, pointer, size) == 0, listen(listener, 0) == 0,
                        getsockname(listener, pointer, &size) == 0
                    else { return nil }
                    return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        $0.pointee.sin_port.bigEndian
                    }
                }
            }
            guard let port, let url = URL(string: "http://127.0.0.1:\(port)") else { throw NotFull() }
            self.url = url
            for _ in 0..<8 {
                let client = stream()
                sockets.append(client)
                _ = fcntl(client, F_SETFL, O_NONBLOCK)
                _ = withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(client, $0, size) }
                }
            }
            Thread.sleep(forTimeInterval: 0.05)
        }

        deinit { sockets.forEach { close($0) } }
    }
#endif
