internal import PlumbBasics

/// The four normalization forms of Unicode as Hugging Face's library has them.
///
/// The tables are the library's, so that ids depend neither on the operating system nor on the toolchain.
///
/// Source: Unicode Standard Annex 15, Unicode Normalization Forms.
struct UnicodeNormalization: Sendable {
    /// Decomposed or composed, and with characters that only look different made equal (compatibility) or not.
    enum Form: String, Sendable, Hashable {
        case nfc = "NFC"
        case nfd = "NFD"
        case nfkc = "NFKC"
        case nfkd = "NFKD"

        fileprivate var composes: Bool { self == .nfc || self == .nfkc }
        fileprivate var isCompatible: Bool { self == .nfkc || self == .nfkd }
    }

    /// The tables; made at first use.
    static let standard = UnicodeNormalization()

    /// Where a scalar's parts are; bit 0 of the page table's entries marks scalars that need any work.
    private var parts: [UInt32: Range<Int>] = [:]
    private var flat: [UInt32] = []
    private var composites: [UInt64: UInt32] = [:]
    /// What a scalar becomes in the forms of compatibility, where that differs.
    private var compatible: [UInt32: [UInt32]] = [:]
    private var classes: [UInt32: UInt8] = [:]
    /// One bit a scalar: whether it may change, or change what is before it.
    private var unstable = [UInt64](repeating: 0, count: 0x110000 / 64)

    private enum Hangul {
        static let syllables: UInt32 = 0xAC00
        static let leading: UInt32 = 0x1100
        static let vowels: UInt32 = 0x1161
        static let trailing: UInt32 = 0x11A7
        static let vowelCount: UInt32 = 21
        static let trailingCount: UInt32 = 28
        static let syllableCount: UInt32 = 19 * 21 * 28
    }

    private init() {
        var next: UInt32 = 0
        for index in stride(from: 0, to: Self.classRuns.count - 2, by: 3) {
            let start = next + Self.classRuns[index]
            next = start + Self.classRuns[index + 1]
            for scalar in start..<next {
                classes[scalar] = UInt8(truncatingIfNeeded: Self.classRuns[index + 2])
                mark(scalar)
            }
        }
        var scalar: UInt32 = 0
        var index = 0
        while index + 1 < Self.decompositions.count {
            scalar += Self.decompositions[index]
            let count = Int(Self.decompositions[index + 1] / 2)
            let composes = Self.decompositions[index + 1] % 2 == 1
            let values = Self.decompositions[index + 2..<index + 2 + count]
            parts[scalar] = flat.count..<flat.count + count
            flat.append(contentsOf: values)
            index += 2 + count
            if composes, let first = values.first, let second = values.last {
                composites[UInt64(first) << 32 | UInt64(second)] = scalar
                mark(second)
            } else {
                mark(scalar)
            }
        }
        scalar = 0
        index = 0
        while index + 1 < Self.compatibility.count {
            scalar += Self.compatibility[index]
            let end = index + 2 + Int(Self.compatibility[index + 1])
            compatible[scalar] = Array(Self.compatibility[index + 2..<end])
            index = end
        }
        for vowel in Hangul.vowels..<Hangul.vowels + Hangul.vowelCount { mark(vowel) }
        for trailing in Hangul.trailing + 1..<Hangul.trailing + Hangul.trailingCount { mark(trailing) }
    }

    /// The text in a normalization form; nil where nothing changes.
    ///
    /// - Complexity: O(*n*), and O(*m* log *m*) in marks that follow each other.
    func normalized(_ text: UnsafeBufferPointer<UInt8>, _ form: Form) -> [UInt8]? {
        if form == .nfc { return composed(text) }
        // ASCII does not change.
        guard text.contains(where: { $0 >= 0x80 }) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var segment: [UInt32] = []
        func flush() {
            for value in form.composes ? compose(segment) : order(segment) { result.append(utf8: value) }
            segment.removeAll(keepingCapacity: true)
        }
        var index = 0
        while index < text.count {
            let (value, length) = UTF8Scalar.decode(text, at: index, end: text.count)
            if value == 0xFFFD, length == 1 {
                flush()
                result.append(text[index])
                index += 1
                continue
            }
            if form.isCompatible, let parts = compatible[value] {
                segment.append(contentsOf: parts)
            } else if value < 0xC0 {
                // Nothing before it composes with it.
                flush()
                segment.append(value)
            } else {
                decompose(value, into: &segment)
            }
            index += length
        }
        flush()
        return result
    }

    private mutating func mark(_ scalar: UInt32) {
        unstable[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63)
    }

    @inline(__always)
    private func isStable(_ scalar: UInt32) -> Bool {
        unstable[Int(scalar >> 6)] & (1 << UInt64(scalar & 63)) == 0
    }

    /// The text composed; nil where nothing changes.
    ///
    /// - Complexity: O(*n*), and O(*m* log *m*) in marks that follow each other.
    func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Below U+0300 (0xCC 0x80) nothing changes.
        guard text.contains(where: { $0 >= 0xCC }) else { return nil }
        var result: [UInt8] = []
        var copied = 0
        var starter = 0
        var index = 0
        while index < text.count {
            let (value, length) = UTF8Scalar.decode(text, at: index, end: text.count)
            if isStable(value) {
                starter = index
                index += length
                continue
            }
            // From the last scalar that stands by itself to the next one.
            var segment: [UInt32] = []
            let start = max(starter, copied)
            index = start
            while index < text.count {
                let (value, length) = UTF8Scalar.decode(text, at: index, end: text.count)
                if index > start, isStable(value) { break }
                decompose(value, into: &segment)
                index += length
            }
            if result.isEmpty { result.reserveCapacity(text.count) }
            result.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<start]))
            for value in compose(segment) { result.append(utf8: value) }
            copied = index
            starter = index
        }
        guard copied > 0 else { return nil }
        result.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
        return result
    }

    private func decompose(_ value: UInt32, into result: inout [UInt32]) {
        if value >= Hangul.syllables, value < Hangul.syllables + Hangul.syllableCount {
            let offset = value - Hangul.syllables
            let leading = offset / (Hangul.vowelCount * Hangul.trailingCount)
            result.append(Hangul.leading + leading)
            result.append(Hangul.vowels + offset / Hangul.trailingCount % Hangul.vowelCount)
            let trailing = offset % Hangul.trailingCount
            if trailing > 0 { result.append(Hangul.trailing + trailing) }
        } else if let range = parts[value] {
            for index in range { decompose(flat[index], into: &result) }
        } else {
            result.append(value)
        }
    }

    /// Orders marks by class and composes what composes.
    private func compose(_ segment: [UInt32]) -> [UInt32] {
        let ordered = order(segment)
        var result: [UInt32] = []
        var starter = -1
        var last: UInt8 = 0
        for value in ordered {
            let order = classes[value] ?? 0
            if starter >= 0, starter == result.count - 1 || last < order,
                let composite = composite(result[starter], value)
            {
                result[starter] = composite
                continue
            }
            if order == 0 { starter = result.count }
            last = order
            result.append(value)
        }
        return result
    }

    private func order(_ segment: [UInt32]) -> [UInt32] {
        var keys: [(order: UInt64, value: UInt32)] = []
        var run: UInt64 = 0
        var isSorted = true
        for (index, value) in segment.enumerated() {
            let order = UInt64(classes[value] ?? 0)
            if order == 0 { run += 1 }
            let key = run << 40 | order << 32 | UInt64(index)
            if let last = keys.last, last.order > key { isSorted = false }
            keys.append((key, value))
        }
        return isSorted ? segment : keys.sorted { $0.order < $1.order }.map(\.value)
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        let leading = first &- Hangul.leading
        let vowel = second &- Hangul.vowels
        if leading < 19, vowel < Hangul.vowelCount {
            return Hangul.syllables + (leading * Hangul.vowelCount + vowel) * Hangul.trailingCount
        }
        let syllable = first &- Hangul.syllables
        let trailing = second &- Hangul.trailing
        if syllable < Hangul.syllableCount, syllable % Hangul.trailingCount == 0, trailing > 0,
            trailing < Hangul.trailingCount
        {
            return first + trailing
        }
        return composites[UInt64(first) << 32 | UInt64(second)]
    }
}
