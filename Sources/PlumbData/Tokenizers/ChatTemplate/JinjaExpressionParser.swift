/// Reads expressions from a tag's tokens, by Jinja's precedence.
struct JinjaExpressionParser {
    let line: Int
    private let tokens: [JinjaToken]
    private var index = 0
    private var depth = 0
    private var links = 0

    init(_ tokens: [JinjaToken], line: Int) {
        self.tokens = tokens
        self.line = line
    }

    private var current: JinjaToken? { index < tokens.count ? tokens[index] : nil }

    private func unexpected(_ wanted: String) -> ChatTemplateError {
        let found =
            switch current {
            case .name(let name): "\"\(name)\""
            case .symbol(let symbol): "\"\(symbol)\""
            case .string(let text): "the string \"\(text)\""
            case .integer(let value): "\(value)"
            case .real(let value): "\(value)"
            case nil: "the end of the tag"
            }
        return ChatTemplateError("\(wanted) should stand where \(found) is", line: line)
    }

    mutating func take(symbol: String) -> Bool {
        guard current == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    mutating func take(name: String) -> Bool {
        guard current == .name(name) else { return false }
        index += 1
        return true
    }

    mutating func expect(symbol: String) throws(ChatTemplateError) {
        guard take(symbol: symbol) else { throw unexpected("\"\(symbol)\"") }
    }

    mutating func expect(name: String) throws(ChatTemplateError) {
        guard take(name: name) else { throw unexpected("\"\(name)\"") }
    }

    mutating func name(_ what: String) throws(ChatTemplateError) -> String {
        guard case .name(let name) = current else { throw unexpected(what) }
        index += 1
        return name
    }

    func finish() throws(ChatTemplateError) {
        guard index == tokens.count else { throw unexpected("the end of the tag") }
    }

    /// Counts an operator, filter or subscript that takes all before it as its operand: a chain of them becomes a tree
    /// as deep as the chain is long, which is walked by recursion.
    private mutating func link() throws(ChatTemplateError) {
        links += 1
        guard links <= 500 else { throw ChatTemplateError("a tag chains more than 500 operations", line: line) }
    }

    /// `a if b else c`, and all that binds tighter.
    mutating func expression() throws(ChatTemplateError) -> JinjaExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth < 60 else { throw ChatTemplateError("nested deeper than 60 expressions", line: line) }
        var result = try disjunction()
        while take(name: "if") {
            try link()
            let condition = try disjunction()
            let otherwise = take(name: "else") ? try expression() : nil
            result = .conditional(condition, then: result, otherwise: otherwise)
        }
        return result
    }

    mutating func disjunction() throws(ChatTemplateError) -> JinjaExpression {
        var left = try conjunction()
        while take(name: "or") {
            try link()
            left = .binary("or", left, try conjunction())
        }
        return left
    }

    private mutating func conjunction() throws(ChatTemplateError) -> JinjaExpression {
        var left = try negation()
        while take(name: "and") {
            try link()
            left = .binary("and", left, try negation())
        }
        return left
    }

    private mutating func negation() throws(ChatTemplateError) -> JinjaExpression {
        var isNegated = false
        while take(name: "not") { isNegated.toggle() }
        let operand = try comparison()
        return isNegated ? .not(operand) : operand
    }

    private mutating func comparison() throws(ChatTemplateError) -> JinjaExpression {
        let first = try sum()
        var left = first
        var result: JinjaExpression?
        while let comparison = takeComparison() {
            try link()
            let right = try sum()
            let next = JinjaExpression.binary(comparison, left, right)
            result = result.map { .binary("and", $0, next) } ?? next
            left = right
        }
        return result ?? first
    }

    private mutating func takeComparison() -> String? {
        for symbol in ["==", "!=", "<=", ">=", "<", ">"] where take(symbol: symbol) { return symbol }
        if take(name: "in") { return "in" }
        guard current == .name("not"), index + 1 < tokens.count, tokens[index + 1] == .name("in") else { return nil }
        index += 2
        return "not in"
    }

    private mutating func sum() throws(ChatTemplateError) -> JinjaExpression {
        var left = try concatenation()
        while true {
            guard let symbol = ["+", "-"].first(where: { current == .symbol($0) }) else { return left }
            index += 1
            try link()
            left = .binary(symbol, left, try concatenation())
        }
    }

    private mutating func concatenation() throws(ChatTemplateError) -> JinjaExpression {
        var left = try product()
        while take(symbol: "~") {
            try link()
            left = .binary("~", left, try product())
        }
        return left
    }

    private mutating func product() throws(ChatTemplateError) -> JinjaExpression {
        var left = try unary()
        while let symbol = ["*", "//", "/", "%"].first(where: { current == .symbol($0) }) {
            index += 1
            try link()
            left = .binary(symbol, left, try unary())
        }
        if current == .symbol("**") { throw ChatTemplateError("the operator \"**\" is not known", line: line) }
        return left
    }

    private mutating func unary() throws(ChatTemplateError) -> JinjaExpression {
        var isNegative = false
        while true {
            if take(symbol: "-") {
                isNegative.toggle()
            } else if !take(symbol: "+") {
                break
            }
        }
        // Filters and tests bind tighter than arithmetic but looser than a sign, as in Jinja.
        let operand = try postfix(primary())
        return try filters(of: isNegative ? .minus(operand) : operand)
    }

    private mutating func primary() throws(ChatTemplateError) -> JinjaExpression {
        guard let token = current else { throw unexpected("a value") }
        index += 1
        switch token {
        case .string(var text):
            while case .string(let more) = current {
                text += more
                index += 1
            }
            return .literal(.string(text))
        case .integer(let value): return .literal(.integer(value))
        case .real(let value): return .literal(.real(value))
        case .name("true"), .name("True"): return .literal(.boolean(true))
        case .name("false"), .name("False"): return .literal(.boolean(false))
        case .name("none"), .name("None"): return .literal(.none)
        case .name(let name): return .variable(name)
        case .symbol("("): return try parenthesis()
        case .symbol("["): return .list(try items(closing: "]"))
        case .symbol("{"): return try dictionary()
        case .symbol:
            index -= 1
            throw unexpected("a value")
        }
    }

    private mutating func parenthesis() throws(ChatTemplateError) -> JinjaExpression {
        if take(symbol: ")") { return .list([]) }
        let first = try expression()
        guard take(symbol: ",") else {
            try expect(symbol: ")")
            return first
        }
        return .list([first] + (try items(closing: ")")))
    }

    private mutating func items(closing: String) throws(ChatTemplateError) -> [JinjaExpression] {
        var items: [JinjaExpression] = []
        while !take(symbol: closing) {
            items.append(try expression())
            if !take(symbol: ",") {
                try expect(symbol: closing)
                break
            }
        }
        return items
    }

    private mutating func dictionary() throws(ChatTemplateError) -> JinjaExpression {
        var members: [(key: JinjaExpression, value: JinjaExpression)] = []
        while !take(symbol: "}") {
            let key = try expression()
            try expect(symbol: ":")
            members.append((key, try expression()))
            if !take(symbol: ",") {
                try expect(symbol: "}")
                break
            }
        }
        return .dictionary(members)
    }
}

// MARK: - What follows a value

extension JinjaExpressionParser {
    private mutating func postfix(_ value: JinjaExpression) throws(ChatTemplateError) -> JinjaExpression {
        var value = value
        while true {
            if take(symbol: ".") {
                try link()
                if case .integer(let position) = current {
                    index += 1
                    value = .item(value, .literal(.integer(position)))
                } else {
                    value = .attribute(value, try name("an attribute"))
                }
            } else if take(symbol: "[") {
                try link()
                value = try subscripted(value)
            } else if take(symbol: "(") {
                try link()
                value = .call(value, try arguments())
            } else {
                return value
            }
        }
    }

    private mutating func subscripted(_ value: JinjaExpression) throws(ChatTemplateError) -> JinjaExpression {
        var bounds: [JinjaExpression?] = [nil]
        while !take(symbol: "]") {
            if take(symbol: ":") {
                bounds.append(nil)
            } else if bounds[bounds.count - 1] == nil {
                bounds[bounds.count - 1] = try expression()
            } else {
                throw unexpected("\"]\"")
            }
        }
        guard bounds.count > 1 else {
            guard let item = bounds[0] else { throw unexpected("an index") }
            return .item(value, item)
        }
        guard bounds.count <= 3 else { throw ChatTemplateError("a slice has at most three parts", line: line) }
        return .slice(value, from: bounds[0], to: bounds[1], step: bounds.count > 2 ? bounds[2] : nil)
    }

    private mutating func arguments() throws(ChatTemplateError) -> [JinjaArgument] {
        var arguments: [JinjaArgument] = []
        while !take(symbol: ")") {
            if case .name(let name) = current, index + 1 < tokens.count, tokens[index + 1] == .symbol("=") {
                index += 2
                arguments.append(JinjaArgument(name: name, value: try expression()))
            } else {
                arguments.append(JinjaArgument(name: nil, value: try expression()))
            }
            if !take(symbol: ",") {
                try expect(symbol: ")")
                break
            }
        }
        return arguments
    }

    private mutating func filters(of value: JinjaExpression) throws(ChatTemplateError) -> JinjaExpression {
        var value = value
        while true {
            if take(symbol: "|") {
                try link()
                let name = try name("a filter")
                value = .filter(value, name, take(symbol: "(") ? try arguments() : [])
            } else if take(name: "is") {
                try link()
                let isNegated = take(name: "not")
                let name = try name("a test")
                value = .test(value, name, try testArguments(), isNegated: isNegated)
            } else {
                return value
            }
        }
    }

    /// A test's arguments, which may stand without parentheses (`is divisibleby 2`).
    private mutating func testArguments() throws(ChatTemplateError) -> [JinjaArgument] {
        if take(symbol: "(") { return try arguments() }
        switch current {
        case .integer, .string, .real: return [JinjaArgument(name: nil, value: try postfix(primary()))]
        case .name(let name) where !["and", "or", "not", "if", "else", "is", "in"].contains(name):
            return [JinjaArgument(name: nil, value: try postfix(primary()))]
        default: return []
        }
    }
}
