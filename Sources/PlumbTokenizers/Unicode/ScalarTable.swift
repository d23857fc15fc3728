/// One byte a Unicode scalar, in two levels: equal pages of 256 scalars are kept once.
struct ScalarTable: Sendable {
    /// For each 256 scalars the offset of their values; page 0 (with ASCII) is at offset 0.
    private let pages: [UInt32]
    private let values: [UInt8]

    /// A table of the values of all 0x110000 scalars.
    init(_ flat: [UInt8]) {
        var offsets: [ArraySlice<UInt8>: UInt32] = [:]
        var pages: [UInt32] = []
        var values: [UInt8] = []
        for start in stride(from: 0, to: flat.count, by: 256) {
            let page = flat[start..<start + 256]
            if let offset = offsets[page] {
                pages.append(offset)
            } else {
                let offset = UInt32(values.count)
                offsets[page] = offset
                pages.append(offset)
                values.append(contentsOf: page)
            }
        }
        self.pages = pages
        self.values = values
    }

    /// The value of a scalar, which must be below 0x110000.
    @inline(__always)
    subscript(scalar: UInt32) -> UInt8 {
        if scalar < 256 { return values[Int(scalar)] }
        return values[Int(pages[Int(scalar >> 8)] + scalar & 0xFF)]
    }
}
