import Foundation
import Testing

/// What README and the pages beside it say of code and files is true.
@Suite struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func read(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Spaces do not count: `ReadmeSnippets.swift` is formatted, and comments of README stand in columns.
    private func plain(_ line: some StringProtocol) -> String { String(line.filter { !$0.isWhitespace }) }

    @Test func everyLineOfSwiftIsCompiled() throws {
        let compiled = Set(try read("Tests/PlumbLearningTests/ReadmeSnippets.swift").split(separator: "\n").map(plain))
        var isSwift = false
        var count = 0
        for line in try read("README.md").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isSwift = line == "```swift"
            } else if isSwift, !line.isEmpty, !line.hasPrefix("import ") {
                count += 1
                #expect(compiled.contains(plain(line)), "not in ReadmeSnippets.swift: \(line)")
            }
        }
        #expect(count > 20)
    }

    @Test func theTableForUsersOfTransformerLensIsCompiled() throws {
        let compiled = plain(try read("Tests/PlumbLearningTests/ReadmeSnippets.swift"))
        let page = try read("README.md")
        let start = try #require(page.range(of: "| TransformerLens |"))
        let rows = page[start.upperBound...].split(separator: "\n").dropFirst(2).prefix { $0.hasPrefix("|") }
        #expect(rows.count > 8)
        for row in rows {
            let cell = row.split(separator: "|")[2]
            for code in cell.matches(of: /`([^`]+)`/).map({ String($0.output.1) }) where !code.hasPrefix("plumb ") {
                #expect(compiled.contains(plain(code)), "not in ReadmeSnippets.swift: \(code)")
            }
        }
    }

    @Test func headlineRowsAreThoseOfTheBenchmarks() throws {
        let benchmarks = try read("Documentation/benchmarks.md")
        let page = try read("README.md")
        let start = try #require(page.range(of: "| measured |"))
        let rows = page[start.upperBound...].split(separator: "\n").dropFirst(2).prefix { $0.hasPrefix("|") }
        #expect(rows.count == 5)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let line = benchmarks.split(separator: "\n").first { line in
                let found = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                return found.count > 5 && cells.allSatisfy { cell in found.contains { $0.hasPrefix(cell) } }
            }
            #expect(line != nil, "not a row of the benchmarks: \(row)")
        }
    }

    @Test(arguments: ["README.md", "Documentation/records.md", "Documentation/benchmarks.md"])
    func linksLeadToFiles(_ page: String) throws {
        let folder = Self.root.appendingPathComponent(page).deletingLastPathComponent()
        for link in try read(page).matches(of: /\]\(([^)#]+)\)/).map({ String($0.output.1) }) {
            guard !link.hasPrefix("http") else { continue }
            let file = folder.appendingPathComponent(link).path
            #expect(FileManager.default.fileExists(atPath: file), "\(page) links to \(link), which does not exist")
        }
    }
}
