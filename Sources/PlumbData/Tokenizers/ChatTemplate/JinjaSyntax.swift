/// An expression of a template.
indirect enum JinjaExpression: Sendable {
    case literal(JinjaValue)
    case variable(String)
    case list([JinjaExpression])
    case dictionary([(key: JinjaExpression, value: JinjaExpression)])
    case attribute(JinjaExpression, String)
    case item(JinjaExpression, JinjaExpression)
    case slice(JinjaExpression, from: JinjaExpression?, to: JinjaExpression?, step: JinjaExpression?)
    case call(JinjaExpression, [JinjaArgument])
    case filter(JinjaExpression, String, [JinjaArgument])
    case test(JinjaExpression, String, [JinjaArgument], isNegated: Bool)
    case not(JinjaExpression)
    case minus(JinjaExpression)
    case binary(String, JinjaExpression, JinjaExpression)
    case conditional(JinjaExpression, then: JinjaExpression, otherwise: JinjaExpression?)
}

/// An argument of a call, with its keyword if it has one.
struct JinjaArgument: Sendable {
    var name: String?
    var value: JinjaExpression
}

/// A statement of a template and the line it begins on.
struct JinjaStatement: Sendable {
    indirect enum Kind: Sendable {
        case text(String)
        case output(JinjaExpression)
        case loop(
            targets: [String], over: JinjaExpression, where: JinjaExpression?, body: [JinjaStatement],
            otherwise: [JinjaStatement])
        case branch([(condition: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
        /// `set name = …`, or `set object.attribute = …` on a namespace.
        case set(String, attribute: String?, JinjaExpression)
        /// `set name` … `endset`.
        case capture(String, [JinjaStatement])
        /// Statements without a tag of their own, such as those in `generation`.
        case group([JinjaStatement])
        case leaveLoop
        case nextTurn
    }

    var kind: Kind
    var line: Int
}
