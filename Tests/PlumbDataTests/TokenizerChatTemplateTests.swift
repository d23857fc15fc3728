import Foundation
import PlumbBasics
import PlumbJinja
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

@Suite struct TokenizerChatTemplateTests {
    let hello = [ChatMessage(role: "user", content: "Hello")]

    func render(_ source: String) throws -> String {
        try ChatTemplate(source).rendering(
            messages: hello, addGenerationPrompt: true, specialTokens: ["bos_token": "<s>", "eos_token": "</s>"]
        ).text
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
            let special = ["bos_token": golden["bos"]?.text ?? "", "eos_token": golden["eos"]?.text ?? ""]
            if let expected = value["rendered"]?.text {
                let text = try template.rendering(
                    messages: messages, addGenerationPrompt: prompt, specialTokens: special
                ).text
                #expect(text == expected, "\(name)")
            } else {
                #expect(throws: ChatTemplateError.self, "\(name)") {
                    try template.rendering(messages: messages, addGenerationPrompt: prompt, specialTokens: special)
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

    @Test func errorsSayThatTheTemplateIsMeant() {
        let prefix = "chat template, line 1: "
        #expect(problem("{{ 'a' | urlize }}") == prefix + "the filter \"urlize\" is not known")
        #expect(problem("{% include 'a' %}") == prefix + "\"include\" is not known: a template is one text here")
        #expect(
            problem("\n{{ nobody.name }}")
                == "chat template, line 2: \"nobody\" is undefined, so it has no \"name\"")
        #expect(problem("{{ raise_exception('no') }}") == prefix + "it refuses what it was given: no")
    }

    @Test func tellsTheDateThatItWrote() throws {
        let now = Date(timeIntervalSince1970: 1_720_000_000)
        let dated = try ChatTemplate("{{ strftime_now('%Y') }}")
        let rendering = try dated.rendering(messages: hello, addGenerationPrompt: true, now: now)
        #expect(rendering.text == "2024" && rendering.date == now)
        let plain = try ChatTemplate("{{ messages[0].content }}")
        #expect(try plain.rendering(messages: hello, addGenerationPrompt: true, now: now).date == nil)
    }

    @Test func toolsReachTheTemplate() throws {
        let template = try ChatTemplate("{% for t in tools %}{{ t.name }} {% endfor %}{{ messages[0].content }}")
        let text = try template.rendering(messages: hello, addGenerationPrompt: true, tools: [["name": "weather"]]).text
        #expect(text == "weather Hello")
    }

    @Test func aModelWithoutATemplateSaysSo() throws {
        let tokenizer = try TokenizerGolden.small("gpt2")
        #expect(try tokenizer.chatTemplate == nil)
        #expect(throws: ChatTemplateError.self) { try tokenizer.render(hello) }
    }
}
