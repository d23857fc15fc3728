/// Where a loop is.
struct LoopState {
    let loop: Loop
    let scope: Renderer.Scope
    let items: [Value]
    let depth: Int
    var index = 0
    var lastChanged: [Value]?
}

extension Renderer {
    func run(_ loop: Loop, over value: Value, in around: Scope, depth: Int) throws -> Flow {
        var items = try items(of: value)
        if let condition = loop.condition {
            items = try items.filter { item in
                try inner(around) {
                    try assign(loop.target, item)
                    return try self.value(of: condition).isTrue
                }
            }
        }
        var number: Int32?
        if loop.isWatched {
            try budget.make(128)
            loops.append(LoopState(loop: loop, scope: around, items: items, depth: depth))
            number = Int32(loops.count - 1)
        }
        // As in Jinja2, a turn left by "continue" or "break" does not keep "else" from running.
        var isElseDue = true
        for (index, item) in items.enumerated() {
            let next = try inner(around) {
                if let number {
                    loops[Int(number)].index = index
                    scope.names["loop"] = .object(Object(kind: .loop, number: number))
                }
                try assign(loop.target, item)
                return try flow(loop.body)
            }
            if next == .on { isElseDue = false }
            if next == .leaveLoop { break }
        }
        guard isElseDue, !loop.otherwise.isEmpty else { return .on }
        return try inner(around) { try flow(loop.otherwise) }
    }

    func attribute(_ name: String, ofLoop object: Object) throws -> Value {
        let state = loops[Int(object.number)]
        let (index, count) = (state.index, state.items.count)
        switch name {
        case "index": return .integer(index + 1)
        case "index0": return .integer(index)
        case "revindex": return .integer(count - index)
        case "revindex0": return .integer(count - index - 1)
        case "first": return .boolean(index == 0)
        case "last": return .boolean(index == count - 1)
        case "length": return .integer(count)
        case "depth": return .integer(state.depth)
        case "depth0": return .integer(state.depth - 1)
        case "previtem": return index > 0 ? state.items[index - 1] : .undefined("there is no previous item")
        case "nextitem": return index + 1 < count ? state.items[index + 1] : .undefined("there is no next item")
        case "cycle", "changed": return .method(.object(object), name)
        default: return .undefined("a loop has no \"\(name)\"")
        }
    }

    func call(_ name: String, ofLoop number: Int, _ arguments: Arguments) throws -> Value {
        let values = arguments.positional
        if name == "cycle" {
            guard !values.isEmpty else { throw Problem("\"loop.cycle\" needs values to go through") }
            return values[loops[number].index % values.count]
        }
        if let last = loops[number].lastChanged, last.count == values.count {
            var isSame = true
            for (left, right) in zip(last, values) where try !budget.isEqual(left, right) { isSame = false }
            if isSame { return .no }
        }
        loops[number].lastChanged = values
        return .yes
    }

    /// `loop(items)` runs a recursive loop's body again, one deeper.
    func recurse(_ number: Int, _ arguments: Arguments) throws -> Value {
        let state = loops[number]
        guard state.loop.isRecursive else {
            throw Problem("\"loop\" can be called in a loop marked \"recursive\" only")
        }
        guard arguments.positional.count == 1, arguments.named.isEmpty else {
            throw Problem("\"loop\" is called with one value, the items of the next depth")
        }
        return .string(
            try called {
                let items = arguments.positional[0]
                _ = try run(state.loop, over: items, in: state.scope, depth: state.depth + 1)
            })
    }

    /// The text that a call writes.
    func called(_ body: () throws -> Void) throws -> String {
        guard calls < Self.deepestCall else {
            throw Problem("calls are nested deeper than \(Self.deepestCall)")
        }
        calls += 1
        let before = (output: takeOutput(), scope: scope, line: line)
        try body()
        calls -= 1
        let text = takeOutput()
        restore(before.output)
        scope = before.scope
        line = before.line
        try budget.text(text.utf8.count)
        return text
    }
}
