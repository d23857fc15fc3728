extension Renderer {
    static let filterNames: Set<String> = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape",
        "filesizeformat", "first", "float", "forceescape", "format", "groupby", "indent", "int", "items", "join",
        "last", "length", "list", "lower", "map", "max", "min", "pprint", "reject", "rejectattr", "replace", "reverse",
        "round", "safe", "select", "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson",
        "trim", "truncate", "unique", "upper", "urlencode", "wordcount", "wordwrap", "xmlattr",
    ]

    /// A value put through a filter.
    func filter(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Value {
        switch name {
        case "default", "d":
            let given = try arguments.bind(name, ["default_value", "boolean"])
            let isMissing = value.isUndefined || given[1]?.isTrue ?? false && !value.isTrue
            return isMissing ? given[0] ?? .string("") : value
        case "tojson": return try json(value, arguments)
        case "pprint":
            _ = try arguments.bind(name, [])
            return .string(try pretty(value))
        case "abs", "int", "float", "round", "sum", "filesizeformat": return try numeric(name, value, arguments)
        case "map", "select", "reject", "selectattr", "rejectattr": return try lazy(name, value, arguments)
        case "sort", "dictsort", "unique", "groupby", "min", "max": return try ordering(name, value, arguments)
        case "attr":
            let name = try string(try arguments.bind(name, ["name"], needs: 1)[0], name)
            if case .dictionary = value { return try attribute(name, of: value, isItemToo: false) }
            if value.isUndefined { return .undefined("an undefined value has no \"\(name.prefix(80))\"") }
            return try attribute(name, of: value)
        case "batch", "slice", "list", "first", "last", "length", "count", "reverse", "items", "join":
            return try sequence(name, value, arguments)
        default:
            guard Self.filterNames.contains(name) else { throw Problem("the filter \"\(name)\" is not known") }
            return try textual(name, value, arguments)
        }
    }

    // MARK: - Selection

    /// Filters that give an iterator.
    private func lazy(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Value {
        guard value.isTrue else { return try iterator([]) }
        var kept: [Value] = []
        do {
            let change = name == "map" ? try mapping(arguments) : try selection(name, arguments)
            let (items, failure) = try itemsBeforeFailure(of: value)
            for item in items {
                try enter()
                defer { walk -= 1 }
                if let changed = try change(item) { kept.append(changed) }
            }
            if let failure { throw failure }
        } catch let problem as Problem { return try iterator(kept, failure: problem) }
        return try iterator(kept)
    }

    /// Gives an item where it is selected.
    private func selection(_ name: String, _ arguments: Arguments) throws -> (Value) throws -> Value? {
        var given = arguments
        let takesAttribute = name.hasSuffix("attr")
        guard !takesAttribute || !given.positional.isEmpty else {
            throw Problem("\"\(name)\" needs the name of an attribute")
        }
        let attribute = takesAttribute ? given.positional.removeFirst() : nil
        let test = given.positional.isEmpty ? nil : try string(given.positional.removeFirst(), name)
        let isKept = name.hasPrefix("select")
        return { [rest = given] item in
            let subject = try attribute.map { try self.part($0, of: item) } ?? item
            let passes = try test.map { try self.test($0, subject, rest) } ?? subject.isTrue
            return passes == isKept ? item : nil
        }
    }

    private func mapping(_ arguments: Arguments) throws -> (Value) throws -> Value? {
        var given = arguments
        guard given.positional.isEmpty else {
            let filter = try string(given.positional.removeFirst(), "map")
            return { [rest = given] item in try self.filter(filter, item, rest) }
        }
        let parts = try given.bind("map", ["attribute", "default"], needs: 1)
        return { item in try self.part(parts[0] ?? Value.none, of: item, or: parts[1]) }
    }

    /// The attribute of an item by a path such as `function.name` or `0`.
    func part(_ path: Value, of value: Value, or other: Value? = nil) throws -> Value {
        guard let text = path.plain else { return path.isNone ? value : try item(path, of: value) }
        var value = value
        for name in text.split(separator: ".", omittingEmptySubsequences: false) {
            let isPlace = !name.isEmpty && name.allSatisfy(\.isNumber)
            value = try item(
                isPlace ? Int(name).map { Value.integer($0) } ?? Value.none : .string(String(name)), of: value)
            if let other, !other.isNone, value.isUndefined { value = other }
        }
        return value
    }

    // MARK: - Order

    private func folded(_ value: Value) throws -> Value {
        guard let text = value.plain else { return value }
        try budget.text(text.utf8.count, times: 3)
        return .string(text.lowercased())
    }

    private func ordering(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Value {
        switch name {
        case "dictsort":
            let given = try arguments.bind(name, ["case_sensitive", "by", "reverse"])
            let by = given[1]?.plain ?? "key"
            guard by == "key" || by == "value", given[1] == nil || given[1]?.plain != nil else {
                throw Problem("\"dictsort\" sorts by \"key\" or by \"value\"")
            }
            guard case .dictionary(let members) = value else {
                throw Problem("\"dictsort\" needs a dictionary, not \(described(value))")
            }
            let isExact = given[0]?.isTrue ?? false
            return try budget.sequence(
                try budget.sorted(
                    try pairs(members),
                    by: { pair in
                        let key = try item(.integer(by == "key" ? 0 : 1), of: pair)
                        return isExact ? key : try folded(key)
                    }, reverse: given[2]?.isTrue ?? false))
        case "sort":
            let given = try arguments.bind(name, ["reverse", "case_sensitive", "attribute"])
            let isExact = given[1]?.isTrue ?? false
            let paths =
                (given[2]?.plain).map { $0.split(separator: ",").map { Value.string(String($0)) } } ?? [
                    given[2] ?? Value.none
                ]
            return try budget.sequence(
                try budget.sorted(
                    try items(of: value),
                    by: { item in
                        let keys = try paths.map { path in
                            let key = try part(path, of: item)
                            return isExact ? key : try folded(key)
                        }
                        return try budget.sequence(keys)
                    }, reverse: given[0]?.isTrue ?? false))
        case "groupby": return try grouped(value, arguments)
        case "unique":
            let given = try arguments.bind(name, ["case_sensitive", "attribute"])
            return try iterator(try distinct(value, given[1] ?? Value.none, isExact: given[0]?.isTrue ?? false))
        default:
            let given = try arguments.bind(name, ["case_sensitive", "attribute"])
            let isExact = given[0]?.isTrue ?? false
            var best: (value: Value, key: Value)?
            for item in try items(of: value) {
                let own = try part(given[1] ?? Value.none, of: item)
                let key = isExact ? own : try folded(own)
                guard let now = best else {
                    best = (item, key)
                    continue
                }
                if name == "min" ? try budget.isLess(key, now.key) : try budget.isLess(now.key, key) {
                    best = (item, key)
                }
            }
            return best?.value ?? .undefined("\"\(name)\" of nothing is undefined")
        }
    }

    private func distinct(_ value: Value, _ path: Value, isExact: Bool) throws -> [Value] {
        var seen: Set<Key> = []
        return try items(of: value).filter { item in
            let own = try part(path, of: item)
            let key = isExact ? own : try folded(own)
            try budget.check(key: key)
            try budget.make(64)
            return seen.insert(Key(key)).inserted
        }
    }

    private func grouped(_ value: Value, _ arguments: Arguments) throws -> Value {
        let given = try arguments.bind("groupby", ["attribute", "default", "case_sensitive"], needs: 1)
        let isExact = given[2]?.isTrue ?? false
        func own(_ item: Value) throws -> Value { try part(given[0] ?? Value.none, of: item, or: given[1]) }
        func key(_ item: Value) throws -> Value { isExact ? try own(item) : try folded(try own(item)) }
        var groups: [(key: Value, name: Value, items: [Value])] = []
        for item in try budget.sorted(try items(of: value), by: key, reverse: false) {
            let itemKey = try key(item)
            if let last = groups.last, try budget.isEqual(last.key, itemKey) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((itemKey, try own(item), [item]))
            }
        }
        return try budget.sequence(
            try groups.map { try budget.sequence([$0.name, try budget.sequence($0.items)], .group) })
    }
}
