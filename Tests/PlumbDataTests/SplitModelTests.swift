import Foundation
import PlumbTensor
import Testing

@testable import PlumbData

/// Models in several GGUF files, and files that are not what their name says.
@Suite struct SplitModelTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static func pair(_ value: Int) -> [UInt8] { GGUFWriter.bytes(UInt16(value)) }

    private static func part(_ number: Int, of count: Int, total: Int? = nil) -> GGUFWriter {
        var writer = GGUFWriter()
        if number == 0 { writer.add("general.architecture", "llama") }
        writer.add("split.no", type: 2, pair(number))
        writer.add("split.count", type: 2, pair(count))
        if let total { writer.add("split.tensors.count", type: 5, GGUFWriter.bytes(Int32(total))) }
        writer.addTensor("t\(number)", shape: [2], [Float(number), 7])
        return writer
    }

    private func write(_ writers: [GGUFWriter]) throws -> [URL] {
        try writers.enumerated().map { index, writer in
            try scratch.write(writer.encoded(), "model-0000\(index + 1)-of-0000\(writers.count).gguf")
        }
    }

    private func problem(_ url: URL) -> String {
        do {
            _ = try GGUFFile(contentsOf: url)
            return ""
        } catch { return "\(error)" }
    }

    @Test func anyPartOpensAll() throws {
        let urls = try write((0..<3).map { Self.part($0, of: 3, total: 3) })
        for url in urls {
            let file = try GGUFFile(contentsOf: url)
            #expect(file.names == ["t0", "t1", "t2"])
            #expect(file.files.map(\.lastPathComponent) == urls.map(\.lastPathComponent))
            #expect(try file.architecture == "llama")
            for number in 0..<3 {
                #expect(try file.tensor("t\(number)").dequantized().elements == [Float(number), 7])
                #expect(try file.summary(of: "t\(number)").shape == [2])
            }
        }
        #expect(try ModelStore(environment: [:]).locateAtHand(scratch.folder.path) == .gguf(urls[0]))
    }

    @Test func partsThatDoNotBelongTogetherAreRefusedByName() throws {
        let urls = try write([Self.part(0, of: 2), Self.part(1, of: 2)])
        let other = scratch.folder.appendingPathComponent("other.gguf")
        try FileManager.default.copyItem(at: urls[0], to: other)
        #expect(problem(other).contains("one of 2 parts of a model (split.count), but its name does not say which"))
        try Data(Self.part(0, of: 2).encoded()).write(to: urls[1])
        #expect(problem(urls[0]).contains("does not say that it is part 2 of 2"))
        try Data(Self.part(1, of: 2, total: 2).encoded()).write(to: urls[1])
        try Data(Self.part(0, of: 2, total: 9).encoded()).write(to: urls[0])
        #expect(problem(urls[0]).contains("should have 9 tensors in its 2 parts (split.tensors.count), found 2"))
        try FileManager.default.removeItem(at: urls[1])
        #expect(problem(urls[0]).contains("model-00002-of-00002.gguf is not beside it"))
        var huge = GGUFWriter()
        huge.add("split.count", type: 10, GGUFWriter.bytes(UInt64(1) << 40))
        #expect(problem(try scratch.write(huge.encoded(), "huge-00001-of-99999.gguf")).contains("does not say which"))
    }

    @Test func damagedPartsNeverTrap() throws {
        let urls = try write([Self.part(0, of: 2, total: 2), Self.part(1, of: 2)])
        let whole = try Data(contentsOf: urls[1])
        var refused = 0
        for seed in 0..<500 {
            var mutator = Mutator(seed: UInt64(seed))
            try Data(mutator.damaged(Array(whole))).write(to: urls[1])
            do {
                _ = try GGUFFile(contentsOf: urls[0])
            } catch {
                refused += 1
                #expect(error is FileError)
            }
        }
        #expect(refused > 50 && refused < 500)
    }

    @Test(arguments: [
        "https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1",
    ])
    func pointersOfGitLFSAreNamed(_ specification: String) throws {
        let pointer = Array(
            "version \(specification)\noid sha256:\(String(repeating: "a", count: 64))\nsize 1234\n".utf8)
        let sentence = "is a Git LFS pointer, not the file itself (1234 bytes), which was not fetched"
        #expect(problem(try scratch.write(pointer, "model.gguf")).contains(sentence))
        let weights = try scratch.write(pointer, "model.safetensors")
        #expect(throws: FileError.self) { try SafetensorsFile(contentsOf: weights) }
        func expectPointer(_ body: () throws -> Void) {
            do {
                try body()
                Issue.record("a pointer was read")
            } catch { #expect("\(error)".contains(sentence), "\(error)") }
        }
        expectPointer { _ = try SafetensorsCheckpoint(folder: scratch.folder) }
        try scratch.write(pointer, "model.safetensors.index.json")
        expectPointer { _ = try SafetensorsCheckpoint(folder: scratch.folder) }
        let store = ModelStore(environment: [:])
        expectPointer { _ = try store.locateAtHand(weights.path) }
    }

    @Test func aGGUFFileIsKnownByItsFirstLetters() throws {
        let store = ModelStore(environment: [:])
        let blob = try scratch.write(Self.part(0, of: 1).encoded(), "sha256-0123")
        #expect(try store.locateAtHand(blob.path) == .gguf(blob))
        let text = try scratch.write(Array("hello".utf8), "text.txt")
        #expect(throws: FileError("\(text.path) is not a GGUF file, nor a folder with config.json and safetensors")) {
            try store.locateAtHand(text.path)
        }
    }

    @Test func partsOnAHubAreFetchedTogether() throws {
        let parts = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"]
        #expect(try ModelStore.weights(among: ["README.md"] + parts, of: "a/b") == parts)
        #expect(throws: FileError.self) { try ModelStore.weights(among: parts + ["m-q4.gguf"], of: "a/b") }
        #expect(GGUFPartName("m-00003-of-00002.gguf") == nil)
        #expect(GGUFPartName("m.gguf") == nil)
    }
}
