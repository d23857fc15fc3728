import Foundation

/// Ends a text at the first of some strings, and holds back what may be the beginning of one.
struct StopStrings {
    private let strings: [String]
    /// What was not shown yet.
    private var held = ""
    /// Whether one of the strings has come.
    private(set) var isStopped = false

    /// Strings that end a text; empty ones are left out.
    init(_ strings: [String]) { self.strings = strings.filter { !$0.isEmpty } }

    /// Takes the next part of the text; what can be shown of it.
    mutating func append(_ part: String) -> String {
        guard !strings.isEmpty else { return part }
        guard !isStopped else { return "" }
        held += part
        if let end = strings.compactMap({ held.range(of: $0)?.lowerBound }).min() {
            isStopped = true
            defer { held = "" }
            return String(held[..<end])
        }
        // The longest end of the text that may begin one of the strings.
        let kept =
            strings.map { string in
                (1..<max(1, string.count)).last { held.hasSuffix(string.prefix($0)) } ?? 0
            }.max() ?? 0
        let shown = String(held.dropLast(kept))
        held = String(held.suffix(kept))
        return shown
    }

    /// What was held back when the text ends.
    mutating func finish() -> String {
        defer { held = "" }
        return held
    }
}
