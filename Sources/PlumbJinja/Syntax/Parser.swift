/// Puts a template's stretches together to statements.
struct Parser {
    private static let deepestBlock = 60

    private let segments: [Segment]
    private var index = 0
    private var blocks = 0
    /// How many loops are around, for `break` and `continue`.
    private var loops = 0
    private var blockNames: Set<String> = []

    // Of the tag that is being read; the rest of them in Parser+Expressions.swift.
    var tokens: [Token] = []
    var place = 0
    var tagLine = 1
    var nesting = 0
    /// Where the tag has its last `if`.
    var lastCondition = -1
    /// Unknown filters and tests in a branch are refused only where the branch is taken, as Jinja2 does.
    var isBranch = false
    /// The variables named since the macro or loop that is being read began.
    var mentions: Set<String> = []

    init(_ segments: [Segment]) {
        self.segments = segments
    }

    /// The whole template.
    mutating func template() throws -> [Statement] {
        try statements(until: []).body
    }

    /// The statements up to a block tag of one of the names, whose rest is then to be read, or to the template's end.
    private mutating func statements(until ends: Set<String>) throws -> (body: [Statement], end: String) {
        blocks += 1
        defer { blocks -= 1 }
        guard blocks <= Self.deepestBlock else {
            throw JinjaError("blocks are nested deeper than \(Self.deepestBlock)", line: tagLine)
        }
        let opening = tagLine
        var body: [Statement] = []
        while index < segments.count {
            let segment = segments[index]
            index += 1
            switch segment.content {
            case .text(let text): body.append(Statement(kind: .text(text), line: segment.line))
            case .output(let tokens):
                open(tokens, line: segment.line)
                let node = try tuple()
                try finish()
                body.append(Statement(kind: .output(node), line: segment.line))
            case .block(let tokens):
                open(tokens, line: segment.line)
                let name = try name("a tag's name")
                if ends.contains(name) { return (body, name) }
                if let kind = try block(name) { body.append(Statement(kind: kind, line: segment.line)) }
            }
        }
        if let end = ends.sorted().first(where: { $0.hasPrefix("end") }) {
            throw JinjaError("\"\(end)\" is missing at the template's end", line: opening)
        }
        return (body, "")
    }

    private mutating func open(_ tokens: [Token], line: Int) {
        self.tokens = tokens
        place = 0
        tagLine = line
        lastCondition = tokens.lastIndex { $0.kind == .name("if") } ?? -1
    }

    /// The body of a block that ends with one tag.
    private mutating func body(until end: String) throws -> [Statement] {
        let body = try statements(until: [end]).body
        try finish()
        return body
    }

    private mutating func block(_ name: String) throws -> Statement.Kind? {
        switch name {
        case "for": return try loop()
        case "if": return try branch()
        case "set": return try set()
        case "macro":
            let name = try self.name("a macro's name")
            return .macro(try macro(name, until: "endmacro"))
        case "call": return try call()
        case "filter":
            let filters = try filters(of: try node(.captured), isOpen: true)
            try finish()
            return .filtered(filters, try body(until: "endfilter"))
        case "with": return try with()
        case "block": return try named()
        case "generation":
            try finish()
            return .block(try apart { parser in try parser.body(until: "endgeneration") }, isScoped: true)
        case "print":
            let node = try tuple()
            try finish()
            return .output(node)
        case "break", "continue":
            try finish()
            guard loops > 0 else { throw JinjaError("\"\(name)\" stands outside of a loop", line: tagLine) }
            return name == "break" ? .leaveLoop : .nextTurn
        case "include", "import", "from", "extends":
            throw JinjaError("\"\(name)\" is not known: a template is one text here", line: tagLine)
        case "else", "elif", "endfor", "endif", "endset", "endmacro", "endcall", "endfilter", "endwith", "endblock",
            "endgeneration", "endraw":
            throw JinjaError("\"\(name)\" without its beginning", line: tagLine)
        default: throw JinjaError("the tag \"\(name)\" is not known", line: tagLine)
        }
    }

    /// Reads a body that no `break` of a loop around it may leave.
    private mutating func apart<Result>(_ read: (inout Parser) throws -> Result) rethrows -> Result {
        let before = (loops, isBranch)
        loops = 0
        isBranch = false
        defer { (loops, isBranch) = before }
        return try read(&self)
    }

    private mutating func loop() throws -> Statement.Kind {
        if tokens[place...].prefix(while: { $0.kind != .name("in") }).contains(where: { $0.kind == .name("loop") }) {
            throw JinjaError("\"loop\" cannot be a loop's variable: it is the loop's own", line: tagLine)
        }
        let target = try target(mayBeAttribute: false)
        try expect(name: "in")
        let items = try tuple(isConditional: false, end: "recursive")
        let condition = take(name: "if") ? try expression() : nil
        let isRecursive = take(name: "recursive")
        try finish()
        let before = (mentions, isBranch)
        mentions = []
        isBranch = false
        loops += 1
        let (body, end) = try statements(until: ["endfor", "else"])
        loops -= 1
        let isWatched = mentions.contains("loop")
        mentions.formUnion(before.0)
        isBranch = before.1
        try finish()
        var otherwise: [Statement] = []
        if end == "else" {
            otherwise = try self.body(until: "endfor")
        }
        return .loop(
            Loop(
                target: target, items: items, condition: condition, isRecursive: isRecursive, body: body,
                otherwise: otherwise, isWatched: isWatched || isRecursive))
    }

    private mutating func branch() throws -> Statement.Kind {
        let wasBranch = isBranch
        isBranch = true
        defer { isBranch = wasBranch }
        var branches: [(condition: Node, body: [Statement])] = []
        while true {
            let condition = try tuple(isConditional: false)
            try finish()
            let (body, end) = try statements(until: ["elif", "else", "endif"])
            branches.append((condition, body))
            if end == "elif" { continue }
            try finish()
            guard end == "else" else { return .branch(branches, otherwise: []) }
            return .branch(branches, otherwise: try self.body(until: "endif"))
        }
    }

    private mutating func set() throws -> Statement.Kind {
        let target = try target(mayBeAttribute: true)
        if take(symbol: "=") {
            let value = try tuple()
            try finish()
            return .set(target, value)
        }
        let filters = try filters(of: try node(.captured))
        try finish()
        return .capture(target, filters, try body(until: "endset"))
    }

    private mutating func with() throws -> Statement.Kind {
        var values: [(target: Target, value: Node)] = []
        while place < tokens.count {
            if !values.isEmpty { try expect(symbol: ",") }
            let target = try target(mayBeAttribute: false, isSingle: true)
            try expect(symbol: "=")
            values.append((target, try expression()))
        }
        return .with(values, try body(until: "endwith"))
    }

    private mutating func named() throws -> Statement.Kind {
        let name = try name("a block's name")
        guard blockNames.insert(name).inserted else {
            throw JinjaError("the block \"\(name)\" is there twice", line: tagLine)
        }
        let isScoped = take(name: "scoped")
        guard !take(name: "required") else {
            throw JinjaError("a \"required\" block needs \"extends\", which is not known", line: tagLine)
        }
        try finish()
        let body = try apart { parser in
            let body = try parser.statements(until: ["endblock"]).body
            _ = parser.take(name: name)
            try parser.finish()
            return body
        }
        return .block(body, isScoped: isScoped)
    }

    private mutating func call() throws -> Statement.Kind {
        let parameters = current?.kind == .symbol("(") ? try signature() : []
        let node = try expression()
        guard case .call(let callee, let arguments) = node.kind else {
            throw JinjaError("\"call\" needs the call of a macro", line: tagLine)
        }
        try finish()
        return .call(callee, arguments, try macro("caller", parameters, until: "endcall"))
    }

    private mutating func macro(_ name: String, until end: String) throws -> Macro {
        let parameters = try signature()
        try finish()
        return try macro(name, parameters, until: end)
    }

    private mutating func macro(
        _ name: String, _ parameters: [(name: String, value: Node?)], until end: String
    ) throws -> Macro {
        let before = mentions
        mentions = []
        let body = try apart { parser in try parser.body(until: end) }
        let special = mentions.intersection(["caller", "varargs", "kwargs"])
        mentions.formUnion(before)
        return Macro(name: name, parameters: parameters, body: body, mentions: special)
    }

    private mutating func signature() throws -> [(name: String, value: Node?)] {
        try expect(symbol: "(")
        var parameters: [(name: String, value: Node?)] = []
        while !take(symbol: ")") {
            if !parameters.isEmpty { try expect(symbol: ",") }
            let name = try name("a parameter")
            guard !parameters.contains(where: { $0.name == name }) else {
                throw JinjaError("the parameter \"\(name)\" is there twice", line: tagLine)
            }
            let value = take(symbol: "=") ? try expression() : nil
            guard value != nil || parameters.last?.value == nil else {
                throw JinjaError("the parameter \"\(name)\" needs a default after one that has it", line: tagLine)
            }
            parameters.append((name, value))
        }
        return parameters
    }

    private mutating func target(mayBeAttribute: Bool, isSingle: Bool = false) throws -> Target {
        var targets: [Target] = []
        var isTuple = false
        repeat {
            if isTuple, current?.kind == .symbol("=") || current?.kind == .symbol(")") { break }
            targets.append(try singleTarget(mayBeAttribute))
            guard !isSingle, take(symbol: ",") else { break }
            isTuple = true
        } while true
        return isTuple ? .tuple(targets) : targets[0]
    }

    private mutating func singleTarget(_ mayBeAttribute: Bool) throws -> Target {
        if take(symbol: "(") {
            nesting += 1
            defer { nesting -= 1 }
            try checkNesting()
            let inner = try target(mayBeAttribute: mayBeAttribute)
            try expect(symbol: ")")
            return inner
        }
        let name = try name("a variable")
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw JinjaError("\"\(name)\" cannot be assigned to", line: tagLine)
        }
        if mayBeAttribute, take(symbol: ".") { return .attribute(of: name, try self.name("an attribute")) }
        return .name(name)
    }
}
