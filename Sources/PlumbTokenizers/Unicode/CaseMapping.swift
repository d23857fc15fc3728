internal import PlumbBasics

/// Lower case scalar by scalar, from the repository's own table.
enum CaseMapping {
    /// What each scalar that changes becomes; only "İ" becomes two, the second being U+0307.
    private static let lower: [UInt32: UInt32] = {
        var table: [UInt32: UInt32] = [0x130: 0x69]
        var first: UInt32 = 0
        for index in stride(from: 0, to: lowercase.count - 3, by: 4) {
            first += lowercase[index]
            for step in 0..<lowercase[index + 1] {
                let scalar = first + step * lowercase[index + 2]
                table[scalar] = scalar &+ lowercase[index + 3] &- 65536
            }
        }
        return table
    }()

    /// Appends the scalar's lower case.
    @inline(__always)
    static func appendLower(_ scalar: UInt32, to result: inout [UInt8]) {
        if scalar < 0x80 {
            result.append(scalar >= 0x41 && scalar <= 0x5A ? UInt8(scalar + 32) : UInt8(scalar))
            return
        }
        result.append(utf8: lower[scalar] ?? scalar)
        if scalar == 0x130 { result.append(utf8: 0x307) }
    }
}
