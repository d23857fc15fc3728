import Foundation
import PlumbTensor
import Synchronization
import Testing

@testable import PlumbData

/// A hub with one repository, `org/small`; its large files live on a server of their own, as on the real one.
private final class FakeHub: Sendable {
    struct State: Sendable {
        var files: [String: [UInt8]] = [:]
        var commit = String(repeating: "a", count: 40)
        /// An answer to give instead of the right one.
        var refusal: LocalServer.Reply?
        var cuts = 0
        var isDamaged = false
    }

    let state: Box
    let server: LocalServer
    let storage: LocalServer
    let scratch: Scratch
    let checkpoint: [UInt8]

    final class Box: Sendable {
        let value = Mutex(State())
    }

    init() async throws {
        scratch = try Scratch()
        let url = scratch.folder.appendingPathComponent("made.safetensors")
        var writer = SafetensorsWriter()
        writer.add("wte.weight", shape: [100, 300], values: (0..<30_000).map { Float($0) })
        try writer.write(to: url)
        let checkpoint = try Array(Data(contentsOf: url))
        self.checkpoint = checkpoint
        let state = Box()
        state.value.withLock {
            $0.files = [
                "config.json": Array(#"{"model_type":"gpt2"}"#.utf8), "model.safetensors": checkpoint,
                "onnx/model é.onnx": [1, 2, 3], "pytorch_model.bin": [1],
            ]
        }
        let storage = try await LocalServer { request in
            state.value.withLock { state in
                guard let file = state.files[String(request.path.dropFirst("/blob/".count))] else {
                    return .init(status: 404)
                }
                var reply = LocalServer.Reply(body: file)
                if state.cuts > 0 {
                    state.cuts -= 1
                    reply.cutAfter = 30_000
                }
                if state.isDamaged { reply.body[reply.body.count - 1] ^= 1 }
                return reply
            }
        }
        self.state = state
        self.storage = storage
        server = try await LocalServer { request in
            state.value.withLock { FakeHub.answer(request, $0, storage: storage.url) }
        }
    }

    private static func answer(_ request: LocalServer.Request, _ state: State, storage: URL) -> LocalServer.Reply {
        if let refusal = state.refusal { return refusal }
        let path = request.path.removingPercentEncoding ?? ""
        if path == "/api/models/org/small/revision/main" {
            let siblings = state.files.keys.sorted().map { #"{"rfilename":"\#($0)"}"# }.joined(separator: ",")
            return .init(body: Array(#"{"sha":"\#(state.commit)","siblings":[\#(siblings)],"private":false}"#.utf8))
        }
        if path.hasPrefix("/old-name/") {
            return .init(
                status: 307, headers: ["Location": path.replacingOccurrences(of: "/old-name/", with: "/org/small/")])
        }
        for revision in ["main", state.commit] {
            let prefix = "/org/small/resolve/\(revision)/"
            guard path.hasPrefix(prefix) else { continue }
            let name = String(path.dropFirst(prefix.count))
            guard let file = state.files[name] else {
                return .init(status: 404, headers: ["X-Error-Code": "EntryNotFound"])
            }
            var reply = LocalServer.Reply(headers: ["X-Repo-Commit": state.commit])
            if name.hasSuffix(".safetensors") {
                reply.status = 302
                reply.headers["Location"] = storage.absoluteString + "/blob/" + name
                reply.headers["X-Linked-Etag"] = "\"\(FileHash.sha256(of: file))\""
                reply.headers["X-Linked-Size"] = String(file.count)
                reply.headers["ETag"] = "\"something-else\""
            } else {
                reply.headers["ETag"] = "W/\"\(gitBlob(file))\""
                reply.body = file
            }
            return reply
        }
        return .init(status: 401, headers: ["X-Error-Code": "RepoNotFound"])
    }

    private static func gitBlob(_ bytes: [UInt8]) -> String {
        guard let scratch = try? Scratch(), let url = try? scratch.write(bytes, "blob") else { return "" }
        return (try? FileHash.gitBlob(of: url)) ?? ""
    }

    var environment: [String: String] {
        ["HF_ENDPOINT": server.url.absoluteString, "HF_HOME": scratch.folder.appendingPathComponent("hf").path]
    }

    func client(_ more: [String: String] = [:]) -> HubClient {
        HubClient(environment: environment.merging(more) { $1 }, downloader: downloader)
    }

    func store(_ more: [String: String] = [:]) -> ModelStore {
        ModelStore(environment: environment.merging(more) { $1 }, catalogue: CatalogueModel.all, downloader: downloader)
    }

    private var downloader: Downloader {
        var downloader = Downloader()
        downloader.pause = .milliseconds(1)
        return downloader
    }

    func set(_ change: (inout State) -> Void) { state.value.withLock { change(&$0) } }

    /// Everything in the cache that is a file or a link, but locks.
    var left: [String] {
        let root = scratch.folder.appendingPathComponent("hf/hub/models--org--small")
        let all = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return all.filter { path in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
            return !isFolder.boolValue
        }.sorted()
    }

    var dead: String { "http://127.0.0.1:9" }
}

@Suite struct HubClientTests {
    private func error<T>(_ body: () async throws -> T) async -> String {
        do {
            return "no error: \(try await body())"
        } catch {
            return "\(error)"
        }
    }

    @Test func filesTakeTheirPlaceInTheHubsLayout() async throws {
        let hub = try await FakeHub()
        let url = try await hub.client().file("model.safetensors", in: "org/small")
        #expect(try Array(Data(contentsOf: url)) == hub.checkpoint)
        let hash = FileHash.sha256(of: hub.checkpoint)
        let commit = String(repeating: "a", count: 40)
        #expect(hub.left == ["blobs/\(hash)", "refs/main", "snapshots/\(commit)/model.safetensors"])
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: url.path)
        #expect(link == "../../blobs/\(hash)")
        #expect(
            hub.server.lines == [
                "HEAD /org/small/resolve/main/model.safetensors", "GET /org/small/resolve/main/model.safetensors",
            ])
        #expect(hub.storage.lines == ["GET /blob/model.safetensors"])
    }

    @Test func smallFilesAndOddNamesAreChecked() async throws {
        let hub = try await FakeHub()
        let url = try await hub.client().file("onnx/model é.onnx", in: "org/small")
        #expect(try Array(Data(contentsOf: url)) == [1, 2, 3])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: url.path).hasPrefix("../../../blobs/"))
        let config = try await hub.client().file("config.json", in: "org/small")
        #expect(config.resolvingSymlinksInPath().lastPathComponent == (try FileHash.gitBlob(of: config)))
    }

    @Test func theTokenStaysWithTheHub() async throws {
        let hub = try await FakeHub()
        _ = try await hub.client(["HF_TOKEN": "hf_x\n"]).file("model.safetensors", in: "org/small")
        #expect(hub.server.requests.map { $0.headers["authorization"] } == ["Bearer hf_x", "Bearer hf_x"])
        #expect(hub.storage.requests.map { $0.headers["authorization"] } == [nil])
    }

    @Test func theTokenFileCounts() async throws {
        let hub = try await FakeHub()
        try hub.scratch.write(Array("hf_file\n".utf8), "hf/token")
        _ = try await hub.client().file("config.json", in: "org/small")
        #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_file" })
    }

    @Test func cutDownloadsGoOn() async throws {
        let hub = try await FakeHub()
        hub.set { $0.cuts = 2 }
        let url = try await hub.client().file("model.safetensors", in: "org/small")
        #expect(try Array(Data(contentsOf: url)) == hub.checkpoint)
        let ranges = hub.storage.requests.map { $0.headers["range"] }
        #expect(ranges.count == 3)
        #expect(ranges[0] == nil && ranges[1] != nil && ranges[2] != nil)
    }

    @Test func renamedRepositoriesAreFollowed() async throws {
        let hub = try await FakeHub()
        let client = hub.client()
        let url = client.address("old-name/resolve", "main", "model.safetensors")
        let answer = try await client.downloader.head(url, policy: .stayOnHost)
        #expect(answer.status == 302)
        #expect(answer.headers["x-linked-size"] == String(hub.checkpoint.count))
        #expect(hub.storage.requests.isEmpty)
    }

    @Test func unchangedFilesAreNotFetchedAgain() async throws {
        let hub = try await FakeHub()
        let first = try await hub.client().file("model.safetensors", in: "org/small")
        hub.set { $0.commit = String(repeating: "b", count: 40) }
        let second = try await hub.client().file("model.safetensors", in: "org/small")
        #expect(first != second)
        #expect(first.resolvingSymlinksInPath() == second.resolvingSymlinksInPath())
        #expect(hub.storage.requests.count == 1)
        let count = hub.server.requests.count
        let commit = String(repeating: "b", count: 40)
        #expect(try await hub.client().file("model.safetensors", in: "org/small", revision: commit) == second)
        #expect(hub.server.requests.count == count)
    }

    @Test func changedFilesAreFetched() async throws {
        let hub = try await FakeHub()
        _ = try await hub.client().file("config.json", in: "org/small")
        hub.set {
            $0.commit = String(repeating: "b", count: 40)
            $0.files["config.json"] = [123, 125]
        }
        let url = try await hub.client().file("config.json", in: "org/small")
        #expect(try Array(Data(contentsOf: url)) == [123, 125])
    }

    @Test func damagedFilesLeaveNothing() async throws {
        let hub = try await FakeHub()
        hub.set { $0.isDamaged = true }
        let message = await error { try await hub.client().file("model.safetensors", in: "org/small") }
        #expect(message.hasPrefix("model.safetensors arrived damaged: found sha256"))
        #expect(hub.left == [])
    }

    @Test func manyAtOnceFetchOnce() async throws {
        let hub = try await FakeHub()
        try await withThrowingTaskGroup { group in
            for _ in 0..<6 { group.addTask { try await hub.client().file("model.safetensors", in: "org/small") } }
            try await group.waitForAll()
        }
        #expect(hub.storage.requests.count == 1)
    }

    @Test func refusalsSayWhatToDo() async throws {
        let hub = try await FakeHub()
        let endpoint = hub.server.url.absoluteString
        let missing = await error { try await hub.client().file("config.json", in: "org/other") }
        #expect(
            missing == "there is no repository org/other for you on \(endpoint): the name is wrong, or it is private "
                + "and HF_TOKEN is not set")
        let file = await error { try await hub.client().file("x.json", in: "org/small") }
        #expect(file == "org/small has no file x.json at revision main; see \(endpoint)/org/small")
        hub.set { $0.refusal = .init(status: 401) }
        let token = await error { try await hub.client(["HF_TOKEN": "x"]).listing(of: "org/small") }
        #expect(token.hasSuffix("it is private and HF_TOKEN does not open it"))
        for reply in [LocalServer.Reply(status: 403), .init(status: 401, headers: ["X-Error-Code": "GatedRepo"])] {
            hub.set { $0.refusal = reply }
            let gated = await error { try await hub.client().file("config.json", in: "org/small") }
            #expect(
                gated == "org/small is given to those who accepted its license: accept it at \(endpoint)/org/small, "
                    + "then set HF_TOKEN to a token of yours")
        }
        hub.set { $0.refusal = .init(status: 404, headers: ["X-Error-Code": "RevisionNotFound"]) }
        let revision = await error { try await hub.client().file("config.json", in: "org/small", revision: "v9") }
        #expect(revision == "org/small has no revision v9; see \(endpoint)/org/small")
        hub.set { $0.refusal = .init(body: Array("<html>".utf8)) }
        let other = await error { try await hub.client().listing(of: "org/small") }
        #expect(other.hasSuffix("does not answer like a Hugging Face hub; see HF_ENDPOINT"))
        hub.set { $0.refusal = .init(status: 503) }
        let busy = await error { try await hub.client().listing(of: "org/small") }
        #expect(busy.contains("127.0.0.1 is busy (status 503)"))
        #expect(hub.left == [])
    }

    @Test func hostileAnswersStayOutsideTheFileSystem() async throws {
        let hub = try await FakeHub()
        for etag in ["../../../evil", "/etc/passwd", "", ".hidden", String(repeating: "a", count: 300)] {
            hub.set {
                let headers = ["X-Repo-Commit": $0.commit, "ETag": "\"\(etag)\""]
                $0.refusal = .init(headers: headers, body: [1])
            }
            let message = await error { try await hub.client().file("config.json", in: "org/small") }
            #expect(message.contains("does not answer like a Hugging Face hub"))
        }
        hub.set { $0.refusal = .init(headers: ["X-Repo-Commit": "../..", "ETag": "x"], body: [1]) }
        #expect(await error { try await hub.client().file("c", in: "org/small") }.contains("does not answer like"))
        hub.set {
            $0.refusal = nil
            $0.files["../../evil"] = [1]
        }
        #expect(try await hub.client().listing(of: "org/small").files.allSatisfy { !$0.contains("..") })
        for name in ["../x", "a/b/../c", "org/", "/x", "org/na me", "a//b", "org/x@../y", ""] {
            #expect(throws: FileError.self, "\(name)") { try HubName(name) }
        }
        #expect(
            await error { try await hub.client().file("../x", in: "org/small") }.hasPrefix(
                "../x cannot be a file's path"))
    }

    @Test func namesHaveRevisionsFilesAndShortForms() throws {
        #expect(try HubName("gpt2").repository == "openai-community/gpt2")
        let name = try HubName("org/small/sub/x.gguf@refs/pr/1")
        #expect(name.repository == "org/small" && name.file == "sub/x.gguf" && name.revision == "refs/pr/1")
    }

    @Test func offlineTheCacheServes() async throws {
        let hub = try await FakeHub()
        let offline = hub.client(["HF_HUB_OFFLINE": "1"])
        let cold = await error { try await offline.snapshot(of: "org/small") }
        #expect(cold.contains("the network may not be used (HF_HUB_OFFLINE or PLUMB_OFFLINE is set)"))
        #expect(hub.server.requests.isEmpty)
        let url = try await hub.client().file("config.json", in: "org/small")
        let count = hub.server.requests.count
        #expect(try await offline.file("config.json", in: "org/small") == url)
        #expect(try await offline.snapshot(of: "org/small") == url.deletingLastPathComponent())
        #expect(hub.server.requests.count == count)
        #expect(try await hub.client(["HF_ENDPOINT": hub.dead]).file("config.json", in: "org/small") == url)
        let dead = await error {
            try await hub.client(["HF_ENDPOINT": hub.dead]).file("model.safetensors", in: "org/small")
        }
        #expect(
            dead.contains("cannot be fetched from \(hub.dead): cannot connect to 127.0.0.1. Connect to the network"))
    }

    @Test func aModelIsItsWeightsAndCompanions() async throws {
        let hub = try await FakeHub()
        let location = try await hub.store().locate("org/small")
        guard case .folder(let folder) = location else {
            Issue.record("expected a folder, found \(location)")
            return
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "config.json", "model.safetensors",
            ])
        #expect(try SafetensorsCheckpoint(folder: folder).tensor("wte.weight").shape == [100, 300])
        #expect(try await hub.store(["HF_HUB_OFFLINE": "1"]).locate("org/small") == location)
        #expect(try await hub.store(["HF_ENDPOINT": hub.dead]).locate("org/small") == location)
        let count = hub.server.requests.count
        #expect(try await hub.store().locate("org/small") == location)
        #expect(hub.server.requests.count == count + 1)
    }

    @Test func repositoriesOfOneGGUFAreThatFile() async throws {
        let hub = try await FakeHub()
        hub.set { $0.files = ["README.md": [1], "small.Q8_0.gguf": [2]] }
        let location = try await hub.store().locate("org/small")
        #expect(location.url.lastPathComponent == "small.Q8_0.gguf")
        hub.set {
            $0.files = ["a.gguf": [1], "b.gguf": [2]]
            $0.commit = String(repeating: "c", count: 40)
        }
        let several = await error { try await hub.store().locate("org/small") }
        #expect(several == "org/small holds several models: choose one of org/small/a.gguf, org/small/b.gguf")
        #expect(try await hub.store().locate("org/small/b.gguf").url.lastPathComponent == "b.gguf")
        hub.set { $0.files = ["pytorch_model.bin": [1]] }
        #expect(await error { try await hub.store().locate("org/small") }.contains("PyTorch pickles only"))
    }
}
