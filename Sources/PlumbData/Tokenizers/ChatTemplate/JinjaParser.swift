/// Puts a template's segments together to statements.
struct JinjaParser {
    private let segments: [JinjaSegment]
    private var index = 0
    private var depth = 0

    init(_ segments: [JinjaSegment]) {
        self.segments = segments
    }

    /// The whole template.
    mutating func template() throws(ChatTemplateError) -> [JinjaStatement] {
        let (body, end) = try statements(until: [])
        if let end { throw ChatTemplateError("\"\(end.name)\" without its beginning", line: end.line) }
        return body
    }

    /// A block tag that ends a list of statements, its name already read.
    private struct End {
        var name: String
        var line: Int
        var rest: JinjaExpressionParser
    }

    /// The statements up to a block tag of one of the names, or to the template's end.
    private mutating func statements(
        until ends: Set<String>
    ) throws(ChatTemplateError) -> (body: [JinjaStatement], end: End?) {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw ChatTemplateError("nested deeper than 100 blocks") }
        var body: [JinjaStatement] = []
        while index < segments.count {
            let segment = segments[index]
            index += 1
            switch segment.content {
            case .text(let text): body.append(JinjaStatement(kind: .text(text), line: segment.line))
            case .output(let tokens):
                var parser = JinjaExpressionParser(tokens, line: segment.line)
                let expression = try parser.expression()
                try parser.finish()
                body.append(JinjaStatement(kind: .output(expression), line: segment.line))
            case .block(let tokens):
                var parser = JinjaExpressionParser(tokens, line: segment.line)
                let name = try parser.name("a tag's name")
                if ends.contains(name) { return (body, End(name: name, line: segment.line, rest: parser)) }
                body.append(JinjaStatement(kind: try block(name, &parser), line: segment.line))
            }
        }
        return (body, nil)
    }

    private mutating func body(
        of name: String, until ends: Set<String>, line: Int
    ) throws(ChatTemplateError) -> (body: [JinjaStatement], end: End) {
        let (body, end) = try statements(until: ends)
        guard let end else { throw ChatTemplateError("\"\(name)\" has no end", line: line) }
        return (body, end)
    }

    private mutating func block(
        _ name: String, _ parser: inout JinjaExpressionParser
    ) throws(ChatTemplateError) -> JinjaStatement.Kind {
        switch name {
        case "for": return try loop(&parser)
        case "if": return try branch(&parser)
        case "set": return try set(&parser)
        case "generation":
            try parser.finish()
            return .group(try body(of: name, until: ["endgeneration"], line: parser.line).body)
        case "break", "continue":
            try parser.finish()
            return name == "break" ? .leaveLoop : .nextTurn
        case "else", "elif", "endfor", "endif", "endset", "endgeneration":
            throw ChatTemplateError("\"\(name)\" without its beginning", line: parser.line)
        default: throw ChatTemplateError("the tag \"\(name)\" is not known", line: parser.line)
        }
    }

    private mutating func loop(_ parser: inout JinjaExpressionParser) throws(ChatTemplateError) -> JinjaStatement.Kind {
        var targets = [try parser.name("a loop's variable")]
        while parser.take(symbol: ",") { targets.append(try parser.name("a loop's variable")) }
        try parser.expect(name: "in")
        let items = try parser.disjunction()
        let condition = parser.take(name: "if") ? try parser.expression() : nil
        if parser.take(name: "recursive") {
            throw ChatTemplateError("a \"recursive\" loop is not known", line: parser.line)
        }
        try parser.finish()
        let (turns, end) = try body(of: "for", until: ["endfor", "else"], line: parser.line)
        var otherwise: [JinjaStatement] = []
        if end.name == "else" { otherwise = try body(of: "for", until: ["endfor"], line: parser.line).body }
        return .loop(targets: targets, over: items, where: condition, body: turns, otherwise: otherwise)
    }

    private mutating func branch(
        _ parser: inout JinjaExpressionParser
    ) throws(ChatTemplateError) -> JinjaStatement.Kind {
        let line = parser.line
        var branches: [(condition: JinjaExpression, body: [JinjaStatement])] = []
        var head = parser
        while true {
            let condition = try head.expression()
            try head.finish()
            let (taken, end) = try body(of: "if", until: ["elif", "else", "endif"], line: line)
            branches.append((condition, taken))
            switch end.name {
            case "elif": head = end.rest
            case "else": return .branch(branches, otherwise: try body(of: "if", until: ["endif"], line: line).body)
            default: return .branch(branches, otherwise: [])
            }
        }
    }

    private mutating func set(_ parser: inout JinjaExpressionParser) throws(ChatTemplateError) -> JinjaStatement.Kind {
        let name = try parser.name("a variable")
        let attribute = parser.take(symbol: ".") ? try parser.name("an attribute") : nil
        if parser.take(symbol: "=") {
            let value = try parser.expression()
            try parser.finish()
            return .set(name, attribute: attribute, value)
        }
        try parser.finish()
        guard attribute == nil else {
            throw ChatTemplateError("a \"set\" block of an attribute is not known", line: parser.line)
        }
        return .capture(name, try body(of: "set", until: ["endset"], line: parser.line).body)
    }
}
