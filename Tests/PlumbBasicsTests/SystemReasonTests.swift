import Foundation
import Testing

@testable import PlumbBasics

@Suite struct SystemReasonTests {
    private func thrown(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch { return sentence(of: error) }
    }

    @Test func whatFoundationThrowsIsAPlainSentence() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("reason-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let missing = folder.appendingPathComponent("none")
        #expect(thrown { _ = try Data(contentsOf: missing) }.hasSuffix("none: there is no such file or folder"))
        #expect(thrown { _ = try Data(contentsOf: folder) }.hasSuffix("it is a folder"))
        #expect(
            thrown { _ = try FileManager.default.contentsOfDirectory(atPath: missing.path) }
                .hasSuffix("none: there is no such file or folder"))
        let file = folder.appendingPathComponent("file")
        try Data().write(to: file)
        let below = file.appendingPathComponent("below")
        let made = thrown { try FileManager.default.createDirectory(at: below, withIntermediateDirectories: true) }
        #expect(!made.contains("Error Domain") && made != "no error", "\(made)")
        #expect(thrown { _ = try JSONDecoder().decode([Int].self, from: Data("[true]".utf8)) }.contains("at Index 0"))
        #expect(thrown { throw POSIXError(.EACCES) } == "permission denied")
        #expect(thrown { throw CocoaError(.fileWriteVolumeReadOnly) } == "the file system is read-only")
    }

    @Test func permissionIsNotAbsence() {
        #expect(systemReason(EACCES) == "permission denied")
        #expect(systemReason(ENOENT) == "there is no such file or folder")
        #expect(systemReason(ENOSPC, at: "/") == "the disk is full")
    }

    @Test func whatCannotBeLookedAtIsNotAbsent() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("obstacle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        #expect(symlink("circle", path("circle")) == 0 && symlink("nothing", path("dangling")) == 0)
        try Data().write(to: folder.appendingPathComponent("file"))
        #expect(obstacle(at: path("circle")) == "its links lead in a circle")
        #expect(obstacle(at: path("dangling")) == "its link leads nowhere")
        #expect(obstacle(at: path(String(repeating: "a", count: 300))) == "the name is too long")
        for name in ["file", "file/below", "nothing", ""] { #expect(obstacle(at: path(name)) == nil, "\(name)") }
        // Whoever is root may enter every folder.
        guard getuid() != 0 else { return }
        #expect(mkdir(path("closed"), 0) == 0)
        #expect(obstacle(at: path("closed/file")) == "permission denied")
    }

    /// As `df -i` shows it; a file system without room for files cannot be made without being root.
    @Test func aFileSystemOutOfFilesIsNotAFullDisk() {
        func isOutOfFiles(_ files: Int, _ left: Int) -> Bool {
            var status = statvfs()
            status.f_files = .init(files)
            status.f_favail = .init(left)
            return hasNoRoomForFiles(status)
        }
        #expect(isOutOfFiles(8, 0))
        #expect(!isOutOfFiles(8, 1))
        #expect(!isOutOfFiles(0, 0), "a file system that does not count its files")
        #expect(systemReason(ENOSPC, isOutOfFiles: true) == "the file system has no room for another file")
        #expect(systemReason(ENOSPC, isOutOfFiles: false) == "the disk is full")
    }

    @Test func aLockIsHeldByOne() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("lock-\(UUID().uuidString)").path
        let lock = try HeldLock(path)
        #expect(HeldLock.isHeld(path))
        #expect(throws: HeldLock.Failure.isHeld) { try HeldLock(path) }
        lock.release()
        #expect(!HeldLock.isHeld(path) && !FileManager.default.fileExists(atPath: path))
        try HeldLock(path).release()
        #expect(throws: HeldLock.Failure.system(ENOENT)) { try HeldLock(path + "/none/lock") }
    }

    @Test func aWholeFileIsAFileOfLimitedSize() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("whole-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("file")
        try Data([1, 2, 3]).write(to: file)
        #expect(try WholeFile.read(file, limit: 3) == Data([1, 2, 3]))
        #expect(thrown { _ = try WholeFile.read(file, limit: 2) }.contains("more than the 2 bytes"))
        #expect(thrown { _ = try WholeFile.read(folder, limit: 9) } == "it is a folder")
        let pipe = folder.appendingPathComponent("pipe")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        #expect(thrown { _ = try WholeFile.read(pipe, limit: 9) }.contains("a pipe or a device"))
        let endless = URL(fileURLWithPath: "/dev/zero")
        #expect(thrown { _ = try WholeFile.read(endless, limit: 1 << 20, kind: .stream) }.contains("1048576 bytes"))
    }
}
