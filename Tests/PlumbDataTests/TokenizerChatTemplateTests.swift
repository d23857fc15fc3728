import Foundation
import PlumbBasics
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

@Suite struct TokenizerChatTemplateTests {
    let hello = [ChatMessage(role: "user", content: "Hello")]

    func render(_ source: String) throws -> String {
        try ChatTemplate(source).render(messages: hello, addGenerationPrompt: true, bos: "<s>", eos: "</s>")
    }

    func problem(_ source: String) -> String? {
        do {
            _ = try render(source)
            return nil
        } catch { return "\(error)" }
    }

    @Test func rendersAsTransformersDoes() throws {
        let golden = try TokenizerGolden.json("chat-templates.json")
        let cases = try #require(golden["cases"]?.array)
        try #require(cases.count >= 80)
        for value in cases {
            let messages = try (value["messages"]?.array ?? []).map { message in
                ChatMessage(
                    role: try #require(message.array?[0].text), content: try #require(message.array?[1].text))
            }
            let template = try ChatTemplate(try #require(value["source"]?.text))
            let name = value["name"]?.text ?? ""
            let prompt = value["prompt"] == .boolean(true)
            let bos = golden["bos"]?.text ?? ""
            let eos = golden["eos"]?.text ?? ""
            if let expected = value["rendered"]?.text {
                let text = try template.render(messages: messages, addGenerationPrompt: prompt, bos: bos, eos: eos)
                #expect(text == expected, "\(name)")
            } else {
                #expect(throws: ChatTemplateError.self, "\(name)") {
                    try template.render(messages: messages, addGenerationPrompt: prompt, bos: bos, eos: eos)
                }
            }
        }
    }

    @Test func smolLM2TemplateAddsItsSystemMessage() throws {
        let golden = try TokenizerGolden.json("chat-templates.json")
        let source = try #require(golden["cases"]?.array?.first { $0["name"]?.text == "smollm2" }?["source"]?.text)
        let text = try render(source)
        #expect(text.hasPrefix("<|im_start|>system\nYou are a helpful AI assistant named SmolLM"))
        #expect(text.hasSuffix("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"))
    }

    @Test func namesWhatItDoesNotKnow() {
        let prefix = "chat template, line 1: "
        #expect(problem("{% macro f() %}{% endmacro %}") == prefix + "the tag \"macro\" is not known")
        #expect(problem("{{ 'a' | urlize }}") == prefix + "the filter \"urlize\" is not known")
        #expect(problem("{{ now() }}") == prefix + "the function \"now\" is not known")
        #expect(problem("{{ 'a'.encode() }}") == prefix + "the method \"encode\" of a string is not known")
        #expect(problem("{{ 1 is prime }}") == prefix + "the test \"prime\" of a number is not known")
        #expect(problem("{{ 2 ** 3 }}") == prefix + "the operator \"**\" is not known")
        #expect(
            problem("\n{{ nobody.name }}")
                == "chat template, line 2: \"nobody\", which is undefined, has no attribute \"name\"")
        #expect(problem("{{ raise_exception('no') }}") == prefix + "it refuses these messages: no")
    }

    @Test(arguments: [
        "{{ 1", "{% if %}", "{% if true %}", "{% endif %}", "{% for x %}{% endfor %}", "{{ 'a }}", "{{ 1 + }}",
        "{{ (1 }}",
        "{{ [1 }}", "{{ {'a' 1} }}", "{{ 'a' + 1 }}", "{{ 1 / 0 }}", "{{ 1 % 0 }}", "{{ a b }}", "{# never", "{{ ? }}",
        "{% set x.y = 1 %}", "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ range(1000000) }}",
        "{{ 'abc'[::2] }}", "{{ 1 < 'a' }}", "{% break %}", "{{ '\\ud83d' }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    ])
    func refusesWhatCannotBe(_ source: String) {
        #expect(problem(source)?.hasPrefix("chat template") == true)
    }

    @Test func nestingAndGrowthAreBounded() {
        #expect(
            problem("{{ " + String(repeating: "(", count: 100_000) + String(repeating: ")", count: 100_000) + " }}")?
                .contains("deeper") == true)
        #expect(problem(String(repeating: "{% if true %}", count: 100_000))?.contains("deeper") == true)
        for chain in ["+1", "~1", "*1", " or 0", " and 1", " < 2", "|trim", " is defined", ".a", "[0]", "()", " if 1"] {
            let long = "{{ x" + String(repeating: chain, count: 100_000) + " }}"
            #expect(problem(long)?.contains("chains more than 500") == true, "\(chain)")
        }
        let doubling = "{% set x = 'aaaaaaaaaaaaaaaa' %}" + String(repeating: "{% set x = x + x %}", count: 60)
        #expect(problem(doubling)?.contains("64 MiB") == true)
    }

    @Test func damagedTemplatesNeverTrap() throws {
        let golden = try TokenizerGolden.json("chat-templates.json")
        let sources = Set((golden["cases"]?.array ?? []).compactMap { $0["source"]?.text }).sorted()
        var random = SystemRandomNumberGenerator.Seeded(state: 5)
        for _ in 0..<3_000 {
            var scalars = Array((sources.randomElement(using: &random) ?? "").unicodeScalars)
            for _ in 0..<3 where !scalars.isEmpty {
                let place = Int.random(in: 0..<scalars.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: scalars.remove(at: place)
                case 1: scalars.insert(scalars.randomElement(using: &random) ?? "a", at: place)
                default: scalars.swapAt(place, Int.random(in: 0..<scalars.count, using: &random))
                }
            }
            var source = String.UnicodeScalarView()
            source.append(contentsOf: scalars)
            do { _ = try render(String(source)) } catch { #expect(error is ChatTemplateError) }
        }
    }

    @Test func aModelWithoutATemplateSaysSo() throws {
        let tokenizer = try TokenizerGolden.small("gpt2")
        #expect(try tokenizer.chatTemplate == nil)
        #expect(throws: ChatTemplateError.self) { try tokenizer.render(hello) }
    }
}
