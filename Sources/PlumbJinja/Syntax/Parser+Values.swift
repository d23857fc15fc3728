// Values and what follows them: attributes, items, calls, filters and tests.
extension Parser {
    mutating func primary() throws -> Node {
        guard let token = current else { throw expected("a value") }
        place += 1
        switch token.kind {
        case .string(var text):
            while case .string(let more) = current?.kind {
                text += more
                place += 1
            }
            return try node(.literal(.string(text)))
        case .integer(let value): return try node(.literal(.integer(value)))
        case .real(let value): return try node(.literal(.real(value)))
        case .name("true"), .name("True"): return try node(.literal(.yes))
        case .name("false"), .name("False"): return try node(.literal(.no))
        case .name("none"), .name("None"): return try node(.literal(.none))
        case .name(let name):
            mentions.insert(name)
            return try node(.variable(name), line: token.line)
        case .symbol("("):
            let inner = try tuple(isClosed: true)
            try expect(symbol: ")")
            return inner
        case .symbol("["):
            let items = try list(closing: "]")
            return try node(.list(items), over: items.map(\.height).max() ?? 0, line: token.line)
        case .symbol("{"): return try dictionary(line: token.line)
        case .symbol:
            place -= 1
            throw expected("a value")
        }
    }

    private func expected(_ what: String) -> JinjaError {
        let found = if case .symbol(let symbol) = current?.kind { "\"\(symbol)\"" } else { "the end of the tag" }
        return JinjaError("\(what) should stand where \(found) is", line: current?.line ?? tagLine)
    }

    private mutating func list(closing: String) throws -> [Node] {
        var items: [Node] = []
        while !take(symbol: closing) {
            items.append(try expression())
            if !take(symbol: ",") {
                try expect(symbol: closing)
                break
            }
        }
        return items
    }

    private mutating func dictionary(line: Int) throws -> Node {
        var members: [(key: Node, value: Node)] = []
        var height = 0
        while !take(symbol: "}") {
            let key = try expression()
            try expect(symbol: ":")
            let value = try expression()
            members.append((key, value))
            height = max(height, key.height, value.height)
            if !take(symbol: ",") {
                try expect(symbol: "}")
                break
            }
        }
        return try node(.dictionary(members), over: height, line: line)
    }

    mutating func postfix(_ value: Node) throws -> Node {
        var value = value
        while true {
            let line = current?.line
            if take(symbol: ".") {
                if case .integer(let position) = current?.kind {
                    place += 1
                    let item = try node(.literal(.integer(position)))
                    value = try node(.item(value, item), over: value.height, line: line)
                } else {
                    value = try node(
                        .attribute(value, try name("an attribute")), over: value.height, line: line)
                }
            } else if take(symbol: "[") {
                value = try subscripted(value)
            } else if current?.kind == .symbol("(") {
                value = try call(value)
            } else {
                return value
            }
        }
    }

    private mutating func call(_ callee: Node) throws -> Node {
        let line = current?.line
        let arguments = try arguments()
        return try node(.call(callee, arguments), over: max(callee.height, arguments.height), line: line)
    }

    private mutating func subscripted(_ value: Node) throws -> Node {
        let line = current?.line
        guard current?.kind != .symbol(":") else { return try sliced(value, from: nil, line: line) }
        var index = try expression()
        if current?.kind == .symbol(":") { return try sliced(value, from: index, line: line) }
        var parts = [index]
        while take(symbol: ",") { parts.append(try expression()) }
        try expect(symbol: "]")
        if parts.count > 1 { index = try node(.tuple(parts), over: parts.map(\.height).max() ?? 0, line: line) }
        return try node(.item(value, index), over: max(value.height, index.height), line: line)
    }

    private mutating func sliced(_ value: Node, from start: Node?, line: Int?) throws -> Node {
        var bounds: [Node?] = [start]
        while bounds.count < 3, take(symbol: ":") {
            let isOpen = current?.kind == .symbol(":") || current?.kind == .symbol("]")
            bounds.append(isOpen ? nil : try expression())
        }
        try expect(symbol: "]")
        let step = bounds.count > 2 ? bounds[2] : nil
        let height = (bounds + [value]).reduce(0) { max($0, $1?.height ?? 0) }
        return try node(.slice(value, from: start, to: bounds[1], step: step), over: height, line: line)
    }

    private mutating func arguments() throws -> CallArguments {
        try expect(symbol: "(")
        var arguments = CallArguments()
        func check(_ isValid: Bool) throws {
            guard isValid else {
                throw JinjaError("the arguments of a call are out of order", line: current?.line ?? tagLine)
            }
        }
        while !take(symbol: ")") {
            if take(symbol: "*") {
                try check(arguments.spread == nil && arguments.spreadNamed == nil)
                arguments.spread = try expression()
            } else if take(symbol: "**") {
                try check(arguments.spreadNamed == nil)
                arguments.spreadNamed = try expression()
            } else if case .name(let name) = current?.kind, place + 1 < tokens.count,
                tokens[place + 1].kind == .symbol("=")
            {
                place += 2
                try check(arguments.spreadNamed == nil && !arguments.named.contains { $0.name == name })
                arguments.named.append((name, try expression()))
            } else {
                try check(arguments.named.isEmpty && arguments.spread == nil && arguments.spreadNamed == nil)
                arguments.positional.append(try expression())
            }
            if !take(symbol: ",") {
                try expect(symbol: ")")
                break
            }
        }
        return arguments
    }

    // MARK: - Filters and tests

    /// The filters and tests after a value; with `isOpen` the first filter's bar is left out, as in `filter` blocks.
    mutating func filters(of value: Node, isOpen: Bool = false) throws -> Node {
        var value = value
        var isOpen = isOpen
        while true {
            if isOpen || take(symbol: "|") {
                isOpen = false
                value = try filter(of: value)
            } else if take(name: "is") {
                value = try test(of: value)
            } else if current?.kind == .symbol("("), value.height > 1 {
                value = try call(value)
            } else {
                return value
            }
        }
    }

    private mutating func dotted(_ what: String) throws -> String {
        var name = try name(what)
        while take(symbol: ".") { name += "." + (try self.name(what)) }
        return name
    }

    private mutating func filter(of value: Node) throws -> Node {
        let line = current?.line ?? tagLine
        let name = try dotted("a filter's name")
        guard isBranch || Renderer.filterNames.contains(name) else {
            throw JinjaError("the filter \"\(name)\" is not known", line: line)
        }
        let arguments = current?.kind == .symbol("(") ? try arguments() : CallArguments()
        return try node(.filter(value, name, arguments), over: max(value.height, arguments.height), line: line)
    }

    private mutating func test(of value: Node) throws -> Node {
        let isNegated = take(name: "not")
        let line = current?.line ?? tagLine
        let name = try dotted("a test's name")
        guard isBranch || Renderer.testNames.contains(name) else {
            throw JinjaError("the test \"\(name)\" is not known", line: line)
        }
        var arguments = CallArguments()
        switch current?.kind {
        case .symbol("("): arguments = try self.arguments()
        case .name("is"): throw JinjaError("tests cannot be chained by \"is\"", line: line)
        case .name("else"), .name("or"), .name("and"): break
        case .name, .string, .integer, .real, .symbol("["), .symbol("{"):
            // Jinja2 takes any other name for an argument, even "if" and "in".
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let test = try node(
            .test(value, name, arguments), over: max(value.height, arguments.height), line: line)
        return isNegated ? try node(.not(test), over: test.height, line: line) : test
    }
}
