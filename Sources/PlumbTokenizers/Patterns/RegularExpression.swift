internal import PlumbBasics

/// A regular expression of a tokenizer's file, in the syntax of Oniguruma that Hugging Face's library uses.
///
/// Alternatives are tried in their order, repetitions are greedy, lazy or possessive, and what follows and precedes
/// may be asked for. Captures are groups only; what is not known (back references, conditions, sets of sets, ignoring
/// the case of letters outside ASCII) is refused by name.
struct RegularExpression: Sendable, Hashable {
    /// What the expression is written as.
    let source: String
    let program: [Instruction]

    /// One step of the match; places in the program are absolute.
    enum Instruction: Sendable, Hashable {
        /// Takes one scalar of the class.
        case take(ScalarClass)
        /// Takes `minimum` to `maximum` scalars of the class.
        case run(ScalarClass, minimum: Int, maximum: Int, Repetition)
        /// Tries the first place, then the other.
        case fork(Int, Int)
        case jump(Int)
        /// Matches the instructions up to `end` by themselves: what follows, what precedes, or without going back.
        case look(behind: Int?, isNegated: Bool, end: Int)
        case atomic(end: Int)
        case at(Place)
        case accept
    }

    enum Repetition: Sendable, Hashable { case greedy, lazy, possessive }

    enum Place: Sendable, Hashable {
        case lineStart, lineEnd, textStart, textEnd, textEndOrLine
        case wordEdge, notWordEdge
    }

    init(_ source: String) throws(TokenizerError) {
        var parser = RegularExpressionParser(source)
        let tree = try parser.parse()
        var compiler = Compiler()
        try compiler.add(tree)
        self.source = source
        program = compiler.program + [.accept]
    }

    static func == (a: RegularExpression, b: RegularExpression) -> Bool { a.source == b.source }

    func hash(into hasher: inout Hasher) { hasher.combine(source) }

    /// What the parser makes of the expression.
    indirect enum Node {
        case one(ScalarClass)
        case sequence([Node])
        case choice([Node])
        case repeated(Node, minimum: Int, maximum: Int, Repetition)
        case look(Node, isBehind: Bool, isNegated: Bool)
        case atomic(Node)
        case at(Place)

        /// The least and the greatest number of scalars matched; nil without an end.
        var length: (least: Int, greatest: Int?) {
            switch self {
            case .one: return (1, 1)
            case .at, .look: return (0, 0)
            case .atomic(let node): return node.length
            case .sequence(let nodes):
                return nodes.reduce((0, 0)) { sum, node in
                    let length = node.length
                    return (
                        Self.cap(sum.0 + length.least), sum.1.flatMap { a in length.greatest.map { Self.cap(a + $0) } }
                    )
                }
            case .choice(let nodes):
                let lengths = nodes.map(\.length)
                let greatest = lengths.map(\.greatest)
                return (
                    lengths.map(\.least).min() ?? 0,
                    greatest.contains { $0 == nil } ? nil : greatest.compactMap { $0 }.max() ?? 0
                )
            case .repeated(let node, let minimum, let maximum, _):
                let length = node.length
                return (
                    Self.cap(length.least * minimum),
                    maximum == .max ? nil : length.greatest.map { Self.cap($0 * maximum) }
                )
            }
        }

        private static func cap(_ value: Int) -> Int { min(value, 1 << 20) }
    }

    private struct Compiler {
        var program: [Instruction] = []

        private static let limit = 20_000

        mutating func add(_ node: Node) throws(TokenizerError) {
            guard program.count < Self.limit else {
                throw TokenizerError("a regular expression that is too long once its repetitions are written out")
            }
            switch node {
            case .one(let scalars): program.append(.take(scalars))
            case .at(let place): program.append(.at(place))
            case .sequence(let nodes): for node in nodes { try add(node) }
            case .choice(let nodes): try add(choice: nodes[...])
            case .atomic(let node): try add(inner: node) { .atomic(end: $0) }
            case .look(let node, let isBehind, let isNegated):
                let length = node.length
                guard !isBehind || length.greatest == length.least else {
                    throw TokenizerError("a look behind of more than one length in a regular expression")
                }
                try add(inner: node) { .look(behind: isBehind ? length.least : nil, isNegated: isNegated, end: $0) }
            case .repeated(.one(let scalars), let minimum, let maximum, let kind):
                program.append(.run(scalars, minimum: minimum, maximum: maximum, kind))
            case .repeated(let node, let minimum, let maximum, .possessive):
                try add(.atomic(.repeated(node, minimum: minimum, maximum: maximum, .greedy)))
            case .repeated(let node, let minimum, let maximum, let kind):
                try add(repeated: node, minimum, maximum, isLazy: kind == .lazy)
            }
        }

        private mutating func add(inner node: Node, _ instruction: (Int) -> Instruction) throws(TokenizerError) {
            let start = program.count
            program.append(.accept)
            try add(node)
            program.append(.accept)
            program[start] = instruction(program.count)
        }

        private mutating func add(choice nodes: ArraySlice<Node>) throws(TokenizerError) {
            var jumps: [Int] = []
            for (index, node) in nodes.enumerated() {
                guard index < nodes.count - 1 else {
                    try add(node)
                    break
                }
                let fork = program.count
                program.append(.accept)
                try add(node)
                jumps.append(program.count)
                program.append(.accept)
                program[fork] = .fork(fork + 1, program.count)
            }
            for jump in jumps { program[jump] = .jump(program.count) }
        }

        private mutating func add(
            repeated node: Node, _ minimum: Int, _ maximum: Int, isLazy: Bool
        ) throws(TokenizerError) {
            guard node.length.least > 0 || maximum == 1 else {
                throw TokenizerError("a repetition of what may be empty in a regular expression")
            }
            for _ in 0..<minimum { try add(node) }
            func fork(_ inside: Int, _ outside: Int) -> Instruction {
                isLazy ? .fork(outside, inside) : .fork(inside, outside)
            }
            if maximum == .max {
                let start = program.count
                program.append(.accept)
                try add(node)
                program.append(.jump(start))
                program[start] = fork(start + 1, program.count)
                return
            }
            var forks: [Int] = []
            for _ in minimum..<max(minimum, maximum) {
                forks.append(program.count)
                program.append(.accept)
                try add(node)
            }
            for place in forks { program[place] = fork(place + 1, program.count) }
        }
    }
}
