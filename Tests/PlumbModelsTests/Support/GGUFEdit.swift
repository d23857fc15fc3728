import Foundation

/// A GGUF file with more metadata than it had.
///
/// Entries stand in front of the others. A filling entry makes their length a multiple of 32, so that whatever follows
/// stays aligned.
struct GGUFEdit {
    private var entries = Data()
    private var count: UInt64 = 0

    mutating func add(_ key: String, _ value: UInt32) {
        add(key, type: 4, withUnsafeBytes(of: value.littleEndian) { Data($0) })
    }
    mutating func add(_ key: String, _ value: Float) {
        add(key, type: 6, withUnsafeBytes(of: value.bitPattern.littleEndian) { Data($0) })
    }
    mutating func add(_ key: String, _ value: String) { add(key, type: 8, text(value)) }

    private mutating func add(_ key: String, type: UInt32, _ value: Data) {
        entries += text(key) + withUnsafeBytes(of: type.littleEndian) { Data($0) } + value
        count += 1
    }

    private func text(_ string: String) -> Data {
        withUnsafeBytes(of: UInt64(string.utf8.count).littleEndian) { Data($0) } + Data(string.utf8)
    }

    /// `file` with the entries.
    func applied(to file: Data) -> Data {
        var edit = self
        let missing = (64 - (edit.entries.count + 8 + 7 + 4 + 8) % 32) % 32
        edit.add("filling", String(repeating: ".", count: missing))
        var result = file
        // Magic 4, version 4, tensors 8, entries 8.
        let known = file[16..<24].withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        result.replaceSubrange(16..<24, with: withUnsafeBytes(of: (known + edit.count).littleEndian) { Data($0) })
        result.insert(contentsOf: edit.entries, at: 24)
        return result
    }
}
