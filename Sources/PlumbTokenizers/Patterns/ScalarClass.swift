internal import PlumbBasics

/// What one place of a regular expression matches: a scalar, a class in brackets, a property.
struct ScalarClass: Sendable, Hashable {
    /// One part of a class; a class holds what any of its parts does.
    enum Item: Sendable, Hashable {
        case range(UInt32, UInt32)
        case categories(UInt32)
        case space
        case word
        /// `\w` inside brackets, where Oniguruma leaves out Latin-1's fractions and superscripts.
        case wordInBrackets
        case han
        case any
        indirect case not(Item)

        func contains(_ scalar: UInt32) -> Bool {
            switch self {
            case .range(let low, let high): scalar >= low && scalar <= high
            case .categories(let mask): mask & (1 << UInt32(GeneralCategory.standard[scalar])) != 0
            case .space: ScalarSet.isSpace(scalar)
            case .word: ScalarSet.words.contains(scalar)
            case .wordInBrackets: ScalarSet.words.contains(scalar) && !ScalarSet.isLatin1Number(scalar)
            case .han: ScalarSet.han.contains(scalar)
            case .any: true
            case .not(let item): !item.contains(scalar)
            }
        }
    }

    private let items: [Item]
    private let isNegated: Bool
    /// The answers for ASCII.
    private let ascii: (low: UInt64, high: UInt64)

    init(_ items: [Item], isNegated: Bool = false, ignoringCase: Bool = false) {
        var items = items
        if ignoringCase {
            // What folds to or from an ASCII letter: the other case, "ſ" (long s) and "K" (Kelvin sign).
            for scalar in UInt32(0x41)...0x5A {
                let (upper, lower) = (scalar, scalar + 32)
                guard items.contains(where: { $0.contains(upper) || $0.contains(lower) }) else { continue }
                items += [.range(upper, upper), .range(lower, lower)]
                if lower == 0x73 { items.append(.range(0x17F, 0x17F)) }
                if lower == 0x6B { items.append(.range(0x212A, 0x212A)) }
            }
        }
        self.items = items
        self.isNegated = isNegated
        var ascii: (low: UInt64, high: UInt64) = (0, 0)
        for scalar in UInt32(0)..<128 where items.contains(where: { $0.contains(scalar) }) != isNegated {
            if scalar < 64 { ascii.low |= 1 << UInt64(scalar) } else { ascii.high |= 1 << UInt64(scalar - 64) }
        }
        self.ascii = ascii
    }

    @inline(__always)
    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return ascii.low & (1 << UInt64(scalar)) != 0 }
        if scalar < 128 { return ascii.high & (1 << UInt64(scalar - 64)) != 0 }
        return items.contains { $0.contains(scalar) } != isNegated
    }

    static func == (a: ScalarClass, b: ScalarClass) -> Bool { a.items == b.items && a.isNegated == b.isNegated }

    func hash(into hasher: inout Hasher) {
        hasher.combine(items)
        hasher.combine(isNegated)
    }
}
