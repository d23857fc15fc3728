import PlumbRecords

extension HTMLReport {
    /// Method, hypothesis, limits and references beside the settings.
    static func background(_ record: RunRecord) -> String {
        let card = record.card
        let method = Page.section(
            "Method",
            [
                ("", card.method), ("Hypothesis. ", card.hypothesis), ("Control. ", card.control),
                ("Limits. ", card.limits), ("Changed after results were seen. ", card.changes),
            ].filter { !$0.1.isEmpty }.map { label, text in
                "<p>\(label.isEmpty ? "" : "<b>\(label)</b>")\(Page.prose(text))</p>\n"
            }.joined() + references(card.references))
        let members = (record.settings.object ?? [:]).sorted { $0.key < $1.key }
        let settings = members.map { name, value in
            (term: name, value: "<code>\(Page.prose(text(of: value)))</code>")
        }
        let list = settings.isEmpty ? "<p>This experiment has no settings.</p>\n" : Page.definitions(settings)
        return "<div class=\"pair\">\n\(method)\(Page.section("Settings", list))</div>\n"
    }

    private static func text(of value: JSONValue) -> String {
        if let elements = value.array, elements.allSatisfy({ $0.array == nil && $0.object == nil }) {
            return elements.map { $0.text(.compact) }.joined(separator: ", ")
        }
        return value.text(.compact)
    }

    private static func references(_ references: [Reference]) -> String {
        guard !references.isEmpty else { return "" }
        let items = references.map { reference in
            var item = "\(Page.prose(reference.authors)) (\(reference.year)). <i>\(Page.prose(reference.title))</i>."
            if let identifier = reference.arXiv {
                let isPlain = identifier.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "./-".contains($0)) }
                let label = "arXiv:\(Markup.escape(identifier))"
                item +=
                    isPlain
                    ? " <a href=\"https://arxiv.org/abs/\(identifier)\" rel=\"noreferrer\">\(label)</a>" : " \(label)"
            }
            return "<li>\(item)</li>\n"
        }
        return "<h3>References</h3>\n<ol>\n\(items.joined())</ol>\n"
    }

    /// Everything needed to get the same numbers again.
    static func provenance(_ record: RunRecord) -> String {
        let host = record.host
        var pairs: [(term: String, value: String)] = [
            ("Plumbline", Page.prose(record.version)), ("Seed", "<code>\(record.seed)</code>"),
            ("Arithmetic", Page.prose(record.arithmetic)), ("Started", Markup.escape(record.started.description)),
            ("Wall time", NumberText.duration(record.wallSeconds)),
        ]
        if let cpu = record.cpuSeconds { pairs.append(("Processor time", NumberText.duration(cpu))) }
        pairs += [
            ("Machine", Page.prose("\(host.processor), \(host.cores) cores, \(NumberText.bytes(host.memoryBytes))")),
            ("System", Page.prose(host.os)), ("Kernels", Page.prose("\(host.isa), \(host.threads) threads")),
        ]
        if !record.commandLine.isEmpty {
            let words = record.commandLine.map(shellWord).joined(separator: " ")
            pairs.append(("Command", "<code>\(Page.prose(words))</code>"))
        }
        if let commit = record.build?.commit { pairs.append(("Commit", "<code>\(Page.prose(commit))</code>")) }
        if let hash = record.build?.executable {
            pairs.append(("Executable", "<code>sha256 \(Page.prose(hash))</code>"))
        }
        for input in record.inputs {
            let hash = "<br><code>sha256 \(Page.prose(input.sha256))</code>"
            pairs.append((input.role, "\(Page.prose(input.path)), \(NumberText.bytes(input.bytes))\(hash)"))
        }
        pairs += artifacts(record.artifacts)
        return Page.section("Provenance", Page.definitions(pairs))
    }

    /// A line for each kind of file, which links the first of many.
    private static func artifacts(_ all: [Artifact]) -> [(String, String)] {
        var kinds: [String] = []
        for artifact in all where !kinds.contains(artifact.kind) { kinds.append(artifact.kind) }
        return kinds.map { kind in
            let files = all.filter { $0.kind == kind }
            let more = files.count > 8 ? " and \(files.count - 8) more beside them" : ""
            return (kind, files.prefix(8).map(link).joined(separator: ", ") + more)
        }
    }

    /// A link only where the path is a plain one inside the run's folder.
    private static func link(_ artifact: Artifact) -> String {
        let isPlain =
            !artifact.path.hasPrefix("/") && !artifact.path.contains("..")
            && artifact.path.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-/".contains($0)) }
        let name = Page.prose(artifact.name)
        return isPlain ? "<a href=\"\(artifact.path)\">\(name)</a>" : "\(name) (\(Page.prose(artifact.path)))"
    }

    /// A word as a shell would need it.
    private static func shellWord(_ word: String) -> String {
        let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "._-/=,:+@%".contains($0) }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
