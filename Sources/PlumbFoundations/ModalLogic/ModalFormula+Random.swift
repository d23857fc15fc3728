public import PlumbTensor

extension ModalFormula {
    /// A formula whose every part is chosen at random, of at most `depth` nested connectives and boxes.
    ///
    /// - Parameter names: the variables, one or more.
    public static func random(
        _ names: [String], depth: Int, using random: inout RandomKey.Generator
    ) -> ModalFormula {
        guard depth > 0 else { return .variable(names[random.index(below: names.count)]) }
        switch random.index(below: 6) {
        case 0: return .constant(random.uniform() < 0.5)
        case 1: return .not(.random(names, depth: depth - 1, using: &random))
        case 2:
            let part = ModalFormula.random(names, depth: depth - 1, using: &random)
            return part && .random(names, depth: depth - 1, using: &random)
        case 3:
            let part = ModalFormula.random(names, depth: depth - 1, using: &random)
            return part || .random(names, depth: depth - 1, using: &random)
        case 4:
            let part = ModalFormula.random(names, depth: depth - 1, using: &random)
            return .implies(part, .random(names, depth: depth - 1, using: &random))
        default: return .box(.random(names, depth: depth - 1, using: &random))
        }
    }
}

extension ModalSystem {
    /// Equations of one to four sentences, each of which joins a random boxed formula to the next sentence, the last to the
    /// first: a circle of references.
    ///
    /// - Parameter boxed: whether those references stand under a box, so that the system has a solution.
    public static func circle(
        boxed: Bool, using random: inout RandomKey.Generator
    ) -> [(name: String, formula: ModalFormula)] {
        let names = (0...random.index(below: 4)).map { "s\($0)" }
        return names.indices.map { index in
            let part = ModalFormula.box(.random(names, depth: 3, using: &random))
            let next = ModalFormula.variable(names[(index + 1) % names.count])
            let reference = random.uniform() < 0.5 ? next : .not(next)
            return (
                names[index],
                random.uniform() < 0.5
                    ? part && (boxed ? .box(reference) : reference)
                    : part || (boxed ? .box(reference) : reference)
            )
        }
    }
}
