/// The classes of Unicode scalars that pre-tokenizers tell apart, in two-level tables of one byte a scalar.
struct CharacterClasses: Sendable {
    /// What a pre-tokenizer's pattern sees in a scalar.
    enum Class {
        static let other: UInt8 = 0
        static let letter: UInt8 = 1
        static let number: UInt8 = 2
        static let space: UInt8 = 3
        /// A number to ``PreTokenizer/Step/digits(individual:)`` and nothing in particular to the patterns.
        static let laterNumber: UInt8 = 4
    }

    /// The tables as Hugging Face's library has them; made at first use.
    static let standard = CharacterClasses()

    /// For each 256 scalars the offset of their classes; page 0 (with ASCII) is at offset 0.
    private let pages: [UInt32]
    private let classes: [UInt8]

    private init() {
        var flat = [UInt8](repeating: Class.other, count: 0x110000)
        for (runs, value) in [
            (Self.letters, Class.letter), (Self.numbers, Class.number), (Self.spaces, Class.space),
            (Self.laterNumbers, Class.laterNumber),
        ] {
            var next = 0
            for index in stride(from: 0, to: runs.count - 1, by: 2) {
                let start = next + Int(runs[index])
                next = start + Int(runs[index + 1])
                for scalar in start..<next { flat[scalar] = value }
            }
        }
        var offsets: [ArraySlice<UInt8>: UInt32] = [:]
        var pages: [UInt32] = []
        var classes: [UInt8] = []
        for start in stride(from: 0, to: flat.count, by: 256) {
            let page = flat[start..<start + 256]
            if let offset = offsets[page] {
                pages.append(offset)
            } else {
                let offset = UInt32(classes.count)
                offsets[page] = offset
                pages.append(offset)
                classes.append(contentsOf: page)
            }
        }
        self.pages = pages
        self.classes = classes
    }

    /// The class of a scalar, which must be below 0x110000.
    @inline(__always)
    subscript(scalar: UInt32) -> UInt8 {
        if scalar < 256 { return classes[Int(scalar)] }
        return classes[Int(pages[Int(scalar >> 8)] + scalar & 0xFF)]
    }
}
