import PlumbBasics
import Testing

@Suite struct VisibleTextTests {
    @Test(
        arguments: [
            ("plain text, é, 日本, 🙂", "plain text, é, 日本, 🙂"),
            ("\u{1B}[2J", "⟨U+001B⟩[2J"), ("a\nb\tc\r", "a⟨U+000A⟩b⟨U+0009⟩c⟨U+000D⟩"),
            ("\u{7F}\u{85}\u{9B}", "⟨U+007F⟩⟨U+0085⟩⟨U+009B⟩"),
            ("\u{202E}\u{2066}\u{200B}\u{2028}", "⟨U+202E⟩⟨U+2066⟩⟨U+200B⟩⟨U+2028⟩"),
            ("\u{FEFF}\u{FFFE}\u{AD}\u{3164}\u{E0041}", "⟨U+FEFF⟩⟨U+FFFE⟩⟨U+00AD⟩⟨U+3164⟩⟨U+E0041⟩"),
            ("👩‍👩‍👧 ❤️", "👩‍👩‍👧 ❤️"),
        ])
    func whatWouldActOrHideIsShownByItsNumber(_ text: String, _ shown: String) {
        #expect(visible(text) == shown)
    }

    @Test func longTextIsCut() {
        #expect(visible("abcdef", limit: 3) == "abc…")
        #expect(visible("abc", limit: 3) == "abc")
        #expect(visible(String(repeating: "\u{301}", count: 1_000_000)).unicodeScalars.count == 201)
        #expect(visible("", limit: 0) == "")
        #expect(visible("a", limit: -1) == "…")
    }
}
