/// An argument that a system is safe, in the Goal Structuring Notation (GSN community standard, version 3, 2021): goals
/// supported by strategies, goals and evidence, in stated contexts.
///
/// Evidence is bound: each solution may name a run's record, its SHA-256 and one of its claims or all, so that the case
/// notices when a record fails, changes or is exchanged for another (``status(reading:)``).
public struct SafetyCase: Sendable, Equatable {
    /// The part that an element plays, known by the letters before its number.
    public enum Kind: String, Sendable, CaseIterable {
        /// What is claimed.
        case goal = "G"
        /// How a goal follows from others.
        case strategy = "S"
        /// Evidence.
        case solution = "Sn"
        /// What the argument speaks about.
        case context = "C"
        /// What is taken for granted.
        case assumption = "A"
        /// Why a strategy is a good one.
        case justification = "J"

        /// Whether it belongs to the argument itself, and not to its contexts.
        public var isArgument: Bool { self == .goal || self == .strategy || self == .solution }

        /// What may support it.
        var supporters: Set<Kind> {
            switch self {
            case .goal: [.goal, .strategy, .solution]
            case .strategy: [.goal]
            case .solution, .context, .assumption, .justification: []
            }
        }
    }

    /// One element.
    public struct Element: Sendable, Equatable {
        /// Letters for its kind and a number: "G1", "Sn12".
        public var id: String
        /// What it says.
        public var text: String
        /// The elements that support it, in order.
        public var supportedBy: [String]
        /// Its contexts, assumptions and justifications.
        public var inContextOf: [String]
        /// Whether its support is left out on purpose.
        public var isUndeveloped: Bool
        /// What a solution rests on; `nil` where there is no record yet.
        public var evidence: Evidence?

        /// An element; its kind follows from its id.
        public init(
            _ id: String, _ text: String, supportedBy: [String] = [], inContextOf: [String] = [],
            isUndeveloped: Bool = false, evidence: Evidence? = nil
        ) {
            self.id = id
            self.text = text
            self.supportedBy = supportedBy
            self.inContextOf = inContextOf
            self.isUndeveloped = isUndeveloped
            self.evidence = evidence
        }

        /// The part that it plays; `nil` where the id is not that of any.
        public var kind: Kind? {
            let letters = id.prefix { $0.isASCII && $0.isLetter }
            let digits = id.dropFirst(letters.count)
            guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
            return Kind(rawValue: String(letters))
        }
    }

    /// A claim of a run, or all of its claims, bound to the bytes of its record.
    public struct Evidence: Sendable, Equatable, Hashable {
        /// The record's file.
        public var record: String
        /// The SHA-256 of that file when it was bound, in lower-case hexadecimal.
        public var sha256: String
        /// The statement of the claim in the record; `nil` for all of its claims.
        public var claim: String?

        /// A claim of the record in that file, or all of them.
        public init(record: String, sha256: String, claim: String? = nil) {
            self.record = record
            self.sha256 = sha256
            self.claim = claim
        }
    }

    /// The elements, by their ids, in the order in which they were given.
    public let elements: [Element]
    /// The goal that the case is about: the only one that supports nothing.
    public let top: Element
    private let byID: [String: Int]

    /// A case whose elements fit together.
    ///
    /// - Throws: ``GovernanceError`` for an id of no kind or given twice, a reference to nothing or to an element that cannot
    ///   stand there, a cycle, a goal or strategy without support that is not marked undeveloped, and where not exactly
    ///   one goal is on top.
    public init(_ elements: [Element]) throws {
        self.elements = elements
        var byID: [String: Int] = [:]
        for (index, element) in elements.enumerated() {
            guard element.kind != nil else {
                throw GovernanceError(
                    "\(element.id) is not the id of an element: an id is G, S, Sn, C, A or J and a number")
            }
            guard byID.updateValue(index, forKey: element.id) == nil else {
                throw GovernanceError("\(element.id) is given twice: each id names one element")
            }
        }
        self.byID = byID
        for element in elements { try Self.check(element, among: elements, byID) }
        let supporting = Set(elements.flatMap { $0.supportedBy + $0.inContextOf })
        let roots = elements.filter { !supporting.contains($0.id) }
        guard roots.count == 1, let top = roots.first, top.kind == .goal else {
            let found = roots.isEmpty ? "none" : roots.map(\.id).joined(separator: ", ")
            throw GovernanceError("a case has one goal that supports nothing, found \(found)")
        }
        self.top = top
        if let cycle = Self.cycle(elements, byID) {
            throw GovernanceError("\(cycle.joined(separator: " → ")) is a circle: no element may support itself")
        }
    }

    private static func check(_ element: Element, among elements: [Element], _ byID: [String: Int]) throws {
        guard let kind = element.kind else { return }
        func referred(_ id: String) throws -> Kind? {
            guard let index = byID[id] else {
                throw GovernanceError("\(element.id) refers to \(id), which is not in the case")
            }
            return elements[index].kind
        }
        for id in element.supportedBy {
            guard let other = try referred(id), kind.supporters.contains(other) else {
                throw GovernanceError(
                    "\(id) cannot support \(element.id): goals are supported by goals, strategies and "
                        + "solutions, strategies by goals")
            }
        }
        for id in element.inContextOf {
            guard let other = try referred(id), !other.isArgument, kind == .goal || kind == .strategy else {
                throw GovernanceError(
                    "\(id) cannot be a context of \(element.id): goals and strategies stand in contexts, "
                        + "assumptions and justifications")
            }
        }
        if !kind.supporters.isEmpty {
            guard element.supportedBy.isEmpty == element.isUndeveloped else {
                throw GovernanceError(
                    element.isUndeveloped
                        ? "\(element.id) is marked undeveloped and has support: leave out one of the two"
                        : "\(element.id) has no support: give some, or mark it undeveloped")
            }
        }
        guard element.evidence == nil || kind == .solution else {
            throw GovernanceError("\(element.id) has evidence: only solutions (Sn) have")
        }
    }

    /// A circle of elements that support each other; `nil` where there is none.
    private static func cycle(_ elements: [Element], _ byID: [String: Int]) -> [String]? {
        var state = Array(repeating: 0, count: elements.count)
        for root in elements.indices where state[root] == 0 {
            var stack = [(element: root, next: 0)]
            state[root] = 1
            while let top = stack.last {
                let support = elements[top.element].supportedBy
                guard top.next < support.count else {
                    state[top.element] = 2
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                guard let child = byID[support[top.next]] else { continue }
                if state[child] == 1 {
                    let path = stack.map { elements[$0.element].id }
                    return Array(path[(path.firstIndex(of: elements[child].id) ?? 0)...]) + [elements[child].id]
                }
                guard state[child] == 0 else { continue }
                state[child] = 1
                stack.append((child, 0))
            }
        }
        return nil
    }

    /// The element of that id.
    public subscript(id: String) -> Element? { byID[id].map { elements[$0] } }

    /// The elements that rest on `id`, itself included: those above it.
    public func above(_ id: String) -> Set<String> {
        var (found, waiting) = (Set<String>(), [id])
        while let next = waiting.popLast() {
            guard found.insert(next).inserted else { continue }
            waiting += elements.filter { $0.supportedBy.contains(next) }.map(\.id)
        }
        return found
    }
}
