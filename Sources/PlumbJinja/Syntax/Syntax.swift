/// A token of the expression language and its line.
struct Token: Sendable {
    enum Kind: Equatable, Sendable {
        case name(String)
        case string(String)
        case integer(Int)
        case real(Double)
        case symbol(String)
    }

    let kind: Kind
    let line: Int
}

/// A stretch of a template: text as it is, an output tag `{{ … }}` or a block tag `{% … %}`.
struct Segment: Sendable {
    enum Content: Sendable {
        case text(String)
        case output([Token])
        case block([Token])
    }

    let content: Content
    let line: Int
}

/// An expression. Its height is bounded where it is made, since it is walked by recursion.
final class Node: Sendable {
    indirect enum Kind: Sendable {
        case literal(Value)
        case variable(String)
        case tuple([Node])
        case list([Node])
        case dictionary([(key: Node, value: Node)])
        case attribute(Node, String)
        case item(Node, Node)
        case slice(Node, from: Node?, to: Node?, step: Node?)
        case call(Node, CallArguments)
        case filter(Node, String, CallArguments)
        case test(Node, String, CallArguments)
        case not(Node)
        case negative(Node)
        case positive(Node)
        case and(Node, Node)
        case or(Node, Node)
        case binary(String, Node, Node)
        case concatenation([Node])
        case comparison(Node, [(operation: String, operand: Node)])
        case conditional(Node, then: Node, otherwise: Node?)
        /// The text of the block whose filters are applied.
        case captured
    }

    static let tallest = 150

    let kind: Kind
    let line: Int
    let height: Int

    init(_ kind: Kind, line: Int, height: Int) {
        self.kind = kind
        self.line = line
        self.height = height
    }
}

/// What stands between the parentheses of a call.
struct CallArguments: Sendable {
    var positional: [Node] = []
    var named: [(name: String, value: Node)] = []
    var spread: Node?
    var spreadNamed: Node?

    var height: Int {
        let nodes = positional + named.map(\.value) + [spread, spreadNamed].compactMap(\.self)
        return nodes.map(\.height).max() ?? 0
    }
}

/// What is assigned to.
indirect enum Target: Sendable {
    case name(String)
    case attribute(of: String, String)
    case tuple([Target])
}

/// A macro, or the body of a `call` block, which is a macro named `caller`.
final class Macro: Sendable {
    let name: String
    let parameters: [(name: String, value: Node?)]
    let body: [Statement]
    /// The special variables that the body names.
    let mentions: Set<String>

    init(name: String, parameters: [(name: String, value: Node?)], body: [Statement], mentions: Set<String>) {
        self.name = name
        self.parameters = parameters
        self.body = body
        self.mentions = mentions
    }
}

/// A `for` loop.
final class Loop: Sendable {
    let target: Target
    let items: Node
    let condition: Node?
    let isRecursive: Bool
    let body: [Statement]
    let otherwise: [Statement]
    /// Whether the body asks for `loop`.
    let isWatched: Bool

    init(
        target: Target, items: Node, condition: Node?, isRecursive: Bool, body: [Statement], otherwise: [Statement],
        isWatched: Bool
    ) {
        self.target = target
        self.items = items
        self.condition = condition
        self.isRecursive = isRecursive
        self.body = body
        self.otherwise = otherwise
        self.isWatched = isWatched
    }
}

/// A statement and the line it begins on.
struct Statement: Sendable {
    indirect enum Kind: Sendable {
        case text(String)
        case output(Node)
        case loop(Loop)
        case branch([(condition: Node, body: [Statement])], otherwise: [Statement])
        case set(Target, Node)
        /// `set name` … `endset`, with filters over ``Node/Kind/captured``.
        case capture(Target, Node, [Statement])
        case macro(Macro)
        case call(Node, CallArguments, Macro)
        case filtered(Node, [Statement])
        case with([(target: Target, value: Node)], [Statement])
        /// The body of `block`, which sees no loop around it unless it is `scoped`.
        case block([Statement], isScoped: Bool)
        case leaveLoop
        case nextTurn
    }

    let kind: Kind
    let line: Int
}
