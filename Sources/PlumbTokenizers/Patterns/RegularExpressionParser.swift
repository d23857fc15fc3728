internal import PlumbBasics

/// Reads a regular expression into its tree.
struct RegularExpressionParser {
    typealias Node = RegularExpression.Node
    typealias Item = ScalarClass.Item

    private let scalars: [UInt32]
    private let source: String
    private var index = 0
    private var ignoresCase = false
    private var depth = 0

    init(_ source: String) {
        self.source = source
        scalars = source.unicodeScalars.map(\.value)
    }

    mutating func parse() throws(TokenizerError) -> Node {
        guard scalars.count <= 10_000 else { throw problem("of more than 10,000 characters") }
        let node = try choice()
        guard index == scalars.count else { throw problem("with a \")\" too many") }
        return node
    }

    private func problem(_ what: String) -> TokenizerError {
        TokenizerError("a regular expression \(what): \(visible(source, limit: 100))")
    }

    private func peek(_ offset: Int = 0) -> Character? {
        guard index + offset < scalars.count, let scalar = Unicode.Scalar(scalars[index + offset]) else { return nil }
        return Character(scalar)
    }

    private mutating func next() throws(TokenizerError) -> UInt32 {
        guard index < scalars.count else { throw problem("that ends too early") }
        index += 1
        return scalars[index - 1]
    }

    private mutating func skip(_ text: String) -> Bool {
        let expected = text.unicodeScalars.map(\.value)
        guard scalars[index...].starts(with: expected) else { return false }
        index += expected.count
        return true
    }

    private mutating func choice() throws(TokenizerError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 100 else { throw problem("with groups in groups more than 100 deep") }
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(TokenizerError) -> Node {
        var nodes: [Node] = []
        while let character = peek(), character != "|", character != ")" {
            guard let node = try piece() else {
                // "(?i)" holds to the end of the group, alternatives included.
                nodes.append(try choice())
                break
            }
            nodes.append(try repetitions(of: node))
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repetitions(of node: Node) throws(TokenizerError) -> Node {
        var node = node
        while let (minimum, maximum, isCounted) = try bounds() {
            switch node {
            case .at, .look: throw problem("that repeats a place")
            default: break
            }
            var kind = RegularExpression.Repetition.greedy
            if skip("?") {
                kind = .lazy
            } else if !isCounted, skip("+") {
                kind = .possessive
            }
            node = .repeated(node, minimum: minimum, maximum: maximum, kind)
        }
        return node
    }

    private mutating func bounds() throws(TokenizerError) -> (Int, Int, isCounted: Bool)? {
        if skip("*") { return (0, .max, false) }
        if skip("+") { return (1, .max, false) }
        if skip("?") { return (0, 1, false) }
        let start = index
        guard skip("{") else { return nil }
        let minimum = number()
        var maximum = minimum
        if skip(",") { maximum = number() ?? .max }
        guard skip("}"), minimum != nil || maximum != nil else {
            index = start
            return nil
        }
        guard minimum ?? 0 <= maximum ?? 0, minimum ?? 0 <= 1_000, maximum == .max || maximum ?? 0 <= 1_000 else {
            throw problem("with a repetition out of range")
        }
        return (minimum ?? 0, maximum ?? 0, true)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = peek()?.wholeNumberValue, peek()?.isASCII ?? false, value ?? 0 < 10_000 {
            value = (value ?? 0) * 10 + digit
            index += 1
        }
        return value
    }

    /// One thing that may be repeated; nil for flags that hold from here on.
    private mutating func piece() throws(TokenizerError) -> Node? {
        if skip("(") { return try group() }
        if skip("[") { return .one(try bracket()) }
        if skip(".") { return .one(ScalarClass([.not(.range(0x0A, 0x0A))])) }
        if skip("^") { return .at(.lineStart) }
        if skip("$") { return .at(.lineEnd) }
        if skip("\\") {
            for (name, place) in [
                ("A", RegularExpression.Place.textStart), ("z", .textEnd), ("Z", .textEndOrLine), ("b", .wordEdge),
                ("B", .notWordEdge),
            ] where skip(name) { return .at(place) }
            return try one([try escape()])
        }
        if let character = peek(), "*+?".contains(character) { throw problem("that repeats nothing") }
        let scalar = try next()
        return try one([.range(scalar, scalar)])
    }

    private func one(_ items: [Item], isNegated: Bool = false) throws(TokenizerError) -> Node {
        .one(try scalarClass(items, isNegated: isNegated))
    }

    private func scalarClass(_ items: [Item], isNegated: Bool) throws(TokenizerError) -> ScalarClass {
        if ignoresCase {
            for case .range(let low, let high) in items where high >= 0x80 && (low...high).contains(where: isCased) {
                throw problem("that ignores the case of letters outside ASCII")
            }
        }
        return ScalarClass(items, isNegated: isNegated, ignoringCase: ignoresCase)
    }

    private func isCased(_ scalar: UInt32) -> Bool {
        scalar >= 0x80 && [1, 2, 3].contains(GeneralCategory.standard[min(scalar, 0x10FFFF)])
    }

    private mutating func group() throws(TokenizerError) -> Node? {
        var wrap: (Node) -> Node = { $0 }
        let before = ignoresCase
        if skip("?") {
            if skip("=") {
                wrap = { .look($0, isBehind: false, isNegated: false) }
            } else if skip("!") {
                wrap = { .look($0, isBehind: false, isNegated: true) }
            } else if skip("<=") {
                wrap = { .look($0, isBehind: true, isNegated: false) }
            } else if skip("<!") {
                wrap = { .look($0, isBehind: true, isNegated: true) }
            } else if skip(">") {
                wrap = { .atomic($0) }
            } else if skip("i:") {
                ignoresCase = true
            } else if skip("-i:") {
                ignoresCase = false
            } else if skip("i)") {
                ignoresCase = true
                return nil
            } else if !skip(":") {
                let name = String(String.UnicodeScalarView(scalars[index...].prefix(3).compactMap(Unicode.Scalar.init)))
                throw problem("with a group \"(?\(visible(name))\" that is not known")
            }
        }
        defer { ignoresCase = before }
        let node = try choice()
        guard skip(")") else { throw problem("without the \")\" of a group") }
        return wrap(node)
    }
}

// MARK: - Classes

extension RegularExpressionParser {
    /// A class after its "[".
    private mutating func bracket() throws(TokenizerError) -> ScalarClass {
        let isNegated = skip("^")
        var items: [Item] = []
        var isFirst = true
        while isFirst || peek() != "]" {
            isFirst = false
            if peek() == "[" || (peek() == "&" && peek(1) == "&") {
                throw problem("with a class inside a class, which is not known")
            }
            let low = try member()
            if peek() == "-", peek(1) != "]", case .range(let start, let same) = low, start == same {
                index += 1
                guard case .range(let end, let last) = try member(), end == last, start <= end else {
                    throw problem("with a range that does not go upward")
                }
                items.append(.range(start, end))
            } else {
                items.append(low)
            }
        }
        index += 1
        return try scalarClass(items, isNegated: isNegated)
    }

    private mutating func member() throws(TokenizerError) -> Item {
        if skip("\\") {
            if skip("b") { return .range(8, 8) }
            switch try escape() {
            case .word: return .wordInBrackets
            case .not(.word): return .not(.wordInBrackets)
            case let item: return item
            }
        }
        let scalar = try next()
        return .range(scalar, scalar)
    }

    /// What follows a backslash.
    private mutating func escape() throws(TokenizerError) -> Item {
        let scalar = try next()
        guard let value = Unicode.Scalar(scalar), value.isASCII else { return .range(scalar, scalar) }
        switch Character(value) {
        case "n": return .range(0x0A, 0x0A)
        case "r": return .range(0x0D, 0x0D)
        case "t": return .range(0x09, 0x09)
        case "f": return .range(0x0C, 0x0C)
        case "v": return .range(0x0B, 0x0B)
        case "a": return .range(0x07, 0x07)
        case "e": return .range(0x1B, 0x1B)
        case "s": return .space
        case "S": return .not(.space)
        case "w": return .word
        case "W": return .not(.word)
        case "d": return .categories(GeneralCategory.mask(named: "Nd") ?? 0)
        case "D": return .not(.categories(GeneralCategory.mask(named: "Nd") ?? 0))
        case "x": return try hexadecimal(digits: 2)
        case "u": return try hexadecimal(digits: 4)
        case "p": return try property(isNegated: false)
        case "P": return try property(isNegated: true)
        case let character where character.isLetter || character.isNumber:
            throw problem("with an escape \"\\\(character)\" that is not known")
        default: return .range(scalar, scalar)
        }
    }

    private mutating func hexadecimal(digits: Int) throws(TokenizerError) -> Item {
        let isBraced = digits == 2 && skip("{")
        var value: UInt32 = 0
        var count = 0
        while count < (isBraced ? 8 : digits), let digit = peek()?.hexDigitValue, peek()?.isASCII ?? false {
            value = value << 4 | UInt32(digit)
            count += 1
            index += 1
        }
        guard count > 0, !isBraced || skip("}"), Unicode.Scalar(value) != nil else {
            throw problem("with an escape that is no number of a character")
        }
        return .range(value, value)
    }

    private mutating func property(isNegated: Bool) throws(TokenizerError) -> Item {
        guard skip("{") else { throw problem("with \\p without a name in braces") }
        let isNegated = skip("^") != isNegated
        var name = ""
        while peek() != "}" {
            guard let scalar = Unicode.Scalar(try next()), name.count < 40 else { throw problem("with a long name") }
            name.unicodeScalars.append(scalar)
        }
        index += 1
        let item: Item
        switch name {
        case "Han", "Script=Han": item = .han
        case "Any": item = .any
        case "Space", "White_Space": item = .space
        default:
            guard let mask = GeneralCategory.mask(named: name == "Letter" ? "L" : name == "Number" ? "N" : name) else {
                throw problem("with a property \"\(visible(name))\" that is not known")
            }
            item = .categories(mask)
        }
        return isNegated ? .not(item) : item
    }
}
