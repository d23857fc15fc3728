import Foundation
import PlumbJinja
import Testing

/// What Jinja2 itself made of the same templates; `Scripts/record-jinja.py` records it.
@Suite struct GoldenTests {
    struct Case: Decodable {
        let name: String
        let source: String?
        let file: String?
        let chat: String?
        let rendered: String?
        let error: String?
    }

    struct Golden: Decodable {
        let context: JinjaValue
        let base: JinjaValue
        let chats: JinjaValue
        let cases: [Case]
        let conversations: [Case]
    }

    let golden: Golden
    let now: Date

    init() throws {
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        let json = try Data(contentsOf: folder.appending(path: "renderings.json"))
        golden = try JSONDecoder().decode(Golden.self, from: json)
        let components = DateComponents(year: 2024, month: 7, day: 6, hour: 13, minute: 5, second: 9)
        now = try #require(Foundation.Calendar(identifier: .gregorian).date(from: components)).addingTimeInterval(0.12)
    }

    /// Dictionaries are recorded as pairs, since a decoder does not keep the order of keys.
    static func restored(_ value: JinjaValue) -> JinjaValue {
        switch value {
        case .list(let items): return .list(items.map(restored))
        case .dictionary(let members):
            guard case .list(let pairs) = members.first?.value else { return value }
            return .dictionary(
                pairs.compactMap { pair in
                    guard case .list(let parts) = pair, case .string(let key) = parts.first else { return nil }
                    return (key: key, value: restored(parts[1]))
                })
        default: return value
        }
    }

    static func members(_ value: JinjaValue?) -> [String: JinjaValue] {
        guard let value, case .dictionary(let members) = restored(value) else { return [:] }
        return Dictionary(members.map { ($0.key, $0.value) }) { $1 }
    }

    /// How a rendering differs from the recorded one; nil where it is the same.
    func difference(_ test: Case, _ source: String, _ context: [String: JinjaValue]) -> String? {
        do {
            let text = try JinjaTemplate(source).render(context, now: now)
            if text.utf8.elementsEqual((test.rendered ?? "").utf8), test.rendered != nil { return nil }
            return "\(test.name): \(source)\n  ours:   \(text.debugDescription)\n"
                + "  theirs: \(test.rendered?.debugDescription ?? test.error ?? "")"
        } catch {
            if test.rendered == nil { return nil }
            return "\(test.name): \(source)\n  ours:   \(error)\n  theirs: \(test.rendered?.debugDescription ?? "")"
        }
    }

    @Test func everyTemplateIsRenderedAsJinja2Does() throws {
        try #require(golden.cases.count >= 480)
        let context = Self.members(golden.context)
        let differences = golden.cases.compactMap { difference($0, $0.source ?? "", context) }
        #expect(differences.isEmpty, "\(differences.count) differ:\n\(differences.joined(separator: "\n"))")
    }

    @Test func everyChatIsRenderedAsJinja2Does() throws {
        try #require(golden.conversations.count >= 50)
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        let (chats, base) = (Self.members(golden.chats), Self.members(golden.base))
        var differences: [String] = []
        for test in golden.conversations {
            let file = folder.appending(path: "chats").appending(path: try #require(test.file))
            let source = try String(contentsOf: file, encoding: .utf8)
            // The values inside are restored already, so they are taken as they are.
            guard case .dictionary(let chat) = try #require(chats[test.chat ?? ""]) else { continue }
            let context = base.merging(chat.map { ($0.key, $0.value) }) { $1 }
            if let difference = difference(test, source, context) {
                differences.append(difference)
            }
        }
        #expect(differences.isEmpty, "\(differences.count) differ:\n\(differences.joined(separator: "\n"))")
    }
}
