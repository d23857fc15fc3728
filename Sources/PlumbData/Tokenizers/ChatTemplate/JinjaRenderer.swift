/// Runs a template's statements.
///
/// A template comes with a model's files, so that its work is bounded: in statements, in list and text lengths.
struct JinjaRenderer {
    private(set) var output = ""
    private var scopes: [[String: JinjaValue]]
    private var namespaces: [[String: JinjaValue]] = []
    private var steps = 0
    /// The line of the statement that runs.
    private var line = 0

    private static let mostSteps = 2_000_000
    private static let longestText = 1 << 26
    /// As `transformers`' sandbox has it.
    private static let longestRange = 100_000

    private enum Flow {
        case on, leaveLoop, nextTurn
    }

    init(globals: [String: JinjaValue]) {
        scopes = [globals]
        for name in ["raise_exception", "namespace", "range", "dict"] { scopes[0][name] = .function(name) }
    }

    func error(_ problem: String) -> ChatTemplateError { ChatTemplateError(problem, line: line) }

    /// Runs a whole template.
    mutating func run(_ statements: [JinjaStatement]) throws(ChatTemplateError) {
        guard try flow(statements) == .on else { throw error("\"break\" and \"continue\" belong inside \"for\"") }
    }

    private mutating func step() throws(ChatTemplateError) {
        steps += 1
        guard steps <= Self.mostSteps, output.utf8.count <= Self.longestText else {
            throw error("it runs without end or writes more than \(Self.longestText) bytes")
        }
    }

    private mutating func flow(_ statements: [JinjaStatement]) throws(ChatTemplateError) -> Flow {
        for statement in statements {
            line = statement.line
            try step()
            switch statement.kind {
            case .text(let text): output += text
            case .output(let expression): output += try value(of: expression).text
            case .loop(let targets, let items, let condition, let body, let otherwise):
                let next = try loop(targets, items, condition, body, otherwise)
                if next != .on { return next }
            case .branch(let branches, let otherwise):
                let next = try flow(try chosen(branches, otherwise))
                if next != .on { return next }
            case .set(let name, let attribute, let expression): try set(name, attribute, try value(of: expression))
            case .capture(let name, let body):
                let before = output
                output = ""
                let next = try flow(body)
                scopes[scopes.count - 1][name] = .string(output)
                output = before
                if next != .on { return next }
            case .group(let body):
                let next = try flow(body)
                if next != .on { return next }
            case .leaveLoop: return .leaveLoop
            case .nextTurn: return .nextTurn
            }
        }
        return .on
    }

    private mutating func chosen(
        _ branches: [(condition: JinjaExpression, body: [JinjaStatement])], _ otherwise: [JinjaStatement]
    ) throws(ChatTemplateError) -> [JinjaStatement] {
        for branch in branches where try value(of: branch.condition).isTrue { return branch.body }
        return otherwise
    }

    private mutating func set(
        _ name: String, _ attribute: String?, _ value: JinjaValue
    ) throws(ChatTemplateError) {
        guard let attribute else {
            scopes[scopes.count - 1][name] = value
            return
        }
        let object = variable(name)
        guard case .namespace(let number) = object else {
            throw error("attributes can be set on a namespace only, and \"\(name)\" is \(object.kind)")
        }
        namespaces[number][attribute] = value
    }

    private mutating func loop(
        _ targets: [String], _ items: JinjaExpression, _ condition: JinjaExpression?, _ body: [JinjaStatement],
        _ otherwise: [JinjaStatement]
    ) throws(ChatTemplateError) -> Flow {
        var items = try list(try value(of: items))
        scopes.append([:])
        defer { scopes.removeLast() }
        if let condition {
            var kept: [JinjaValue] = []
            for item in items {
                try step()
                try bind(targets, to: item)
                if try value(of: condition).isTrue { kept.append(item) }
            }
            items = kept
        }
        if items.isEmpty { return try flow(otherwise) }
        for (index, item) in items.enumerated() {
            try step()
            scopes[scopes.count - 1] = ["loop": Self.loopState(index, items)]
            try bind(targets, to: item)
            if try flow(body) == .leaveLoop { break }
        }
        return .on
    }

    private mutating func bind(_ targets: [String], to item: JinjaValue) throws(ChatTemplateError) {
        if targets.count == 1 {
            scopes[scopes.count - 1][targets[0]] = item
            return
        }
        guard case .list(let parts) = item, parts.count == targets.count else {
            throw error("a loop over \(targets.count) variables needs lists of as many, not \(item.kind)")
        }
        for (target, part) in zip(targets, parts) { scopes[scopes.count - 1][target] = part }
    }

    private static func loopState(_ index: Int, _ items: [JinjaValue]) -> JinjaValue {
        let none = JinjaValue.undefined("loop.previtem")
        return .dictionary([
            ("index", .integer(index + 1)), ("index0", .integer(index)), ("first", .boolean(index == 0)),
            ("last", .boolean(index == items.count - 1)), ("length", .integer(items.count)),
            ("revindex", .integer(items.count - index)), ("revindex0", .integer(items.count - index - 1)),
            ("previtem", index > 0 ? items[index - 1] : none),
            ("nextitem", index + 1 < items.count ? items[index + 1] : .undefined("loop.nextitem")),
        ])
    }

    func variable(_ name: String) -> JinjaValue {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return .undefined(name)
    }

    /// The items a value is made of.
    func list(_ value: JinjaValue) throws(ChatTemplateError) -> [JinjaValue] {
        switch value {
        case .list(let items): return items
        case .dictionary(let members): return members.map { .string($0.key) }
        case .string(let text): return text.unicodeScalars.map { .string(String(Character($0))) }
        case .undefined: return []
        default: throw error("\(value.kind) has no items to go through")
        }
    }
}

// MARK: - Functions

extension JinjaRenderer {
    /// Calls one of the functions a template may name.
    mutating func call(_ name: String, _ arguments: JinjaArguments) throws(ChatTemplateError) -> JinjaValue {
        switch name {
        case "raise_exception":
            throw error("it refuses these messages: \(arguments.first?.text ?? "")")
        case "namespace":
            namespaces.append(Dictionary(arguments.named) { _, last in last })
            return .namespace(namespaces.count - 1)
        case "dict": return .dictionary(arguments.named.map { (key: $0.0, value: $0.1) })
        default: return try range(arguments)
        }
    }

    private func range(_ arguments: JinjaArguments) throws(ChatTemplateError) -> JinjaValue {
        let numbers = arguments.positional.compactMap(\.integer)
        guard numbers.count == arguments.positional.count, (1...3).contains(numbers.count) else {
            throw error("\"range\" takes one to three whole numbers")
        }
        let start = numbers.count > 1 ? numbers[0] : 0
        let end = numbers.count > 1 ? numbers[1] : numbers[0]
        let step = numbers.count > 2 ? numbers[2] : 1
        guard step != 0 else { throw error("\"range\" needs a step that is not 0") }
        var items: [JinjaValue] = []
        for value in stride(from: start, to: end, by: step) {
            guard items.count < Self.longestRange else {
                throw error("\"range\" is longer than \(Self.longestRange)")
            }
            items.append(.integer(value))
        }
        return .list(items)
    }

    func attribute(_ name: String, ofNamespace number: Int) -> JinjaValue {
        namespaces[number][name] ?? .undefined(name)
    }
}
