import Foundation
import PlumbTensor
import Testing

@testable import PlumbData

@Suite struct SafetensorsFileTests {
    private func file(_ header: String, data: [UInt8] = [], length: UInt64? = nil) throws -> SafetensorsFile {
        let bytes = GGUFWriter.bytes(length ?? UInt64(header.utf8.count)) + Array(header.utf8) + data
        return try SafetensorsFile(MappedBytes(bytes), url: URL(fileURLWithPath: "/models/test.safetensors"))
    }

    private func expectError(
        _ header: String, data: [UInt8] = [], length: UInt64? = nil, contains text: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) {
            try file(header, data: data, length: length)
        }
        #expect(
            error?.description.contains(text) == true, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    }

    private let two = """
        {"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},\
        "a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}
        """

    @Test func readsTensorsAndMetadata() throws {
        let file = try file(two, data: Array(0..<12))
        #expect(file.names == ["b", "a"])
        #expect(file.metadata == ["format": "pt"])
        let a = try file.tensor("a")
        #expect(a.shape == [1, 2])
        #expect(a.elementType == .f32)
        #expect(a.bytes.withUnsafeBytes { Array($0) } == Array(0..<8))
        #expect(try file.tensor("b").bytes.withUnsafeBytes { Array($0) } == Array(8..<12))
    }

    @Test func otherTypesAreRefusedOnlyWhenUsed() throws {
        let file = try file(
            #"{"mask":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"F16","shape":[],"data_offsets":[4,6]}}"#,
            data: Array(0..<6))
        #expect(try file.tensor("w").shape == [])
        #expect(try file.summary(of: "mask") == ([4], "BOOL"))
        let error = #expect(throws: FileError.self) { try file.tensor("mask") }
        #expect(error?.description.contains("tensor mask has the dtype BOOL; readable are F32, F16 and BF16") == true)
        let missing = #expect(throws: FileError.self) { try file.tensor("v") }
        #expect(missing?.description.contains("(it holds 2: mask, w)") == true)
    }

    @Test func escapedNamesAreDecoded() throws {
        let file = try file(
            #" {"\u00e9\ud83e\udd89\n\"" : {"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":{"x":[1,null]}} } "#,
            data: [0, 0, 0, 0])
        #expect(file.names == ["é🦉\n\""])
    }

    @Test func hostileHeadersAreRefused() {
        for length in [UInt64.max, 1 << 63, 1 << 40, 100_000_001] {
            expectError(two, length: length, contains: "more than 100 MB")
        }
        expectError(two, length: 1_000, contains: "the header claims 1000 bytes but the file has")
        expectError("[1]", contains: "is not the JSON it should be")
        expectError("{} x", contains: "text after the end")
        expectError(#"{"__metadata__":{"a":"1","a":"2"}}"#, contains: "key a appears twice")
        expectError(String(repeating: #"{"a":"#, count: 5_000), contains: "nested deeper than 32 levels")
        expectError(
            #"{"a":{"x":"# + String(repeating: "[", count: 5_000), contains: "nested deeper than 32 levels")
        expectError(#"{"\ud800":{}}"#, contains: "half of a surrogate pair")
        expectError(#"{"a":{"dtype":"F32","shape":[1]}}"#, contains: "tensor a needs dtype, shape and data_offsets")
        expectError(
            #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            contains: "something that is not a whole number")
        expectError(
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, contains: "too large")
    }

    @Test func wrongLayoutsAreRefused() {
        let a = #""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#
        expectError(
            #"{\#(a),"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#, data: Array(0..<6),
            contains: "tensors a and b overlap")
        expectError(#"{\#(a),\#(a)}"#, data: Array(0..<4), contains: "key a appears twice")
        expectError(#"{\#(a)}"#, data: Array(0..<3), contains: "tensor a ends at byte 4 of 3")
        expectError(#"{\#(a)}"#, data: Array(0..<9), contains: "5 bytes after tensor a belong to none")
        expectError(
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, data: Array(0..<8),
            contains: "4 bytes before tensor a belong to none")
        expectError(
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, data: Array(0..<4),
            contains: "in F32 needs 8 bytes, found 4")
        expectError(
            #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, data: Array(0..<4),
            contains: "impossible shape")
        expectError(
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, data: Array(0..<4),
            contains: "impossible data_offsets")
    }

    @Test func damagedFilesNeverTrap() {
        let whole = GGUFWriter.bytes(UInt64(two.utf8.count)) + Array(two.utf8) + Array(0..<12)
        let rounds = ProcessInfo.processInfo.environment["PLUMB_FUZZ_ROUNDS"].flatMap(Int.init) ?? 60_000
        var refused = 0
        for seed in 0..<rounds {
            var mutator = Mutator(seed: UInt64(seed))
            let bytes = mutator.damaged(whole)
            do {
                let file = try SafetensorsFile(MappedBytes(bytes), url: URL(fileURLWithPath: "/t"))
                for name in file.names { _ = try? file.tensor(name) }
            } catch {
                refused += 1
                #expect(error is FileError)
            }
        }
        #expect(refused > rounds / 4)
        #expect(refused < rounds)
    }
}

@Suite struct SafetensorsCheckpointTests {
    private func shard(_ names: [String], _ url: URL) throws {
        var writer = SafetensorsWriter()
        for (index, name) in names.enumerated() { writer.add(name, shape: [1], values: [Float(index)]) }
        try writer.write(to: url)
    }

    @Test func writtenTensorsReadBack() throws {
        let scratch = try Scratch()
        let url = scratch.folder.appendingPathComponent("deep/model.safetensors")
        var writer = SafetensorsWriter(metadata: ["note": "a \"quoted\"/slash"])
        writer.add("w/é\n", shape: [2, 2], values: [1, -2.5, .infinity, .leastNonzeroMagnitude])
        writer.add("empty", shape: [0, 3], values: [])
        writer.add("b", shape: [], values: [7])
        try writer.write(to: url)
        try writer.write(to: url)
        let file = try SafetensorsFile(contentsOf: url)
        #expect(file.names == ["w/é\n", "empty", "b"])
        #expect(file.metadata == ["note": "a \"quoted\"/slash"])
        let values = try file.tensor("w/é\n").bytes.withUnsafeBytes { bytes in
            (0..<4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        #expect(values == [1, -2.5, .infinity, .leastNonzeroMagnitude])
        #expect(try file.tensor("empty").count == 0)
        let left = try FileManager.default.contentsOfDirectory(atPath: url.deletingLastPathComponent().path)
        #expect(left == ["model.safetensors"])
    }

    @Test func aFailedWriteLeavesNothing() throws {
        let scratch = try Scratch()
        try scratch.write([], "file")
        let writer = SafetensorsWriter()
        let error = #expect(throws: FileError.self) {
            try writer.write(to: scratch.folder.appendingPathComponent("file/model.safetensors"))
        }
        #expect(error?.description.hasPrefix("cannot make the folder") == true)
    }

    @Test func shardsAreOneCheckpoint() throws {
        let scratch = try Scratch()
        try shard(["a", "b"], scratch.folder.appendingPathComponent("model-1.safetensors"))
        try shard(["c"], scratch.folder.appendingPathComponent("model-2.safetensors"))
        let index =
            #"{"metadata":{"total_size":12},"weight_map":{"a":"model-1.safetensors","b":"model-1.safetensors","c":"model-2.safetensors"}}"#
        try scratch.write(Array(index.utf8), "model.safetensors.index.json")
        let checkpoint = try SafetensorsCheckpoint(folder: scratch.folder)
        #expect(checkpoint.names == ["a", "b", "c"])
        #expect(checkpoint.files.count == 2)
        #expect(try checkpoint.tensor("c").shape == [1])
        #expect(!checkpoint.contains("d"))
        #expect(throws: FileError.self) { try checkpoint.tensor("d") }
    }

    @Test func inconsistentShardsAreRefused() throws {
        let scratch = try Scratch()
        func expect(_ index: String, contains text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
            try scratch.write(Array(index.utf8), "model.safetensors.index.json")
            let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) {
                try SafetensorsCheckpoint(folder: scratch.folder)
            }
            #expect(error?.description.contains(text) == true, sourceLocation: sourceLocation)
        }
        try shard(["a"], scratch.folder.appendingPathComponent("one.safetensors"))
        try shard(["a"], scratch.folder.appendingPathComponent("two.safetensors"))
        try expect(#"{"weight_map":{"z":"one.safetensors"}}"#, contains: "lists tensor z in one.safetensors, which")
        try expect(#"{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}"#, contains: "tensor a is in both")
        try expect(#"{"weight_map":{"a":"../one.safetensors"}}"#, contains: "not a .safetensors file beside it")
        try expect(#"{"weight_map":{"a":"none.safetensors"}}"#, contains: "cannot open")
        try expect(#"{"weight_map":[]}"#, contains: "weight_map")
    }

    @Test(.timeLimit(.minutes(1))) func aPipeIsNotWaitedFor() throws {
        let scratch = try Scratch()
        let pipe = scratch.folder.appendingPathComponent("model.safetensors")
        try #require(mkfifo(pipe.path, 0o600) == 0)
        let error = #expect(throws: FileError.self) { try SafetensorsFile(contentsOf: pipe) }
        #expect(error?.description.contains("is not a regular file") == true)
    }

    @Test func aFolderWithoutWeightsSaysSo() throws {
        let scratch = try Scratch()
        let error = #expect(throws: FileError.self) { try SafetensorsCheckpoint(folder: scratch.folder) }
        #expect(error?.description.contains("found no .safetensors file") == true)
        try shard(["a"], scratch.folder.appendingPathComponent("weights.safetensors"))
        #expect(try SafetensorsCheckpoint(folder: scratch.folder).names == ["a"])
    }
}
