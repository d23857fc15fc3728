/// Sentences defined by one another: p₁ ↔ φ₁, p₂ ↔ φ₂, …
///
/// Where no sentence refers to itself but under a box, the system has exactly one solution in GL (the fixed point theorem),
/// and ``solved()`` finds it. A system such as p ↔ ¬p has none, and is refused.
public struct ModalSystem: Sendable {
    /// The names, each after those that its formula refers to outside a box.
    public let names: [String]
    private let formulas: [String: ModalFormula]

    /// - Parameter equations: a name and its formula each; every variable needs one.
    /// - Throws: ``FoundationsError`` where a name is defined twice or never, or refers to itself outside every box.
    public init(_ equations: [(name: String, formula: ModalFormula)]) throws {
        var formulas: [String: ModalFormula] = [:]
        for (name, formula) in equations where formulas.updateValue(formula, forKey: name) != nil {
            throw FoundationsError("the system defines \(name) twice: each variable needs one equation")
        }
        for (name, formula) in equations {
            if let unknown = formula.variables().subtracting(formulas.keys).min() {
                throw FoundationsError("\(name) refers to \(unknown), which the system does not define")
            }
        }
        var (order, done) = ([String](), Set<String>())
        while order.count < equations.count {
            let ready = equations.filter { name, formula in
                !done.contains(name) && formula.variables(boxed: false).isSubset(of: done)
            }
            guard !ready.isEmpty else {
                let left = equations.map(\.name).filter { !done.contains($0) }
                throw FoundationsError(
                    "\(left.joined(separator: ", ")) cannot be defined: a sentence refers to itself outside every box, and "
                        + "only a reference under a box has a fixed point")
            }
            order += ready.map(\.name)
            done.formUnion(ready.map(\.name))
        }
        (names, self.formulas) = (order, formulas)
    }

    /// The truth of every sentence in every world, up to the world from which on nothing changes.
    ///
    /// □φ holds in a world if φ holds in all earlier ones, so that it can change only once, from true to false, and when no
    /// □φ changes from one world to the next none ever does again.
    ///
    /// - Complexity: as many worlds as the system has different boxes, and two, at most.
    public func solved() -> ModalSolution {
        let all = formulas.values.reduce(into: Set<ModalFormula>()) { $0.formUnion($1.boxed) }
        var boxes = Dictionary(uniqueKeysWithValues: all.map { ($0, true) })
        var worlds: [[String: Bool]] = []
        while true {
            var world: [String: Bool] = [:]
            for name in names { world[name] = formulas[name]?.holds(world, boxes: boxes) }
            worlds.append(world)
            var next = boxes
            for (formula, value) in boxes where value { next[formula] = formula.holds(world, boxes: boxes) }
            if next == boxes { return ModalSolution(names: names, worlds: worlds) }
            boxes = next
        }
    }
}

/// The solution of a ``ModalSystem`` on the frame of worlds 0, 1, 2, …, each of which sees all earlier ones.
public struct ModalSolution: Sendable, Equatable {
    /// The sentences.
    public let names: [String]
    /// The truth of each in each world; all later worlds are as the last.
    public let worlds: [[String: Bool]]

    /// Whether a sentence is true, of the natural numbers: its value in all worlds from some world on.
    public subscript(name: String) -> Bool { worlds.last?[name] ?? false }
}
