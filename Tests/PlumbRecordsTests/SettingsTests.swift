import PlumbRecords
import Testing

private enum Direction: String, Codable, CaseIterable { case denoising, noising }

private struct Site: RawRepresentable, Codable, Equatable { var rawValue: String }

private struct Example: Codable, Equatable {
    var model = "smollm2-135m"
    var direction = Direction.denoising
    var sites = [Site(rawValue: "z")]
    @Setting("Which.", 0...11) var layers: [Int] = []
    @Setting("How fast.", 1e-9...10) var learningRate = 1.0
    var dropout: Float = 0.1
    @Setting("How many.", 1...1000) var steps = 100
    var budget: UInt32 = 3
    var useKVCache = true
    var pairs: String?
    var cutoff: Double?
    var mode: Direction?
}

@Suite struct SettingsTests {
    private let schema: SettingsSchema

    init() throws { schema = try SettingsSchema(defaults: Example()) }

    private func settings(_ arguments: String...) throws -> Example {
        try schema.settings(
            Example.self, overrides: schema.parse(arguments, otherOptions: ["--seed", "--json"]))
    }

    private func message(_ arguments: String...) -> String {
        do {
            _ = try schema.settings(
                Example.self, overrides: schema.parse(arguments, otherOptions: ["--seed", "--json"]))
            return "no error"
        } catch { return "\(error)" }
    }

    @Test func fieldsFollowTheDeclaration() {
        #expect(
            schema.fields.map(\.option) == [
                "model", "direction", "sites", "layers", "learning-rate", "dropout", "steps", "budget",
                "use-kv-cache",
                "pairs", "cutoff", "mode",
            ])
        #expect(
            schema.fields.map(\.kind) == [
                .string, .choice(["denoising", "noising"]), .array(.string),
                .array(.integer(from: .min, to: UInt64(Int.max))), .number,
                .number, .integer(from: .min, to: UInt64(Int.max)), .integer(from: 0, to: UInt64(UInt32.max)), .boolean,
                .string,
                .number,
                .choice(["denoising", "noising"]),
            ])
        #expect(
            schema.fields.map(\.isOptional) == Array(repeating: false, count: 9) + [true, true, true])
        #expect(
            schema.fields.map(\.defaultText) == [
                "smollm2-135m", "denoising", "z", "", "1.0", "0.1", "100", "3", "true", "none", "none",
                "none",
            ])
        #expect(schema.field(named: "--steps")?.help == "How many.")
        #expect(schema.field(named: "learning_rate")?.name == "learningRate")
    }

    @Test func defaultsComeBackUnchanged() throws {
        #expect(try settings() == Example())
    }

    @Test func everyKindIsRead() throws {
        let read = try settings(
            "--model", "--odd", "--direction", "noising", "--sites=resid_pre,mlp_out", "--layers",
            "-1, 2",
            "--learning-rate", "-3e-4", "--steps", "-5", "--no-use-kv-cache", "--pairs", "a=b",
            "--cutoff", "inf",
            "--mode", "noising", "--dropout=.5")
        var expected = Example()
        expected.model = "--odd"
        expected.direction = .noising
        expected.sites = [Site(rawValue: "resid_pre"), Site(rawValue: "mlp_out")]
        expected.layers = [-1, 2]
        expected.learningRate = -3e-4
        expected.steps = -5
        expected.useKVCache = false
        expected.pairs = "a=b"
        expected.cutoff = .infinity
        expected.mode = .noising
        expected.dropout = 0.5
        #expect(try settings("--use-kv-cache", "--steps", "2").useKVCache)
        #expect(try settings("--use-kv-cache", "false").useKVCache == false)
        #expect(try settings("--pairs", "x", "--pairs", "none").pairs == nil)
        #expect(
            try settings("--sites", "[\"a,b\", \" c\"]").sites == [
                Site(rawValue: "a,b"), Site(rawValue: " c"),
            ])
        #expect(read == expected)
    }

    @Test func mistakesAreNamed() {
        #expect(message("--step", "3") == "unknown option --step: did you mean --steps?")
        #expect(message("--jsno") == "unknown option --jsno: did you mean --json?")
        #expect(message("--steps", "many") == "--steps expects an integer; found \"many\"")
        #expect(message("--budget", "-1") == "--budget expects an integer from 0 to 4294967295; found \"-1\"")
        #expect(message("--cutoff", "nan") == "--cutoff expects a number; found \"nan\" (or none)")
        #expect(
            message("--direction", "noisng")
                == "--direction expects one of denoising, noising; found \"noisng\": did you mean noising?")
        #expect(message("--steps") == "--steps needs a value: it expects an integer")
        #expect(message("--steps", "--model", "x") == "--steps needs a value: it expects an integer")
        #expect(message("steps").hasPrefix("unexpected argument \"steps\""))
        #expect(message("--use-kv-cache=yes") == "--use-kv-cache expects true or false; found \"yes\"")
        #expect(message("--layers", "1,x").contains("where each is an integer"))
        #expect(message("--budget", "5000000000").hasPrefix("--budget expects an integer from 0 to"))
    }

    @Test func presetsAreABase() throws {
        let base = try JSONValue(
            encoding: {
                var e = Example()
                e.steps = 7
                e.model = "m"
                return e
            }())
        let read: Example = try schema.settings(overrides: [("steps", "8")], base: base)
        #expect(read.steps == 8 && read.model == "m")
    }

    @Test func namesBecomeKebabCase() {
        for (name, kebab) in [
            ("numLayers", "num-layers"), ("useKVCache", "use-kv-cache"), ("top_k", "top-k"),
            ("URLs", "ur-ls"), ("a", "a"),
            ("gptModel2", "gpt-model2"),
        ] {
            #expect(SettingsField.kebabCase(name) == kebab)
        }
    }

    @Test func nearWordsAreOffered() {
        let sites = ["resid_pre", "attn_out", "mlp_out", "z"]
        #expect(closestMatch(to: "resid_per", in: sites) == "resid_pre")
        #expect(closestMatch(to: "MLP_OUT", in: sites) == "mlp_out")
        #expect(closestMatch(to: "attn", in: sites) == "attn_out")
        #expect(closestMatch(to: "banana", in: sites) == nil)
        #expect(closestMatch(to: "q", in: sites) == nil)
        #expect(closestMatch(to: "", in: sites) == nil)
    }

    @Test func numbersOutsideTheirRangeAreNamed() throws {
        func message(_ name: String, _ value: JSONValue) -> String {
            do { try schema.check(.object([name: value])) } catch { return "\(error)" }
            return ""
        }
        #expect(message("steps", .integer(1)) + message("budget", .integer(-7)) == "")
        #expect(message("layers", .array([.integer(0), .integer(11)])) == "")
        #expect(message("steps", .integer(0)) == "--steps 0: it must be from 1 to 1000")
        #expect(message("steps", .integer(.max)) == "--steps 9223372036854775807: it must be from 1 to 1000")
        #expect(message("learningRate", JSONValue(Double.nan)) == "--learning-rate nan: it must be from 1e-09 to 10")
        #expect(message("learningRate", JSONValue(Double.infinity)).hasPrefix("--learning-rate inf: "))
        #expect(
            message("layers", .array([.integer(3), .integer(12)])) == "--layers 3,12: each must be from 0 to 11")
        #expect(
            schema.field(named: "steps")?.rangeText == "from 1 to 1000"
                && schema.field(named: "budget")?.rangeText == nil)
    }
}
