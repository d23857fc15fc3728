import Foundation
import Synchronization
import Testing

@testable import PlumbData

/// The token goes to the hub's own scheme, host and port only, however often a download is sent on.
@Suite struct CredentialTests {
    @Test func aSecondHopOnAnotherPortGetsNoToken() async throws {
        let scratch = try Scratch()
        let body = Array("GGUF".utf8)
        let other = try await LocalServer { request in
            request.path == "/hop" ? .init(status: 302, headers: ["Location": "/final"]) : .init(body: body)
        }
        let target = other.url.absoluteString + "/hop"
        let hub = try await LocalServer { _ in
            .init(
                status: 302,
                headers: [
                    "Location": target, "X-Repo-Commit": String(repeating: "a", count: 40),
                    "X-Linked-ETag": "\"\(FileHash.sha256(of: body))\"", "X-Linked-Size": "\(body.count)",
                ])
        }
        let client = HubClient(environment: [
            "HF_ENDPOINT": hub.url.absoluteString, "HF_TOKEN": "SECRET", "HF_HOME": scratch.folder.path,
        ])
        let file = try await client.file("tiny.gguf", in: "org/tiny")
        #expect(try Data(contentsOf: file) == Data(body))
        #expect(hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer SECRET" } && !hub.requests.isEmpty)
        #expect(other.requests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(other.lines.contains("GET /final"), "\(other.lines)")
    }

    @Test func anOriginIsSchemeHostAndPort() throws {
        func origin(_ text: String) -> WebOrigin? { WebOrigin(URL(string: text)) }
        #expect(origin("https://hub.co/a") == origin("HTTPS://HUB.co:443/b"))
        #expect(origin("https://hub.co") != origin("http://hub.co"))
        #expect(origin("https://hub.co") != origin("https://hub.co:8443"))
        #expect(origin("https://hub.co") != origin("https://hub.co.evil"))
        for text in ["file:///etc/passwd", "ftp://hub.co", "/a", "https:///a"] { #expect(origin(text) == nil) }
    }

    @Test func onlyTheWebIsSpoken() async throws {
        let scratch = try Scratch()
        let client = HubClient(environment: ["HF_ENDPOINT": "file:///etc", "HF_HOME": scratch.folder.path])
        await #expect(throws: HubUnreachable.self) { try await client.file("passwd", in: "org/tiny") }
    }

    @Test func oldPartsOfDownloadsGo() throws {
        let scratch = try Scratch()
        let (old, fresh) = (try scratch.write([1], "a.incomplete"), try scratch.write([1], "b.incomplete"))
        let blob = try scratch.write([1], "c")
        let longAgo = Date(timeIntervalSinceNow: -8 * 24 * 3600)
        for url in [old, blob] {
            try FileManager.default.setAttributes([.modificationDate: longAgo], ofItemAtPath: url.path)
        }
        HubCache.removeLeftovers(in: scratch.folder)
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path)
        #expect(Set(left) == [fresh.lastPathComponent, blob.lastPathComponent])
    }

    @Test func aCacheOfHashesDoesNotGrowForEver() throws {
        let scratch = try Scratch()
        let cache = scratch.folder.appendingPathComponent("hashes")
        for index in 0..<300 {
            let file = try scratch.write(Array("\(index)".utf8), "file-\(index)")
            _ = try FileHash.sha256(of: file, cache: cache)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache.path).count <= FileHash.limit)
    }

    @Test func aFailedAppendLeavesWhatWasThere() throws {
        let scratch = try Scratch()
        let file = try scratch.write(Array("whole\n".utf8), "lines")
        let open = try AtomicFile(creating: file.path, appending: true)
        #expect(throws: CancellationError.self) {
            try open.undoingFailure { file in
                try Array("torn".utf8).withUnsafeBytes { try file.append($0) }
                throw CancellationError()
            }
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == "whole\n")
    }
}
