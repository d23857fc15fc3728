/// The frame of every page: one file, nothing loaded from anywhere.
enum Page {
    /// - Parameters:
    ///   - title: plain text.
    ///   - body: markup.
    ///   - style: rules beside those of every page.
    ///   - hasScript: whether the body holds a script of its own, which may run.
    static func render(title: String, body: String, style: String = "", hasScript: Bool = false) -> String {
        """
        <!doctype html>
        <html lang="en" dir="ltr">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
        \(hasScript ? "script-src 'unsafe-inline'; " : "")base-uri 'none'; form-action 'none'">
        <meta name="generator" content="Plumbline">
        <title>\(Markup.escape(VisibleText.line(title)))</title>
        <style>
        \(StyleSheet.text)\(style)</style>
        </head>
        <body>
        \(body)</body>
        </html>

        """
    }

    /// The title of a page and what it shows, both plain text.
    static func header(_ title: String, summary: String) -> String {
        """
        <header>
        <h1>\(prose(title))</h1>
        <div class="summary"><p>\(prose(summary))</p></div>
        </header>
        """
    }

    static func section(_ title: String, _ content: String, id: String? = nil) -> String {
        let name = id ?? Markup.identifier(title)
        return """
            <section aria-labelledby="\(name)">
            <h2 id="\(name)">\(Markup.escape(title))</h2>
            \(content)</section>

            """
    }

    /// Paragraphs separated by empty lines.
    static func paragraphs(_ text: String) -> String {
        text.split(separator: "\n\n").map { "<p>\(prose(String($0)))</p>\n" }.joined()
    }

    /// Escaped text that cannot change the direction of what stands around it.
    static func prose(_ text: String) -> String { "<bdi>\(Markup.escape(text))</bdi>" }

    /// Terms with their values; values are markup.
    static func definitions(_ pairs: [(term: String, value: String)]) -> String {
        "<dl>\n" + pairs.map { "<dt>\(Markup.escape($0.term))</dt><dd>\($0.value)</dd>\n" }.joined() + "</dl>\n"
    }
}
