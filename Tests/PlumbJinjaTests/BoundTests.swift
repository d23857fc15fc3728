import Foundation
import PlumbJinja
import Testing

/// No template ends or hangs the process.
@Suite struct BoundTests {
    func problem(_ source: String, _ context: [String: JinjaValue] = [:]) -> JinjaError? {
        do throws(JinjaError) {
            _ = try JinjaTemplate(source).render(context)
            return nil
        } catch { return error }
    }

    static let growth =
        "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(COUNT) %}"
        + "{% set ns.s = ns.s ~ ns.s %}{% endfor %}"

    static func grown(_ count: Int) -> String { growth.replacing("COUNT", with: "\(count)") }

    static let shared =
        "{% set ns = namespace(x=['a']) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}"
        + "{% endfor %}"
    static let keyed =
        "{% set ns = namespace(x=(1, 2)) %}{% for i in range(40) %}{% set ns.x = (ns.x, ns.x) %}"
        + "{% endfor %}"

    static let bombs: [String] = [
        shared + "{{ ns.x }}", shared + "{{ ns.x|tojson }}", shared + "{{ ns.x|pprint }}", shared + "{{ ns.x|string }}",
        shared + "{{ ns.x|join }}", shared + "{{ 'a%s'|format(ns.x) }}", shared + "{{ '{}'.format(ns.x) }}",
        shared + "{% set y = ns.x %}{% set ns.x = ['a'] %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% endfor %}{{ y == ns.x }}{{ y < ns.x }}{{ y in [ns.x] }}",
        keyed + "{{ {ns.x: 1} }}", keyed + "{{ [ns.x]|unique|list }}", keyed + "{{ {}.get(ns.x) }}",
        "{% set ns = namespace(x=['a']) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}hello",
        "{% set ns = namespace(x={}) %}{% for i in range(100000) %}{% set ns.x = {'a': ns.x} %}{% endfor %}hello",
        "{% set ns = namespace(x=()) %}{% for i in range(100000) %}{% set ns.x = (ns.x, ).count %}{% endfor %}hello",
        grown(22), grown(19) + "{{ ns.s|replace('a', ns.s)|length }}", grown(19) + "{{ ns.s|replace('', ns.s) }}",
        grown(18) + "{{ ns.s * 100000 }}", grown(18) + "{{ ns.s.join(range(99999)|map('string')) }}",
        "{{ 'x' * 9223372036854775807 }}", "{{ [1] * 9223372036854775807 }}", "{{ [1, 2] * 4611686018427387904 }}",
        "{{ 'x'|center(9223372036854775807) }}", "{{ 'x'.ljust(1000000000) }}", "{{ 'x'.zfill(1000000000) }}",
        "{{ 'x'|indent(1000000000, true) }}", "{{ ['a']|tojson(indent=1000000000) }}", "{{ '%1000000000d' % 1 }}",
        "{{ '%.1000000000f' % 1.0 }}", "{{ '{:1000000000}'.format('x') }}", "{{ '%*d' % (1000000000, 1) }}",
        "{{ '\t'.expandtabs(1000000000) }}", "{{ [1]|batch(1000000000, 0)|list }}", "{{ [1]|slice(1000000000)|list }}",
        "{{ range(9223372036854775807) }}", "{{ range(-9223372036854775807, 9223372036854775807) }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{% call f(n) %}{% endcall %}{{ caller }}{% endmacro %}{{ f(1) }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% set ns = namespace() %}{% set ns.self = ns %}{{ ns }}",
        "{% for i in range(99) %}{{ ('<' * 8000000)|striptags|length }}{% endfor %}",
        "{% set x = 'a ' * 8000000 %}{% for i in range(99) %}{{ x.split()|length }}{% endfor %}",
        "{% set x = 'é' * 2000000 %}{% for i in range(999) %}{{ x|upper|length }}{{ x[::-1]|length }}{% endfor %}",
        "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}",
        "{{ 2 ** 63 }}", "{{ 99999999999999999999 }}", "{{ 1e300|int }}", "{{ '9' * 30 }}{{ ('9' * 30)|int }}",
        "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}",
        "{{ (-9223372036854775807 - 1)|abs }}", "{% for i in range(99999) %}{{ 'x' * 10000 }}{% endfor %}",
    ]

    @Test(arguments: bombs)
    func isRefusedSoon(_ source: String) throws {
        let start = ContinuousClock.now
        let error = try #require(problem(source))
        #expect(ContinuousClock.now - start < .seconds(8), "\(source.prefix(80)): \(ContinuousClock.now - start)")
        #expect(error.description.utf8.count < 1000)
    }

    /// What is merely large is done.
    @Test func largeWorkIsDone() throws {
        let aligned = Self.grown(15) + "{{ (ns.s ~ 'b').find('aaaaaaaaaaaaaaaaaaaaab') > 0 }}"
        #expect(try JinjaTemplate(aligned).render([:]) == "True")
        let long = "{% for i in range(100000) %}{{ i }}{% endfor %}"
        #expect(try JinjaTemplate(long).render([:]).utf8.count == 488_890)
        let overflow =
            "{{ (-9223372036854775807 - 1) % -1 }}{{ 'abc'[::9223372036854775807] }}"
            + "{{ 'abc'[9223372036854775807:] }}{{ 'abc'[-9223372036854775807:] }}{{ 1 ** 9999999999 }}"
        #expect(try JinjaTemplate(overflow).render([:]) == "0aabc1")
    }

    @Test func nestingIsBounded() {
        let many = 100_000
        func nested(_ opening: String, _ closing: String) -> String {
            String(repeating: opening, count: many) + String(repeating: closing, count: many)
        }
        for source in [
            "{{ " + nested("(", ")") + " }}", "{{ " + nested("[", "]") + " }}", "{{ " + nested("{1:", "}") + " }}",
            "{{ " + nested("f(", ")") + " }}", "{{ x" + nested("[x", "]") + " }}", nested("{% if true %}", ""),
            nested("{% if 1 %}", "{% endif %}"), nested("{% for x in y %}", "{% endfor %}"),
            "{% set " + nested("(", ")") + " = 1 %}", "{{ 1" + String(repeating: " if 1 else 2", count: many) + " }}",
            "{{ '" + nested("{:", "}") + "'.format(1) }}", nested("{% macro f() %}", "{% endmacro %}"),
        ] { #expect(problem(source) != nil, "\(source.prefix(20))") }
        for chain in ["+1", "*1", "**1", " or 0", " and 1", "|trim", ".a", "[0]", "()", " if 1"] {
            let error = problem("{{ x" + String(repeating: chain, count: many) + " }}")
            #expect(error?.problem.contains("more than 150") == true, "\(chain)")
        }
        #expect(problem("{{ " + String(repeating: "not ", count: many) + "1 }}") == nil)
    }

    /// The deepest template within the bounds, on the small stack of a secondary thread.
    @Test func depthFitsIntoASmallStack() async throws {
        let opening = String(repeating: "(", count: 45)
        let closing = String(repeating: ")", count: 45)
        let body = "{% if true %}{% for i in [1] %}{{ \(opening)f(n)\(closing) }}{% endfor %}{% endif %}"
        let deep = "{% macro f(n) %}\(body){% endmacro %}{{ f(1) }}"
        let values =
            "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x] %}{% endfor %}"
            + "{{ ns.x }}{{ ns.x|tojson }}{{ ns.x == ns.x }}"
        let results = await withCheckedContinuation { (continuation: CheckedContinuation<[Bool], Never>) in
            let thread = Thread {
                continuation.resume(returning: [problem(deep) != nil, problem(values) == nil])
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        #expect(results == [true, true])
    }

    @Test func deepContextIsRefused() {
        var value: JinjaValue = 1
        for _ in 0..<200 { value = [value] }
        #expect(problem("{{ x }}", ["x": value])?.problem.contains("deeper") == true)
    }

    @Test func messagesAreShortAndPlain() throws {
        let sources = [
            Self.grown(19) + "{{ raise_exception(ns.s) }}", "{{ raise_exception('\\x1b]0;pwned\\x07\\x1b[31mred') }}",
            "{{ raise_exception('a\\nb\\nc\\nd\\ne\\nf\\ng') }}", "{{ raise_exception('\\u202eback\\u2028line') }}",
            "{{ x." + String(repeating: "y", count: 100_000) + "() }}",
            "{% " + String(repeating: "z", count: 100_000) + " %}",
            "{{ 1|" + String(repeating: "\u{1}", count: 10) + " }}",
        ]
        for source in sources {
            let text = try #require(problem(source)).description
            #expect(text.utf8.count < 1000)
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "\u{202E}" })
        }
    }

    @Test func damagedTemplatesNeverTrap() throws {
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        let text = try String(contentsOf: folder.appending(path: "cases.txt"), encoding: .utf8)
        let lines = text.split(separator: "\n").map(String.init)
        var random = Seeded(state: 5)
        let rounds = ProcessInfo.processInfo.environment["PLUMB_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 3_000
        let words = [
            "{{", "}}", "{%", "%}", "|", ".", "[", "]", "(", ")", "-", "'", "is ", "if ", "**", "ns", "0", "1e9",
        ]
        let context: [String: JinjaValue] = [
            "numbers": [3, 1, 2], "text": "The fox", "table": ["b": 2, "a": 1], "words": ["fig", "Apple"],
            "people": [["name": "Ada", "age": 3], ["name": "Bob", "age": nil]], "messages": [["role": "user"]],
        ]
        for _ in 0..<rounds {
            var scalars = Array((lines.randomElement(using: &random) ?? "").unicodeScalars)
            for _ in 0..<4 where !scalars.isEmpty {
                let place = Int.random(in: 0..<scalars.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: scalars.remove(at: place)
                case 1: scalars.insert(scalars.randomElement(using: &random) ?? "a", at: place)
                case 2: scalars.swapAt(place, Int.random(in: 0..<scalars.count, using: &random))
                case 3:
                    scalars.insert(contentsOf: (words.randomElement(using: &random) ?? "").unicodeScalars, at: place)
                default:
                    let other = (lines.randomElement(using: &random) ?? "").unicodeScalars
                    scalars.insert(contentsOf: other.prefix(Int.random(in: 0...other.count, using: &random)), at: place)
                }
            }
            var source = String.UnicodeScalarView()
            source.append(contentsOf: scalars)
            if let error = problem(String(source), context) { #expect(error.description.utf8.count < 1000) }
        }
    }
}

struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
