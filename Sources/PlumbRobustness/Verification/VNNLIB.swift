public import Foundation
internal import PlumbBasics
internal import PlumbData

extension NetworkProperty {
    /// The property in a VNN-LIB file (version 1.0), whose variables are X_0, X_1, … for inputs and Y_0, Y_1, … for outputs, and
    /// whose assertions describe the inputs and outputs that must not occur together.
    ///
    /// Assertions are joined by `and` and `or`; each compares two sums, of numbers and of variables times numbers. An input
    /// is compared with numbers only, so that inputs form boxes.
    ///
    /// - Throws: `FileError` or ``BoundError`` naming the file and what is wrong.
    public init(vnnlib url: URL) throws {
        try self.init(vnnlib: Array(WholeFile.read(url, limit: 1 << 28)), name: url.path)
    }

    /// The property in the contents of a file called `name`.
    ///
    /// - Throws: ``BoundError`` naming `name` and what is wrong.
    public init(vnnlib bytes: [UInt8], name: String) throws {
        do {
            var script = try VNNLIBScript(bytes)
            self = try script.property()
        } catch let error as BoundError {
            throw BoundError("\(name): \(error.description)")
        }
    }
}

/// An expression of VNN-LIB: a word, or expressions in parentheses.
private enum Expression {
    case word(String)
    case list([Expression])

    /// Reads every expression.
    static func all(_ bytes: [UInt8]) throws -> [Expression] {
        var open: [[Expression]] = [[]]
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: ";"):
                while position < bytes.count, bytes[position] != 0x0A { position += 1 }
            case 0x09, 0x0A, 0x0D, 0x20: position += 1
            case UInt8(ascii: "("):
                // Deeper nesting than any property has would exhaust the stack.
                guard open.count < 200 else { throw BoundError("parentheses are nested more than 200 deep") }
                open.append([])
                position += 1
            case UInt8(ascii: ")"):
                guard open.count > 1, let list = open.popLast() else {
                    throw BoundError("a parenthesis is closed that was not opened, at byte \(position)")
                }
                open[open.count - 1].append(.list(list))
                position += 1
            default:
                let start = position
                while position < bytes.count, !" \t\r\n();".utf8.contains(bytes[position]) { position += 1 }
                open[open.count - 1].append(.word(String(decoding: bytes[start..<position], as: UTF8.self)))
            }
        }
        guard open.count == 1 else { throw BoundError("a parenthesis is not closed: is the file cut short?") }
        return open[0]
    }
}

/// A sum of a number and of variables times numbers.
private struct LinearSum {
    var constant = 0.0
    var weights: [Int: Double] = [:]

    static func + (a: LinearSum, b: LinearSum) -> LinearSum {
        LinearSum(constant: a.constant + b.constant, weights: a.weights.merging(b.weights, uniquingKeysWith: +))
    }

    static func * (a: LinearSum, factor: Double) -> LinearSum {
        LinearSum(constant: a.constant * factor, weights: a.weights.mapValues { $0 * factor })
    }
}

/// The declarations and assertions of a file.
private struct VNNLIBScript {
    /// `Σ weights · variables ≤ bound`; variables are numbered, inputs first.
    private struct Atom {
        var weights: [Int: Double]
        var bound: Double
    }

    /// The most alternatives that assertions may amount to.
    private static let limit = 100_000

    private var inputs = 0
    private var outputs = 0
    private var variables: [String: Int] = [:]
    /// Alternatives, of which one must be met: each is atoms that are met together.
    private var alternatives: [[Atom]] = [[]]

    init(_ bytes: [UInt8]) throws {
        let expressions = try Expression.all(bytes)
        try declare(expressions)
        for expression in expressions {
            guard case .list(let parts) = expression, case .word("assert")? = parts.first else { continue }
            guard parts.count == 2 else { throw BoundError("an assertion has \(parts.count - 1) formulas, not one") }
            alternatives = try Self.both(alternatives, formula(parts[1]))
        }
    }

    private mutating func declare(_ expressions: [Expression]) throws {
        for expression in expressions {
            guard case .list(let parts) = expression, case .word(let head)? = parts.first else {
                throw BoundError("a word stands where a command in parentheses belongs")
            }
            if head == "assert" { continue }
            guard head == "declare-const" || head == "declare-fun" else {
                throw BoundError("the command \(visible(head, limit: 40)) is not one of VNN-LIB 1.0's")
            }
            guard parts.count >= 3, case .word(let name) = parts[1], case .word("Real") = parts[parts.count - 1] else {
                throw BoundError("a declaration names a variable of the sort Real")
            }
            let isInput = name.hasPrefix("X_")
            let expected = isInput ? inputs : outputs
            guard isInput || name.hasPrefix("Y_"), Int(name.dropFirst(2)) == expected, variables[name] == nil else {
                throw BoundError(
                    "\(visible(name, limit: 40)) is declared where X_\(inputs) or Y_\(outputs) would be next")
            }
            // Inputs count from 0 upward, outputs from -1 downward.
            variables[name] = isInput ? inputs : -1 - outputs
            if isInput { inputs += 1 } else { outputs += 1 }
        }
        guard inputs > 0, outputs > 0 else { throw BoundError("no input X_0 or no output Y_0 is declared") }
    }

    private static func both(_ a: [[Atom]], _ b: [[Atom]]) throws -> [[Atom]] {
        let (count, overflow) = a.count.multipliedReportingOverflow(by: b.count)
        guard !overflow, count <= limit else {
            throw BoundError("the assertions amount to more than \(limit) alternatives")
        }
        let sizes = [a, b].map { $0.map(\.count).max() ?? 0 }
        guard count * (sizes[0] + sizes[1]) <= 1 << 24 else { throw BoundError("the assertions are too many") }
        if b.count == 1 { return a.map { $0 + b[0] } }
        return a.flatMap { first in b.map { first + $0 } }
    }

    private func formula(_ expression: Expression) throws -> [[Atom]] {
        guard case .list(let parts) = expression, case .word(let head)? = parts.first else {
            throw BoundError("an assertion is no formula in parentheses")
        }
        switch head {
        case "and": return try parts.dropFirst().reduce([[]]) { try Self.both($0, formula($1)) }
        case "or":
            var alternatives: [[Atom]] = []
            for part in parts.dropFirst() {
                alternatives += try formula(part)
                guard alternatives.count <= Self.limit else {
                    throw BoundError("the assertions amount to more than \(Self.limit) alternatives")
                }
            }
            return alternatives
        case "<=", ">=":
            guard parts.count == 3 else { throw BoundError("\(head) compares \(parts.count - 1) terms, not two") }
            let (a, b) = (try term(parts[1]), try term(parts[2]))
            let difference = head == "<=" ? a + b * -1 : b + a * -1
            return [[Atom(weights: difference.weights.filter { $0.value != 0 }, bound: -difference.constant)]]
        default: throw BoundError("\(visible(head, limit: 40)) is none of and, or, <= and >=")
        }
    }

    private func term(_ expression: Expression) throws -> LinearSum {
        switch expression {
        case .word(let word):
            if let variable = variables[word] { return LinearSum(weights: [variable: 1]) }
            guard let number = Double(word), number.isFinite else {
                throw BoundError("\(visible(word, limit: 40)) is neither a number nor a declared variable")
            }
            return LinearSum(constant: number)
        case .list(let parts):
            guard case .word(let head)? = parts.first, parts.count > 1 else {
                throw BoundError("a term is neither a number, a variable, a sum nor a product")
            }
            let terms = try parts.dropFirst().map(term)
            switch head {
            case "+": return terms.reduce(LinearSum(), +)
            case "-": return terms.count == 1 ? terms[0] * -1 : terms.dropFirst().reduce(terms[0]) { $0 + $1 * -1 }
            case "*":
                return try terms.dropFirst().reduce(terms[0]) { product, factor in
                    if factor.weights.isEmpty { return product * factor.constant }
                    guard product.weights.isEmpty else { throw BoundError("a product of variables is not linear") }
                    return factor * product.constant
                }
            default: throw BoundError("\(visible(head, limit: 40)) is none of +, - and *")
            }
        }
    }

    mutating func property() throws -> NetworkProperty {
        NetworkProperty(inputs: inputs, outputs: outputs, regions: try alternatives.map(region))
    }

    private func region(_ atoms: [Atom]) throws -> NetworkProperty.Region {
        var lower = [Double](repeating: -.infinity, count: inputs)
        var upper = [Double](repeating: .infinity, count: inputs)
        var constraints: [NetworkProperty.Constraint] = []
        for atom in atoms {
            if let input = atom.weights.keys.first(where: { $0 >= 0 }) {
                guard atom.weights.count == 1, let weight = atom.weights[input] else {
                    throw BoundError("X_\(input) is compared with other variables: inputs must form a box")
                }
                let end = atom.bound / weight
                if weight > 0 { upper[input] = min(upper[input], end) } else { lower[input] = max(lower[input], end) }
            } else {
                var weights = [Double](repeating: 0, count: outputs)
                for (output, weight) in atom.weights { weights[-1 - output] = weight }
                constraints.append(.init(weights, atMost: atom.bound))
            }
        }
        if let open = lower.indices.first(where: { !lower[$0].isFinite || !upper[$0].isFinite }) {
            throw BoundError("X_\(open) has no \(lower[open].isFinite ? "upper" : "lower") end")
        }
        guard constraints.allSatisfy({ $0.bound.isFinite && $0.weights.allSatisfy(\.isFinite) }) else {
            throw BoundError("a number is too large")
        }
        return NetworkProperty.Region(lower: lower, upper: upper, constraints: constraints)
    }
}
