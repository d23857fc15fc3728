/// An experiment's settings as command-line options, read off its default values.
///
/// Every member of the defaults becomes an option named after it in kebab case; the members of a ``SettingGroup`` take the
/// group's place. Nothing is declared twice: the name, the type, the help, the range, whether it may be absent and the
/// default all come from how the settings encode themselves.
///
/// ```swift
/// let schema = try ActivationPatching.schema()
/// let overrides = try schema.parse(arguments)                    // ["--clean", "When …", "--sites", "z,mlp_out"]
/// let settings = try schema.settings(ActivationPatching.Settings.self, overrides: overrides)
/// ```
public struct SettingsSchema: Sendable, Equatable {
    /// One option that was given: its name, in Swift's or the command line's spelling, and its value as typed.
    public typealias Override = (name: String, value: String)

    /// The settings in the order in which they are declared.
    public let fields: [SettingsField]

    /// - Parameters:
    ///   - defaults: settings whose members become the options; a settings type without members has none.
    /// - Throws: what `defaults.encode(to:)` throws; ``SettingsError`` where two groups have settings of one name.
    public init(defaults: some Encodable) throws {
        fields = try JSONNode.encoding(defaults).settings().map { path, node in
            SettingsField(
                path: path, kind: node.kind, isOptional: node.isOptional, defaultValue: node.value,
                help: node.help, range: node.range)
        }
        let names = fields.map(\.name)
        if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
            throw SettingsError("two settings are called \(names[twice]): rename one of them")
        }
    }

    /// Settings as one object without groups, as options and records have them.
    ///
    /// - Throws: what `settings.encode(to:)` throws.
    public func flattened(_ settings: some Encodable) throws -> JSONValue {
        let members = try JSONNode.encoding(settings).settings().map { ($0.path.last ?? "", $0.node.value) }
        return .object(Dictionary(members.filter { !$0.1.isNull }, uniquingKeysWith: { _, last in last }))
    }

    /// The same object with the members of groups where the settings' type has them.
    private func grouped(_ settings: JSONValue) -> JSONValue {
        func insert(_ value: JSONValue?, at path: ArraySlice<String>, in object: inout [String: JSONValue]) {
            guard let name = path.first else { return }
            guard path.count > 1 else {
                object[name] = value
                return
            }
            var group = object[name]?.object ?? [:]
            insert(value, at: path.dropFirst(), in: &group)
            object[name] = .object(group)
        }
        var result: [String: JSONValue] = [:]
        for field in fields { insert(settings[field.name], at: field.path[...], in: &result) }
        return .object(result)
    }

    /// All defaults as one object; absent optional settings are left out.
    public var defaults: JSONValue {
        let present = fields.filter { !($0.isOptional && $0.defaultValue.isNull) }
        return .object(
            Dictionary(present.map { ($0.name, $0.defaultValue) }, uniquingKeysWith: { _, last in last }))
    }

    /// The setting called `name`, spelled `learningRate`, `learning-rate`, `learning_rate` or `--learning-rate`.
    public func field(named name: String) -> SettingsField? {
        let plain = String(name.drop { $0 == "-" })
        return fields.first {
            $0.name == plain || $0.option == plain || $0.option == SettingsField.kebabCase(plain)
        }
    }

    /// Refuses settings that hold a number outside its range.
    ///
    /// - Throws: `SettingsError` naming the option, the number and the range.
    public func check(_ settings: JSONValue) throws {
        for field in fields {
            if let value = settings[field.name] { try field.check(value) }
        }
    }

    /// The settings with `overrides` applied, later ones winning.
    /// - Parameters:
    ///   - overrides: the options given, by name and with their values as typed.
    ///   - base: settings to start from, for example a preset; the defaults when `nil`.
    /// - Throws: `SettingsError` naming the option, what was found and what it expects.
    public func apply(overrides: [Override], to base: JSONValue? = nil) throws -> JSONValue {
        var members = (base ?? defaults).object ?? [:]
        for (name, text) in overrides {
            guard let field = field(named: name) else { throw unknown(name) }
            members[field.name] = try field.parse(text)
        }
        return .object(members.filter { !$0.value.isNull })
    }

    /// The settings, with `overrides` applied, as the experiment's own type.
    /// - Throws: `SettingsError`.
    public func settings<Settings: Decodable>(
        _ type: Settings.Type = Settings.self, overrides: [Override] = [], base: JSONValue? = nil
    ) throws -> Settings {
        do {
            return try grouped(apply(overrides: overrides, to: base)).decode(type)
        } catch let error as DecodingError {
            throw SettingsError(decoding: error)
        }
    }

    /// Sorts command-line words into options: `--name value`, `--name=value`, `--flag`, `--no-flag`, `--flag false`.
    ///
    /// The word after an option is its value whatever it begins with, so `--offset -3` works; only another known
    /// option's name is not taken for a value (write `--text=--seed` where it is meant).
    /// - Parameters:
    ///   - arguments: the words, without those that the command itself has taken.
    ///   - otherOptions: options the command itself knows, named only so that "did you mean" can offer them.
    /// - Throws: `SettingsError` for an unknown option, a missing value or a word that belongs to no option.
    public func parse(_ arguments: [String], otherOptions: [String] = []) throws -> [Override] {
        var overrides: [Override] = []
        var index = 0
        while index < arguments.count {
            let word = arguments[index]
            index += 1
            guard word.hasPrefix("--"), word.count > 2 else {
                throw SettingsError("unexpected argument \"\(word)\": settings are given as --name value")
            }
            let parts = word.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let field = field(named: name) else {
                if name.hasPrefix("no-"), parts.count == 1,
                    let flag = self.field(named: String(name.dropFirst(3))), flag.kind == .boolean
                {
                    overrides.append((flag.name, "false"))
                    continue
                }
                throw unknown(name, otherOptions: otherOptions)
            }
            if parts.count == 2 {
                overrides.append((field.name, String(parts[1])))
                continue
            }
            let next = index < arguments.count && !isOption(arguments[index]) ? arguments[index] : nil
            if field.kind == .boolean {
                let isValue = next.map { ["true", "false", "none"].contains($0) } ?? false
                overrides.append((field.name, isValue ? next ?? "true" : "true"))
                index += isValue ? 1 : 0
                continue
            }
            guard let next else {
                throw SettingsError("--\(field.option) needs a value: it expects \(field.kind.expectation)")
            }
            overrides.append((field.name, next))
            index += 1
        }
        return overrides
    }

    private func isOption(_ word: String) -> Bool {
        guard word.hasPrefix("--") else { return false }
        let name = String(word.dropFirst(2).prefix { $0 != "=" })
        return field(named: name) != nil
            || (name.hasPrefix("no-") && field(named: String(name.dropFirst(3))) != nil)
    }

    private func unknown(_ name: String, otherOptions: [String] = []) -> SettingsError {
        let plain = String(name.drop { $0 == "-" })
        let known = fields.map(\.option) + otherOptions.map { String($0.drop { $0 == "-" }) }
        if let match = closestMatch(to: plain, in: known) {
            return SettingsError("unknown option --\(plain): did you mean --\(match)?")
        }
        if fields.isEmpty {
            return SettingsError("unknown option --\(plain): this experiment has no settings")
        }
        let list = fields.map { "--" + $0.option }.joined(separator: ", ")
        return SettingsError("unknown option --\(plain): the settings are \(list)")
    }
}
