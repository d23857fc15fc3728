import Foundation
import PlumbTensor
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

@Suite struct GGUFFileTests {
    private func file(_ writer: GGUFWriter) throws -> GGUFFile { try file(writer.encoded()) }

    private func file(_ bytes: [UInt8]) throws -> GGUFFile {
        try GGUFFile(MappedBytes(bytes), url: URL(fileURLWithPath: "/models/test.gguf"))
    }

    private func expectError(
        _ writer: GGUFWriter, contains text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) { try file(writer) }
        let description = error?.description ?? ""
        #expect(description.contains(text), sourceLocation: sourceLocation)
        #expect(description.hasPrefix("/models/test.gguf: "), sourceLocation: sourceLocation)
    }

    @Test(arguments: [UInt32(2), 3]) func readsEveryKindOfMetadata(version: UInt32) throws {
        var writer = GGUFWriter.sample()
        writer.version = version
        let file = try file(writer)
        #expect(file.version == Int(version))
        #expect(file.alignment == 32)
        #expect(try file.architecture == "llama")
        #expect(file.metadataKeys == writer.pairs.map(\.key))
        #expect(try file.integer("llama.block_count") == 2)
        #expect(try file.integer("a.uint8") == 200)
        #expect(try file.integer("a.int8") == -2)
        #expect(try file.integer("a.uint16") == 65_000)
        #expect(try file.integer("a.int16") == -7)
        #expect(try file.integer("a.int32") == -70_000)
        #expect(try file.number("a.float32") == 1.5)
        #expect(try file.bool("a.bool"))
        #expect(file.metadata["a.uint64"] == .uint64(.max))
        #expect(try file.integer("a.int64") == Int.min)
        #expect(try file.number("a.float64") == 0.1)
        #expect(try file.strings("tokens") == ["<s>", "", "Ġthe", "é\u{0}b", "🦉"])
        #expect(file.metadata["nested"] == .array(.array([.int32([1, 2]), .string(["x"])])))
    }

    @Test func missingAndWronglyTypedKeysSaySo() throws {
        let file = try file(.sample())
        #expect(try file.integer("absent", default: 7) == 7)
        #expect(try file.string("absent", default: "x") == "x")
        let missing = #expect(throws: FileError.self) { try file.integer("llama.context_length") }
        #expect(missing?.description.contains("lacks the metadata key llama.context_length (an integer)") == true)
        let wrong = #expect(throws: FileError.self) { try file.integer("general.architecture", default: 1) }
        #expect(wrong?.description.contains("general.architecture should be an integer, found string") == true)
        #expect(throws: FileError.self) { try file.integer("a.uint64") }
        #expect(throws: FileError.self) { try file.strings("nested") }
    }

    @Test func shapesAreReversedAndBytesAreTheFiles() throws {
        let file = try file(.sample())
        #expect(file.names == ["token_embd.weight", "blk.0.q", "odd", "scalar"])
        let embedding = try file.tensor("token_embd.weight")
        #expect(embedding.shape == [2, 3])
        #expect(embedding.elementType == .f32)
        #expect(embedding.bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 20, as: Float.self) } == 6)
        let quantized = try #require(file["blk.0.q"])
        #expect(quantized.shape == [1, 32])
        #expect(quantized.bytes.withUnsafeBytes { Array($0) } == Array(0..<20))
        #expect(try file.tensor("scalar").shape == [])
    }

    @Test func unknownTypesAreRefusedOnlyWhenUsed() throws {
        let file = try file(.sample())
        #expect(file["odd"] == nil)
        #expect(try file.summary(of: "odd") == ([1, 256], "Q2_K"))
        let error = #expect(throws: FileError.self) { try file.tensor("odd") }
        #expect(error?.description.contains("tensor odd has the element type Q2_K; readable are F32") == true)
        let absent = #expect(throws: FileError.self) { try file.tensor("blk.0.k") }
        #expect(absent?.description.contains("nearest names are blk.0.q") == true)
    }

    @Test func otherAlignmentsAreHonored() throws {
        var writer = GGUFWriter.sample()
        writer.alignment = 64
        writer.add("general.alignment", 64)
        #expect(try file(writer).tensor("blk.0.q").bytes.withUnsafeBytes { Array($0) } == Array(0..<20))
        for wrong: UInt32 in [0, 1, 33, 48, 1 << 31] {
            var writer = GGUFWriter.sample()
            writer.add("general.alignment", wrong)
            expectError(writer, contains: "must be a power of two")
        }
    }

    @Test func otherFilesAndVersionsAreNamed() throws {
        #expect(throws: FileError("/models/test.gguf: not a GGUF file: it does not begin with the letters GGUF")) {
            try file(Array("PK\u{3}\u{4}".utf8) + [0, 0, 0, 0])
        }
        #expect(throws: FileError.self) { try file([]) }
        var writer = GGUFWriter.sample()
        writer.version = UInt32(3).byteSwapped
        expectError(writer, contains: "big-endian")
        writer.version = 1
        expectError(writer, contains: "GGUF version 1: only versions 2 and 3")
    }

    @Test(arguments: [UInt64(1) << 32, 1 << 40, 1 << 62, 1 << 63, .max])
    func hostileCountsAreRefused(count: UInt64) throws {
        var writer = GGUFWriter.sample()
        writer.tensorCount = count
        expectError(writer, contains: "the number of tensors is \(count)")
        writer.tensorCount = nil
        writer.pairCount = count
        expectError(writer, contains: "the number of metadata keys is \(count)")
        for type: UInt32 in 0...12 {
            var writer = GGUFWriter()
            writer.add("list", type: 9, GGUFWriter.bytes(type) + GGUFWriter.bytes(count))
            expectError(writer, contains: "the number of elements of list is \(count)")
        }
        writer = GGUFWriter()
        writer.add("text", type: 8, GGUFWriter.bytes(count))
        expectError(writer, contains: "text needs \(count) bytes")
        writer = GGUFWriter()
        writer.addTensor("w", shape: [8], offset: count & ~31, data: [UInt8](repeating: 0, count: 32))
        #expect(throws: FileError.self) { try file(writer) }
        writer = GGUFWriter()
        writer.tensors.append(("w", [count, count], 0, nil, []))
        #expect(throws: FileError.self) { try file(writer) }
        writer = GGUFWriter()
        writer.tensors.append(("w", [count], 0, nil, []))
        #expect(throws: FileError.self) { try file(writer) }
    }

    @Test func malformedTensorsAreNamed() throws {
        var writer = GGUFWriter()
        let row = [UInt8](repeating: 0, count: 64)
        writer.addTensor("a", shape: [16], data: row)
        writer.addTensor("b", shape: [16], offset: 32, data: row)
        expectError(writer, contains: "tensors a and b overlap")
        writer.tensors[1].offset = 8
        expectError(writer, contains: "tensor b begins at byte 8, not a multiple of 32")
        writer.tensors[1].offset = 96
        expectError(writer, contains: "tensor b ends beyond the file")
        writer.tensors[1].offset = nil
        writer.tensors[1].name = "a"
        expectError(writer, contains: "tensor a appears twice")
        writer.tensors[1] = ("b", [31, 2], 3, nil, row)
        expectError(writer, contains: "does not hold whole Q4_1 blocks of 32")
        writer.tensors[1] = ("b", [0, 2], 0, nil, row)
        expectError(writer, contains: "tensor b has the impossible shape")
        writer.tensors[1] = ("b", [1, 1, 1, 1, 16], 0, nil, row)
        expectError(writer, contains: "tensor b has 5 axes")
    }

    @Test func malformedMetadataIsNamed() throws {
        var writer = GGUFWriter()
        writer.add("k", 1)
        writer.add("k", 2)
        expectError(writer, contains: "metadata key k appears twice")
        writer = GGUFWriter()
        writer.add("k", type: 13, [0])
        expectError(writer, contains: "metadata key k has the unknown type 13")
        writer = GGUFWriter()
        writer.add("k", type: 7, [2])
        expectError(writer, contains: "k should be true or false (1 or 0), found 2")
        writer = GGUFWriter()
        writer.add("k", type: 8, GGUFWriter.bytes(UInt64(2)) + [0xC3, 0x28])
        expectError(writer, contains: "k is not UTF-8 text")
        writer = GGUFWriter()
        let deep = (0..<40).reduce([UInt8]()) { inner, _ in GGUFWriter.array(of: 9, count: 1, inner) }
        writer.add("k", type: 9, deep)
        expectError(writer, contains: "nests arrays more than 4 deep")
    }

    @Test func truncationAtEveryByteIsRefused() throws {
        var writer = GGUFWriter.sample()
        writer.tensors.removeAll { $0.name == "odd" }
        let bytes = writer.encoded()
        for count in 0..<bytes.count {
            #expect(throws: FileError.self, "cut at \(count)") { try file(Array(bytes.prefix(count))) }
        }
        _ = try file(bytes)
    }

    @Test func damagedFilesNeverTrap() throws {
        let whole = GGUFWriter.sample().encoded()
        let rounds = ProcessInfo.processInfo.environment["PLUMB_FUZZ_ROUNDS"].flatMap(Int.init) ?? 60_000
        var refused = 0
        for seed in 0..<rounds {
            var mutator = Mutator(seed: UInt64(seed))
            do {
                let file = try file(mutator.damaged(whole))
                for name in file.names {
                    if let tensor = file[name] {
                        #expect(tensor.elementType.byteCount(of: tensor.count) == tensor.bytes.count)
                    }
                }
            } catch is FileError {
                refused += 1
            }
        }
        #expect(refused > rounds / 4)
        #expect(refused < rounds)
    }

    @Test func readsAFileOnDisk() throws {
        let scratch = try Scratch()
        let url = try scratch.write(GGUFWriter.sample().encoded(), "small.gguf")
        #expect(try GGUFFile(contentsOf: url).tensor("scalar").count == 1)
        #expect(throws: FileError.self) { try GGUFFile(contentsOf: scratch.folder.appendingPathComponent("none.gguf")) }
        #expect(throws: FileError.self) { try GGUFFile(contentsOf: scratch.folder) }
    }

    @Test func openingFiftyThousandTokensTakesNoSeconds() throws {
        var writer = GGUFWriter.sample()
        writer.add("tokenizer.ggml.tokens", (0..<49_152).map { "Ġtoken\($0)" })
        writer.add("tokenizer.ggml.merges", (0..<48_900).map { "Ġto ken\($0)" })
        let bytes = writer.encoded()
        let clock = ContinuousClock()
        let times = try (0..<5).map { _ in
            try clock.measure {
                let tokens = try file(bytes).strings("tokenizer.ggml.tokens")
                #expect(tokens.count == 49_152)
            }
        }
        #expect(try #require(times.min()) < .seconds(2))
    }
}
