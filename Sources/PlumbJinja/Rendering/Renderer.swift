import Foundation

/// Runs the statements of a template.
final class Renderer {
    /// Calls of macros and recursive loops within each other.
    static let deepestCall = 60
    /// Statements and expressions within each other, over all calls.
    static let deepestWalk = 600

    let budget = Budget()
    let now: Date
    var isDateAsked = false
    /// The line of what runs at present.
    var line = 1
    private(set) var output = ""
    var scope = Scope(around: nil)
    var calls = 0
    var walk = 0
    /// The text that the filters of a block are applied to.
    var captured = Value.none

    // What changes while a template runs; values refer to it by number.
    var namespaces: [Namespace] = []
    var macros: [(macro: Macro, scope: Scope)] = []
    var loops: [LoopState] = []
    var iterators: [Iterator] = []
    var cyclers: [(items: [Value], place: Int)] = []
    var joiners: [(separator: Value, isUsed: Bool)] = []

    init(now: Date) {
        self.now = now
    }

    enum Flow {
        case on, leaveLoop, nextTurn
    }

    /// Variables of a block; what is set in a block is gone after it.
    final class Scope {
        var names: [String: Value] = [:]
        let around: Scope?

        init(around: Scope?) {
            self.around = around
        }
    }

    /// Attributes that `set` may change.
    struct Namespace {
        var names: [Value] = []
        var values: [Value] = []
    }

    /// Items that are gone through once.
    struct Iterator {
        var items: [Value]
        var place = 0
        /// What went wrong at the item after the last, for whoever gets that far.
        var failure: Problem?
    }

    func run(_ statements: [Statement], with context: [String: JinjaValue]) throws {
        for (name, value) in context { scope.names[name] = try self.value(value, depth: 0) }
        scope = Scope(around: scope)
        let root = scope
        guard try flow(statements) == .on else { throw Problem("\"break\" and \"continue\" belong inside \"for\"") }
        scope = root
    }

    private func value(_ value: JinjaValue, depth: Int32) throws -> Value {
        try budget.spend()
        guard depth < Budget.deepest else { throw Problem("the context is nested deeper than \(Budget.deepest)") }
        switch value {
        case .none: return .none
        case .boolean(let value): return .boolean(value)
        case .integer(let value): return .integer(value)
        case .real(let value): return .real(value)
        case .string(let text):
            try budget.text(text.utf8.count)
            return .string(text)
        case .list(let items): return try budget.sequence(try items.map { try self.value($0, depth: depth + 1) })
        case .dictionary(let members):
            return try budget.dictionary(
                try members.map { (key: .string($0.key), value: try self.value($0.value, depth: depth + 1)) })
        }
    }

    func write(_ text: String) throws {
        let (have, more) = (output.utf8.count, text.utf8.count)
        try budget.spend(more)
        guard have + more <= Budget.longestText else { return try budget.text(have + more) }
        output += text
    }

    /// What is written so far, which begins anew.
    func takeOutput() -> String {
        defer { output = "" }
        return output
    }

    func restore(_ output: String) {
        self.output = output
    }

    /// Counts a step that goes one deeper until `leave`.
    func enter() throws {
        try budget.spend()
        guard walk < Self.deepestWalk else { throw Problem("the template calls itself too deeply") }
        walk += 1
    }

    // MARK: - Statements

    func flow(_ statements: [Statement]) throws -> Flow {
        try enter()
        defer { walk -= 1 }
        for statement in statements {
            line = statement.line
            let next = try flow(statement)
            if next != .on { return next }
        }
        return .on
    }

    private func flow(_ statement: Statement) throws -> Flow {
        try budget.spend()
        switch statement.kind {
        case .text(let text): try write(text)
        case .output(let node): try write(try text(of: try value(of: node)))
        case .loop(let loop): return try run(loop, over: try value(of: loop.items), in: scope, depth: 1)
        case .branch(let branches, let otherwise):
            for branch in branches where try value(of: branch.condition).isTrue { return try flow(branch.body) }
            return try flow(otherwise)
        case .set(let target, let node): try assign(target, try value(of: node))
        case .capture(let target, let filters, let body):
            let (text, next) = try capture(body)
            guard next == .on else { return next }
            try assign(target, try filtered(text, by: filters))
        case .macro(let macro):
            try budget.make(256)
            macros.append((macro, scope))
            scope.names[macro.name] = .object(Object(kind: .macro, number: Int32(macros.count - 1)))
        case .call(let callee, let arguments, let macro): try call(callee, arguments, with: macro)
        case .filtered(let filters, let body):
            let (text, next) = try capture(body)
            guard next == .on else { return next }
            try write(try self.text(of: try filtered(text, by: filters)))
        case .with(let values, let body):
            let evaluated = try values.map { (target: $0.target, value: try value(of: $0.value)) }
            return try inner(scope) {
                for (target, value) in evaluated { try assign(target, value) }
                return try flow(body)
            }
        case .block(let body, let isScoped):
            var around = scope
            while !isScoped, let next = around.around, next.around != nil { around = next }
            return try inner(around) { try flow(body) }
        case .leaveLoop: return .leaveLoop
        case .nextTurn: return .nextTurn
        }
        return .on
    }

    /// Runs something in a new scope.
    func inner<Result>(_ around: Scope, _ body: () throws -> Result) throws -> Result {
        let before = scope
        try budget.make(64)
        scope = Scope(around: around)
        defer { scope = before }
        return try body()
    }

    /// The text that statements write.
    func capture(_ body: [Statement]) throws -> (text: String, next: Flow) {
        let before = takeOutput()
        let next = try inner(scope) { try flow(body) }
        let text = takeOutput()
        restore(before)
        try budget.text(text.utf8.count)
        return (text, next)
    }

    private func filtered(_ text: String, by filters: Node) throws -> Value {
        let before = captured
        captured = .string(text)
        defer { captured = before }
        return try value(of: filters)
    }

    func assign(_ target: Target, _ value: Value) throws {
        switch target {
        case .name(let name): scope.names[name] = value
        case .attribute(let name, let attribute):
            let object = variable(name)
            guard case .object(let object) = object, object.kind == .namespace else {
                throw Problem("attributes can be set on a namespace only, and \"\(name)\" is \(object.kind)")
            }
            try set(.string(attribute), of: Int(object.number), to: value)
        case .tuple(let targets):
            let parts = try items(of: value)
            guard parts.count == targets.count else {
                throw Problem("\(targets.count) variables cannot take \(parts.count) values")
            }
            for (target, part) in zip(targets, parts) { try assign(target, part) }
        }
    }

    func set(_ attribute: Value, of namespace: Int, to value: Value) throws {
        try budget.spend(namespaces[namespace].names.count)
        if let place = namespaces[namespace].names.firstIndex(where: { $0.isSameScalar(as: attribute) }) {
            namespaces[namespace].values[place] = value
        } else {
            try budget.make(64)
            namespaces[namespace].names.append(attribute)
            namespaces[namespace].values.append(value)
        }
    }

    func variable(_ name: String) -> Value {
        var scope: Scope? = scope
        while let here = scope {
            if let value = here.names[name] { return value }
            scope = here.around
        }
        if let function = Function(rawValue: name) { return .function(function) }
        return .undefined("\"\(name)\" is undefined")
    }
}
