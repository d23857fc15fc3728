// Expressions by Jinja's precedence, from what binds least to what binds most.
extension Parser {
    private static let deepestExpression = 50

    var current: Token? { place < tokens.count ? tokens[place] : nil }
    private var line: Int { current?.line ?? tagLine }

    private func unexpected(_ expected: String) -> JinjaError {
        let found =
            switch current?.kind {
            case .name(let name): "\"\(name)\""
            case .symbol(let symbol): "\"\(symbol)\""
            case .string(let text): "the string \"\(text.prefix(40))\""
            case .integer(let value): "\(value)"
            case .real(let value): "\(value)"
            case nil: "the end of the tag"
            }
        return JinjaError("\(expected) should stand where \(found) is", line: line)
    }

    mutating func take(symbol: String) -> Bool {
        guard current?.kind == .symbol(symbol) else { return false }
        place += 1
        return true
    }

    mutating func take(name: String) -> Bool {
        guard current?.kind == .name(name) else { return false }
        place += 1
        return true
    }

    private mutating func take(oneOf symbols: [String]) -> String? {
        guard case .symbol(let symbol) = current?.kind, symbols.contains(symbol) else { return nil }
        place += 1
        return symbol
    }

    mutating func expect(symbol: String) throws {
        guard take(symbol: symbol) else { throw unexpected("\"\(symbol)\"") }
    }

    mutating func expect(name: String) throws {
        guard take(name: name) else { throw unexpected("\"\(name)\"") }
    }

    mutating func name(_ what: String) throws -> String {
        guard case .name(let name) = current?.kind else { throw unexpected(what) }
        place += 1
        return name
    }

    func finish() throws {
        guard place == tokens.count else { throw unexpected("the end of the tag") }
    }

    func checkNesting() throws {
        guard nesting <= Self.deepestExpression else {
            throw JinjaError("expressions are nested deeper than \(Self.deepestExpression)", line: line)
        }
    }

    func node(_ kind: Node.Kind, over height: Int = 0, line: Int? = nil) throws -> Node {
        guard height < Node.tallest else {
            throw JinjaError("a tag chains or nests more than \(Node.tallest) operations", line: line ?? self.line)
        }
        return Node(kind, line: line ?? self.line, height: height + 1)
    }

    private func node(_ kind: Node.Kind, _ parts: [Node?], line: Int? = nil) throws -> Node {
        try node(kind, over: parts.reduce(0) { max($0, $1?.height ?? 0) }, line: line)
    }

    /// Expressions with commas between them, which need no parentheses; `end` is a name that ends them after a comma.
    mutating func tuple(isConditional: Bool = true, end: String? = nil, isClosed: Bool = false) throws -> Node {
        let line = line
        var parts: [Node] = []
        var isTuple = false
        while true {
            if place == tokens.count || current?.kind == .symbol(")")
                || end.map({ current?.kind == .name($0) }) ?? false
            {
                break
            }
            parts.append(try expression(isConditional: isConditional))
            guard take(symbol: ",") else { break }
            isTuple = true
        }
        if !isTuple, let only = parts.first { return only }
        guard isTuple || isClosed else { throw unexpected("an expression") }
        return try node(.tuple(parts), parts, line: line)
    }

    /// `a if b else c`, and all that binds tighter.
    mutating func expression(isConditional: Bool = true) throws -> Node {
        nesting += 1
        defer { nesting -= 1 }
        try checkNesting()
        let wasBranch = isBranch
        defer { isBranch = wasBranch }
        if isConditional, hasConditionalAhead { isBranch = true }
        var result = try disjunction()
        while isConditional, take(name: "if") {
            isBranch = true
            let condition = try disjunction()
            let otherwise = take(name: "else") ? try expression() : nil
            result = try node(
                .conditional(condition, then: result, otherwise: otherwise), [condition, result, otherwise])
        }
        return result
    }

    /// Whether an `if` follows in this tag, so that what precedes it may never be evaluated.
    private var hasConditionalAhead: Bool {
        place <= lastCondition
    }

    private mutating func disjunction() throws -> Node {
        var left = try conjunction()
        while take(name: "or") {
            let right = try conjunction()
            left = try node(.or(left, right), [left, right])
        }
        return left
    }

    private mutating func conjunction() throws -> Node {
        var left = try negation()
        while take(name: "and") {
            let right = try negation()
            left = try node(.and(left, right), [left, right])
        }
        return left
    }

    private mutating func negation() throws -> Node {
        var count = 0
        while take(name: "not") { count += 1 }
        var operand = try comparison()
        for _ in 0..<(count == 0 ? 0 : 2 - count % 2) { operand = try node(.not(operand), [operand]) }
        return operand
    }

    private mutating func comparison() throws -> Node {
        let first = try sum()
        let line = line
        var rest: [(operation: String, operand: Node)] = []
        while let operation = takeComparison() { rest.append((operation, try sum())) }
        return rest.isEmpty ? first : try node(.comparison(first, rest), [first] + rest.map(\.operand), line: line)
    }

    private mutating func takeComparison() -> String? {
        if let symbol = take(oneOf: ["==", "!=", "<=", ">=", "<", ">"]) { return symbol }
        if take(name: "in") { return "in" }
        guard current?.kind == .name("not"), place + 1 < tokens.count, tokens[place + 1].kind == .name("in") else {
            return nil
        }
        place += 2
        return "not in"
    }

    private mutating func sum() throws -> Node {
        var left = try concatenation()
        while let symbol = take(oneOf: ["+", "-"]) {
            let right = try concatenation()
            left = try node(.binary(symbol, left, right), [left, right])
        }
        return left
    }

    private mutating func concatenation() throws -> Node {
        var parts = [try product()]
        let line = line
        while take(symbol: "~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try node(.concatenation(parts), parts, line: line)
    }

    private mutating func product() throws -> Node {
        var left = try power()
        while let symbol = take(oneOf: ["*", "/", "//", "%"]) {
            let right = try power()
            left = try node(.binary(symbol, left, right), [left, right])
        }
        return left
    }

    private mutating func power() throws -> Node {
        var left = try unary()
        while take(symbol: "**") {
            let right = try unary()
            left = try node(.binary("**", left, right), [left, right])
        }
        return left
    }

    /// Filters and tests bind tighter than arithmetic but looser than a sign.
    private mutating func unary() throws -> Node {
        var signs: [String] = []
        while let sign = take(oneOf: ["+", "-"]) { signs.append(sign) }
        var operand = try postfix(try primary())
        for sign in signs.reversed() {
            operand = try node(sign == "-" ? .negative(operand) : .positive(operand), [operand])
        }
        return try filters(of: operand)
    }
}
