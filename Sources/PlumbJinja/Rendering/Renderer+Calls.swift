/// The values a call gives.
struct Arguments {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []

    /// The values by a function's parameters, nil where one is not given.
    func bind(_ function: String, _ parameters: [String], needs count: Int = 0) throws -> [Value?] {
        guard positional.count <= parameters.count else {
            throw Problem("\"\(function)\" takes at most \(parameters.count) arguments, not \(positional.count)")
        }
        var values: [Value?] = positional + Array(repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let place = parameters.firstIndex(of: name), values[place] == nil else {
                throw Problem("\"\(function)\" does not take the argument \"\(name)\" here")
            }
            values[place] = value
        }
        for (parameter, value) in zip(parameters.prefix(count), values) where value == nil {
            throw Problem("\"\(function)\" needs the argument \"\(parameter)\"")
        }
        return values
    }
}

extension Renderer {
    func values(of arguments: CallArguments) throws -> Arguments {
        var result = Arguments()
        for node in arguments.positional { result.positional.append(try value(of: node)) }
        for (name, node) in arguments.named { result.named.append((name, try value(of: node))) }
        if let spread = arguments.spread { result.positional += try items(of: try value(of: spread)) }
        if let spread = arguments.spreadNamed {
            guard case .dictionary(let members) = try value(of: spread) else {
                throw Problem("what follows \"**\" must be a dictionary")
            }
            for (key, value) in zip(members.keys, members.values) {
                guard let name = key.plain, !result.named.contains(where: { $0.name == name }) else {
                    throw Problem("the keys of named arguments must be different strings")
                }
                try budget.spend(result.named.count)
                result.named.append((name, value))
            }
        }
        return result
    }

    func call(_ callee: Value, _ arguments: Arguments) throws -> Value {
        switch callee {
        case .function(let function): return try call(function, arguments)
        case .method(let receiver, let name): return try call(name, of: receiver, arguments)
        case .undefined(let sentence): throw Problem("\(sentence), so it cannot be called")
        case .object(let object):
            let number = Int(object.number)
            switch object.kind {
            case .macro: return .string(try invoke(number, arguments))
            case .loop: return try recurse(number, arguments)
            case .joiner:
                let isUsed = joiners[number].isUsed
                joiners[number].isUsed = true
                return isUsed ? joiners[number].separator : .string("")
            default: throw Problem("\(callee.kind) cannot be called")
            }
        default: throw Problem("\(callee.kind) cannot be called")
        }
    }

    /// A `call` block: the call of a macro with the block as its `caller`.
    func call(_ callee: Node, _ arguments: CallArguments, with macro: Macro) throws {
        let callee = try value(of: callee)
        var arguments = try values(of: arguments)
        try budget.make(256)
        macros.append((macro, scope))
        arguments.named.append(("caller", .object(Object(kind: .macro, number: Int32(macros.count - 1)))))
        guard case .object(let object) = callee, object.kind == .macro else {
            throw Problem("\"call\" needs a macro, not \(callee.kind)")
        }
        try write(try invoke(Int(object.number), arguments))
    }

    private func invoke(_ number: Int, _ arguments: Arguments) throws -> String {
        let (macro, around) = macros[number]
        let count = macro.parameters.count
        var named = arguments.named
        return try called {
            try inner(around) {
                var given: [Value?] = Array(arguments.positional.prefix(count))
                for parameter in macro.parameters.dropFirst(given.count) {
                    let place = named.firstIndex { $0.name == parameter.name }
                    given.append(place.map { named.remove(at: $0).value })
                }
                if macro.mentions.contains("caller"), !macro.parameters.contains(where: { $0.name == "caller" }) {
                    let place = named.firstIndex { $0.name == "caller" }
                    scope.names["caller"] =
                        place.map { named.remove(at: $0).value } ?? .undefined("no \"caller\" is given")
                }
                if macro.mentions.contains("kwargs") {
                    let members = named.map { (key: Value.string($0.name), value: $0.value) }
                    scope.names["kwargs"] = try budget.dictionary(members)
                } else if let extra = named.first {
                    throw Problem("the macro \"\(macro.name)\" takes no argument \"\(extra.name)\"")
                }
                if macro.mentions.contains("varargs") {
                    let extra = Array(arguments.positional.dropFirst(count))
                    scope.names["varargs"] = try budget.sequence(extra, .tuple)
                } else if arguments.positional.count > count {
                    throw Problem(
                        "the macro \"\(macro.name)\" takes at most \(count) arguments, not "
                            + "\(arguments.positional.count)")
                }
                for (parameter, value) in zip(macro.parameters, given) {
                    let missing = Value.undefined("the parameter \"\(parameter.name)\" is not given")
                    scope.names[parameter.name] = try value ?? parameter.value.map { try self.value(of: $0) } ?? missing
                }
                _ = try flow(macro.body)
            }
        }
    }

    func attribute(_ name: String, ofMacro number: Int) throws -> Value {
        let macro = macros[number].macro
        switch name {
        case "name": return .string(macro.name)
        case "arguments": return try budget.sequence(macro.parameters.map { .string($0.name) }, .tuple)
        case "catch_kwargs": return .boolean(macro.mentions.contains("kwargs"))
        case "catch_varargs": return .boolean(macro.mentions.contains("varargs"))
        case "caller": return .boolean(macro.mentions.contains("caller"))
        default: return .undefined("a macro has no \"\(name)\"")
        }
    }

    // MARK: - Functions

    private func call(_ function: Function, _ arguments: Arguments) throws -> Value {
        switch function {
        case .raiseException:
            let message = try arguments.bind("raise_exception", ["message"], needs: 1)[0] ?? Value.none
            throw Problem("it refuses what it was given: \(try text(of: message))")
        case .range: return try range(arguments)
        case .dict: return try budget.dictionary(try members(arguments))
        case .namespace:
            try budget.make(64)
            namespaces.append(Namespace())
            let number = namespaces.count - 1
            for (key, value) in try members(arguments) { try set(key, of: number, to: value) }
            return .object(Object(kind: .namespace, number: Int32(number)))
        case .cycler:
            guard !arguments.positional.isEmpty, arguments.named.isEmpty else {
                throw Problem("\"cycler\" needs values to go through")
            }
            try budget.make(64 + arguments.positional.count * 32)
            cyclers.append((arguments.positional, 0))
            return .object(Object(kind: .cycler, number: Int32(cyclers.count - 1)))
        case .joiner:
            try budget.make(64)
            joiners.append((try arguments.bind("joiner", ["sep"])[0] ?? .string(", "), false))
            return .object(Object(kind: .joiner, number: Int32(joiners.count - 1)))
        case .strftimeNow:
            let format = try arguments.bind("strftime_now", ["format"], needs: 1)[0]?.plain
            guard let format else { throw Problem("\"strftime_now\" needs a string that says how to write the date") }
            isDateAsked = true
            try budget.text(format.utf8.count, times: 12)
            return .string(Calendar(of: now).written(format))
        case .lipsum: throw Problem("\"lipsum\" is not known, since its text is another each time")
        }
    }

    /// What `dict` and `namespace` are made from: a dictionary or pairs, and named values.
    private func members(_ arguments: Arguments) throws -> [(key: Value, value: Value)] {
        guard arguments.positional.count <= 1 else { throw Problem("at most one dictionary can be given here") }
        var members: [(key: Value, value: Value)] = []
        switch arguments.positional.first {
        case nil: break
        case .dictionary(let given): members = Array(zip(given.keys, given.values)).map { (key: $0.0, value: $0.1) }
        case .some(let pairs):
            for pair in try items(of: pairs) {
                let parts = try items(of: pair)
                guard parts.count == 2 else { throw Problem("a dictionary is made from pairs") }
                try budget.check(key: parts[0])
                members.append((parts[0], parts[1]))
            }
        }
        return members + arguments.named.map { (key: .string($0.name), value: $0.value) }
    }

    private func range(_ arguments: Arguments) throws -> Value {
        let numbers = arguments.positional.compactMap(\.whole)
        guard numbers.count == arguments.positional.count, (1...3).contains(numbers.count), arguments.named.isEmpty
        else { throw Problem("\"range\" takes one to three whole numbers") }
        let start = numbers.count > 1 ? numbers[0] : 0
        let end = numbers.count > 1 ? numbers[1] : numbers[0]
        let step = numbers.count > 2 ? numbers[2] : 1
        guard step != 0 else { throw Problem("\"range\" needs a step that is not 0") }
        guard Value.count(start, end, step) <= Budget.longestRange else {
            throw Problem("\"range\" is longer than \(Budget.longestRange)")
        }
        return .range(from: start, to: end, step: step)
    }
}
