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

    private let table: ScalarTable

    private init() {
        var flat = (0..<UInt32(0x110000)).map { scalar in
            switch GeneralCategory.standard[scalar] {
            case 1...5: Class.letter
            case 9...11: Class.number
            default: Class.other
            }
        }
        for (runs, value) in [(Self.spaces, Class.space), (Self.laterNumbers, Class.laterNumber)] {
            var next = 0
            for index in stride(from: 0, to: runs.count - 1, by: 2) {
                let start = next + Int(runs[index])
                next = start + Int(runs[index + 1])
                for scalar in start..<next { flat[scalar] = value }
            }
        }
        table = ScalarTable(flat)
    }

    /// The class of a scalar, which must be below 0x110000.
    @inline(__always)
    subscript(scalar: UInt32) -> UInt8 { table[scalar] }
}
