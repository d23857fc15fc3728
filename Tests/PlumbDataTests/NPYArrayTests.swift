import Foundation
import PlumbTensor
import Testing

@testable import PlumbData

@Suite struct NPYArrayTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A file as NumPy writes it, with any header.
    private static func file(_ header: String, _ body: [UInt8], version: UInt8 = 1) -> [UInt8] {
        let text = Array((header + "\n").utf8)
        let length =
            version == 1 ? GGUFWriter.bytes(UInt16(text.count)) : GGUFWriter.bytes(UInt32(text.count))
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + body
    }

    private static func header(_ type: String, _ shape: String, columnMajor: Bool = false) -> String {
        "{'descr': '\(type)', 'fortran_order': \(columnMajor ? "True" : "False"), 'shape': \(shape), }"
    }

    private func read(_ bytes: [UInt8]) throws -> NPYArray { try NPYArray(MappedBytes(bytes), name: "f.npy") }

    private static func bytes<Number: FixedWidthInteger>(_ values: [Number]) -> [UInt8] {
        values.flatMap { GGUFWriter.bytes($0) }
    }

    @Test func everyTypeOfNumberIsRead() throws {
        let floats: [Float] = [0, -1.5, 65_504, .infinity]
        let half = Self.bytes([0x0000, 0xBE00, 0x7BFF, 0x7C00] as [UInt16])
        let single = Self.bytes(floats.map(\.bitPattern)), double = Self.bytes(floats.map { Double($0).bitPattern })
        for (type, body) in [("<f2", half), ("<f4", single), ("<f8", double)] {
            let array = try read(Self.file(Self.header(type, "(2, 2)"), body))
            #expect(array.shape == [2, 2] && !array.holdsIntegers)
            #expect(try array.tensor() == Tensor(floats, shape: [2, 2]))
        }
        let big = floats.flatMap { Array(GGUFWriter.bytes($0.bitPattern).reversed()) }
        #expect(try read(Self.file(Self.header(">f4", "(4,)"), big)).tensor().elements == floats)
        #expect(try read(Self.file(Self.header("<f2", "(1,)"), [1, 0])).tensor().elements == [0x1p-24])
        let numbers = [-3, 0, 100]
        for (type, body) in [
            ("|i1", Self.bytes(numbers.map(Int8.init))), ("<i2", Self.bytes(numbers.map(Int16.init))),
            ("<i4", Self.bytes(numbers.map(Int32.init))), ("<i8", Self.bytes(numbers)),
        ] {
            let array = try read(Self.file(Self.header(type, "(3,)"), body, version: 2))
            #expect(try array.wholeNumbers() == numbers && array.holdsIntegers)
            #expect(try array.tensor().elements == [-3, 0, 100])
        }
        #expect(try read(Self.file(Self.header("|u1", "(3,)"), [0, 200, 255])).wholeNumbers() == [0, 200, 255])
        #expect(try read(Self.file(Self.header("|b1", "(2,)"), [0, 1])).wholeNumbers() == [0, 1])
    }

    @Test func axesInColumnOrderAreTurned() throws {
        let array = try read(Self.file(Self.header("|u1", "(2, 3)", columnMajor: true), [1, 4, 2, 5, 3, 6]))
        #expect(try array.wholeNumbers() == [1, 2, 3, 4, 5, 6])
    }

    @Test func damageIsNamed() {
        let good = Self.file(Self.header("<f4", "(2,)"), [UInt8](repeating: 0, count: 8))
        #expect(fileError { try read([1, 2, 3]) }.hasPrefix("f.npy: not an array of NumPy"))
        #expect(fileError { try read(good.dropLast()) }.contains("2 elements of 4 bytes, 8 bytes, but 7 follow"))
        #expect(fileError { try read(Self.file("{'descr': [('a', '<f4')]}", [])) }.contains("records are not read"))
        #expect(fileError { try read(Self.file(Self.header("<c8", "(1,)"), [0])) }.contains("the type <c8 are not"))
        #expect(fileError { try read(Self.file(Self.header("|O", "(1,)"), [0])) }.contains("the type |O are not"))
        #expect(fileError { try read(Self.file(Self.header("<f4", "(0, 3)"), [])) }.contains("no elements"))
        let huge = "(4611686018427387904, 4611686018427387904)"
        #expect(fileError { try read(Self.file(Self.header("<f4", huge), [])) }.contains("more than 1073741824"))
        #expect(fileError { try read(Self.file(Self.header("<f4", "(-1,)"), [])) }.contains("no list of whole numbers"))
        #expect(fileError { try read(Self.file("{'shape': (2,", [])) }.contains("damaged"))
        #expect(
            fileError { try read(Self.file(Self.header("<u8", "(1,)"), [UInt8](repeating: 255, count: 8))) }
                .contains("is larger than"))
        #expect(
            fileError {
                try read(Self.file(Self.header("<f4", "(1,)"), Self.bytes([Float(0.5).bitPattern]))).wholeNumbers()
            }.contains("element 0 is 0.5, which is no whole number"))
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let images = Tensor((0..<12).map { Float($0) / 7 - 1 }, shape: [3, 2, 2])
        var writer = NPZWriter()
        writer.add("images", images)
        writer.add("labels", [7, -1, 1 << 40])
        writer.add("broken", [true, false, true])
        let url = scratch.folder.appendingPathComponent("arrays.npz")
        try writer.write(to: url)
        let first = try Data(contentsOf: url)
        try writer.write(to: url)
        #expect(try Data(contentsOf: url) == first)
        let file = try NPZFile(contentsOf: url)
        #expect(file.names == ["images", "labels", "broken"])
        #expect(try file.array("images").tensor() == images)
        #expect(try file.array("labels").wholeNumbers() == [7, -1, 1 << 40])
        #expect(try file.array("broken").wholeNumbers() == [1, 0, 1])
        #expect(fileError { try file.array("y") }.contains("has no array y; it has images, labels, broken"))
    }

    @Test func packedArchivesAndSingleArraysAreRead() throws {
        let array = Self.file(Self.header("|u1", "(2,)"), [3, 4])
        var zip = ZipWriter()
        zip.members = [.init(name: "x.npy", content: array)]
        let packed = try NPZFile(contentsOf: scratch.write(zip.encoded(), "p.npz"))
        #expect(try packed.array("x").wholeNumbers() == [3, 4])
        let single = try NPZFile(contentsOf: scratch.write(array, "s.npy"))
        #expect(single.names == [""])
        #expect(try single.array("").wholeNumbers() == [3, 4])
        #expect(fileError { try NPZFile(contentsOf: scratch.write(Array("hello".utf8), "t.npz")) }.contains("neither"))
    }

    @Test func damagedArraysNeverTrap() throws {
        let rounds = ProcessInfo.processInfo.environment["PLUMB_FUZZ_ROUNDS"].flatMap(Int.init) ?? 5_000
        let wholes = [
            Self.file(Self.header("<f4", "(2, 3)"), [UInt8](repeating: 7, count: 24)),
            Self.file(Self.header("<i8", "(3,)", columnMajor: true), [UInt8](repeating: 1, count: 24), version: 3),
        ]
        for whole in wholes {
            var refused = 0
            for seed in 0..<rounds {
                var mutator = Mutator(seed: UInt64(seed))
                do {
                    let array = try read(mutator.damaged(whole))
                    #expect(try array.tensor().count == array.shape.reduce(1, *))
                    _ = try array.wholeNumbers()
                } catch {
                    refused += 1
                    #expect(error is FileError, "seed \(seed): \(error)")
                }
            }
            #expect(refused > rounds / 4)
        }
    }

    @Test func damagedArchivesOfArraysNeverTrap() throws {
        var zip = ZipWriter()
        zip.members = [.init(name: "x.npy", content: Self.file(Self.header("|u1", "(2,)"), [3, 4]))]
        let whole = zip.encoded()
        for seed in 0..<500 {
            var mutator = Mutator(seed: UInt64(seed))
            do {
                let file = try NPZFile(contentsOf: scratch.write(mutator.damaged(whole), "fuzz.npz"))
                for name in file.names { _ = try file.array(name) }
            } catch { #expect(error is FileError, "seed \(seed): \(error)") }
        }
    }
}
