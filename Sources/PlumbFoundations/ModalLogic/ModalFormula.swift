// Programs that reason about each other's source code, without any proof search.
//
// "There is a proof that φ" is a modality, and what Peano arithmetic can prove about it is the logic GL. A sentence of GL
// that has no free variable, or whose variables are fixed by equations, can be decided on one frame: worlds 0, 1, 2, …, where
// a world sees all earlier ones. Barasz, Christiano, Fallenstein, Herreshoff, LaVictoire, Yudkowsky 2014, *Robust
// Cooperation in the Prisoner's Dilemma*, arXiv:1401.5577.

/// A formula of provability logic.
public indirect enum ModalFormula: Sendable, Hashable {
    /// ⊤ or ⊥.
    case constant(Bool)
    /// What a ``ModalSystem`` defines.
    case variable(String)
    /// ¬φ.
    case not(ModalFormula)
    /// φ ∧ ψ.
    case and(ModalFormula, ModalFormula)
    /// φ ∨ ψ.
    case or(ModalFormula, ModalFormula)
    /// φ → ψ.
    case implies(ModalFormula, ModalFormula)
    /// □φ: φ can be proved.
    case box(ModalFormula)

    /// ¬φ.
    public static prefix func ! (formula: ModalFormula) -> ModalFormula { .not(formula) }
    /// φ ∧ ψ.
    public static func && (one: ModalFormula, other: ModalFormula) -> ModalFormula { .and(one, other) }
    /// φ ∨ ψ.
    public static func || (one: ModalFormula, other: ModalFormula) -> ModalFormula { .or(one, other) }

    /// □ᵏ⊥: the theory with k - 1 further axioms of consistency is inconsistent; ⊥ for level 0.
    public static func inconsistency(_ level: Int) -> ModalFormula {
        (0..<max(0, level)).reduce(.constant(false)) { formula, _ in .box(formula) }
    }

    /// □(¬□ᵏ⊥ → φ): φ can be proved where the theory's consistency, `level` times over, is assumed; □φ for level 0.
    public static func box(_ formula: ModalFormula, level: Int) -> ModalFormula {
        level > 0 ? .box(.implies(.not(inconsistency(level)), formula)) : .box(formula)
    }

    /// The formula with each variable replaced.
    public func substituting(_ replacement: (String) -> ModalFormula) -> ModalFormula {
        switch self {
        case .constant: self
        case .variable(let name): replacement(name)
        case .not(let a): .not(a.substituting(replacement))
        case .and(let a, let b): .and(a.substituting(replacement), b.substituting(replacement))
        case .or(let a, let b): .or(a.substituting(replacement), b.substituting(replacement))
        case .implies(let a, let b): .implies(a.substituting(replacement), b.substituting(replacement))
        case .box(let a): .box(a.substituting(replacement))
        }
    }

    /// The variables, those under a box only if `boxed`.
    public func variables(boxed: Bool = true) -> Set<String> {
        switch self {
        case .constant: []
        case .variable(let name): [name]
        case .not(let a): a.variables(boxed: boxed)
        case .and(let a, let b), .or(let a, let b), .implies(let a, let b):
            a.variables(boxed: boxed).union(b.variables(boxed: boxed))
        case .box(let a): boxed ? a.variables() : []
        }
    }

    /// All φ for which □φ is a part of the formula.
    var boxed: Set<ModalFormula> {
        switch self {
        case .constant, .variable: []
        case .not(let a): a.boxed
        case .and(let a, let b), .or(let a, let b), .implies(let a, let b): a.boxed.union(b.boxed)
        case .box(let a): a.boxed.union([a])
        }
    }

    /// The truth in one world.
    func holds(_ values: [String: Bool], boxes: [ModalFormula: Bool]) -> Bool {
        switch self {
        case .constant(let value): value
        case .variable(let name): values[name] ?? false
        case .not(let a): !a.holds(values, boxes: boxes)
        case .and(let a, let b): a.holds(values, boxes: boxes) && b.holds(values, boxes: boxes)
        case .or(let a, let b): a.holds(values, boxes: boxes) || b.holds(values, boxes: boxes)
        case .implies(let a, let b): !a.holds(values, boxes: boxes) || b.holds(values, boxes: boxes)
        case .box(let a): boxes[a] ?? true
        }
    }
}

extension ModalFormula: CustomStringConvertible {
    public var description: String {
        switch self {
        case .constant(let value): value ? "⊤" : "⊥"
        case .variable(let name): name
        case .not(let a): "¬\(a)"
        case .and(let a, let b): "(\(a) ∧ \(b))"
        case .or(let a, let b): "(\(a) ∨ \(b))"
        case .implies(let a, let b): "(\(a) → \(b))"
        case .box(let a): "□\(a)"
        }
    }
}
