import Foundation
import PlumbTensor
import Testing

@testable import PlumbData

@Suite struct ZipArchiveTests {
    private let scratch: Scratch
    private let content = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

    init() throws { scratch = try Scratch() }

    private func unpacked(_ writer: ZipWriter, _ name: String, limit: Int = 1 << 20) throws -> [UInt8] {
        let archive = try ZipArchive(contentsOf: scratch.write(writer.encoded(), "test.zip"))
        var result: [UInt8] = []
        try archive.unpack(name, limit: limit) { result.append(contentsOf: $0) }
        return result
    }

    private func expectError(
        _ writer: ZipWriter, contains text: String, limit: Int = 1 << 20,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) {
            try unpacked(writer, "a", limit: limit)
        }
        #expect(
            error?.description.contains(text) == true, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    }

    @Test func storedAndDeflatedMembersUnpack() throws {
        var writer = ZipWriter()
        writer.members = [
            .init(name: "a", content: content), .init(name: "dir/b", content: content, method: 0),
            .init(name: "empty", content: []),
        ]
        writer.comment = Array("PK\u{5}\u{6} is not the end".utf8)
        #expect(try unpacked(writer, "a") == content)
        #expect(try unpacked(writer, "dir/b") == content)
        #expect(try unpacked(writer, "empty") == [])
    }

    @Test func bombsAreStopped() {
        var writer = ZipWriter()
        let zeros = [UInt8](repeating: 0, count: 1_000_000)
        writer.members = [.init(name: "a", content: zeros, size: 1_000)]
        expectError(writer, contains: "unpacks to more than its 1000 bytes")
        writer.members = [.init(name: "a", content: zeros)]
        expectError(writer, contains: "has 1000000 bytes, more than the 999999 expected", limit: 999_999)
    }

    @Test func wrongArchivesAreRefused() {
        var writer = ZipWriter()
        writer.members = [.init(name: "b", content: content)]
        expectError(writer, contains: "no member a; it has b")
        writer.members = [.init(name: "a", content: content, crc: 7)]
        expectError(writer, contains: "is damaged")
        writer.members = [.init(name: "a", content: content, packed: [0xFF, 0xFF, 0xFF])]
        expectError(writer, contains: "is damaged")
        writer.members = [.init(name: "a", content: content, packed: Array(ZipWriter.deflated(content).dropLast(9)))]
        expectError(writer, contains: "is damaged")
        writer.members = [.init(name: "a", content: content, packed: ZipWriter.deflated(content) + [0])]
        expectError(writer, contains: "is damaged")
        writer.members = [.init(name: "a", content: content, size: 800_000)]
        expectError(writer, contains: "is damaged")
        writer.members = [.init(name: "a", content: content, flags: 1)]
        expectError(writer, contains: "is encrypted")
        writer.members = [.init(name: "a", content: content, method: 12)]
        expectError(writer, contains: "unknown compression 12")
        writer.members = [.init(name: "a", content: content, size: .max)]
        expectError(writer, contains: "needs zip64")
        writer.members = [.init(name: "a", content: content, offset: 3)]
        expectError(writer, contains: "no header where the directory says")
        writer.members = [.init(name: "a", content: content, offset: .max - 1)]
        expectError(writer, contains: "lies outside the file")
        writer.members = [.init(name: "a", content: content, packedSize: .max - 1)]
        expectError(writer, contains: "are left")
        writer.members = [.init(name: "a", content: content)]
        writer.count = 2
        expectError(writer, contains: "are left")
        writer.count = .max
        expectError(writer, contains: "a zip64 archive")
        writer.count = nil
        writer.directoryOffset = 1 << 30
        expectError(writer, contains: "lies outside the file")
    }

    @Test func damagedArchivesNeverTrap() throws {
        var writer = ZipWriter()
        writer.members = [
            .init(name: "a", content: Array(content.prefix(300))),
            .init(name: "b", content: Array(content.prefix(40)), method: 0),
        ]
        let whole = writer.encoded()
        var refused = 0
        for seed in 0..<2_000 {
            var mutator = Mutator(seed: UInt64(seed))
            do {
                let archive = try ZipArchive(contentsOf: scratch.write(mutator.damaged(whole), "fuzz.zip"))
                for member in archive.members { try archive.unpack(member.name, limit: 4_096) { _ in } }
            } catch is FileError {
                refused += 1
            }
        }
        #expect(refused > 500)
        #expect(refused < 2_000)
    }
}
