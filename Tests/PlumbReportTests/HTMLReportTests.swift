import Foundation
import PlumbRecords
import PlumbReport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct HTMLReportTests {
    private let page = HTMLReport.render(Fixture.record)

    @Test func thePageHoldsEverythingARecordSays() {
        for text in [
            "Activation patching", Fixture.record.card.question, "Up to layer 21 the answer",
            "1 of 2 claims holds, 1 does not.",
            "clean_logit_difference", "6.12", "title=\"6.1196\"", "percentile bootstrap", "arXiv:2211.00593",
            "models/smollm2-135m",
            "sha256 <bdi>0f0f", "float32 on exactly dequantized weights", "--answer &#39; Mary&#39;",
            "href=\"artifacts/resid_pre.csv\"",
            "<span class=\"ws\">·</span>Mary", "layer 6 · position 9 “·Mary”: 6.17",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(page.hasPrefix("<!doctype html>\n<html lang=\"en\""))
    }

    @Test func nothingIsLoadedFromAnywhere() throws {
        for start in ["src=", "url(", "@import", "<link", "<iframe", "xlink:"] {
            #expect(!page.contains(start), "\(start)")
        }
        let links = page.matches(of: try Regex("href=\"([^\"]*)\"")).map { String($0.output[1].substring ?? "") }
        let files = ["data:image/svg+xml;base64,", "data:text/csv;base64,"]
        #expect(
            links.allSatisfy { link in
                link.hasPrefix("https://arxiv.org/abs/") || link == "artifacts/resid_pre.csv" || link == "#claims"
                    || files.contains { link.hasPrefix($0) }
            }, "\(links)")
        // The browser holds the page to this; pictures of pixels stand in the page itself.
        #expect(page.contains("content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "))
        #expect(links.count { $0.hasPrefix(files[0]) } == 5)
        #expect(links.count { $0.hasPrefix(files[1]) } == 5)
    }

    @Test func everyCellHasItsValueWithoutScripts() {
        let cells = page.components(separatedBy: "<title>layer ").count - 1
        #expect(cells == 3 * 30 * 14 + 30 * 9)
        #expect(page.components(separatedBy: "<details").count - 1 == 5)
        #expect(page.contains("<td class=\"num\">\(Fixture.tables[0].values[0][9])</td>"))
    }

    @Test func drawingsAreValidFilesByThemselves() throws {
        for page in [page, HTMLReport.render(Fixture.hostile)] {
            let drawings = page.components(separatedBy: "<svg ").dropFirst().map { part in
                "<svg " + part.components(separatedBy: "</svg>")[0] + "</svg>"
            }
            #expect(drawings.count == 5)
            for drawing in drawings {
                #expect(drawing.contains("xmlns=\"http://www.w3.org/2000/svg\""))
                let parser = XMLParser(data: Data(drawing.utf8))
                #expect(parser.parse(), "\(String(describing: parser.parserError)): \(drawing.prefix(300))")
            }
        }
    }

    @Test func hostileTextStaysText() throws {
        let page = HTMLReport.render(Fixture.hostile)
        let index = IndexPage.render(
            [.init(record: Fixture.hostile, report: "javascript:alert(1)")], title: Fixture.hostileText)
        for page in [page, index] {
            #expect(!page.contains("<script"))
            #expect(!page.contains("<img"))
            #expect(!page.contains("href=\"javascript:"))
            let bad: ClosedRange<UInt32> = 0x202A...0x202E
            #expect(
                !page.unicodeScalars.contains {
                    ($0.value < 0x20 && $0 != "\n") || bad.contains($0.value) || $0.value == 0x2028
                })
        }
        #expect(page.contains("⟨U+202E⟩"))
    }

    @Test func theWholePageIsWellFormed() {
        // The page is written so that, its HTML-only parts apart, an XML parser must accept it.
        for page in [
            page, HTMLReport.render(Fixture.hostile),
            IndexPage.render([.init(record: Fixture.record, report: "a.html")]),
        ] {
            let start = page.range(of: "<body>")?.lowerBound ?? page.startIndex
            var body = String(page[start...]).replacingOccurrences(of: "</html>", with: "")
            body = body.replacingOccurrences(of: "<br>", with: "")
            body = body.replacingOccurrences(of: "<details open>", with: "<details>")
            let parser = XMLParser(data: Data(body.utf8))
            #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        }
    }

    @Test func equalRecordsGiveEqualPages() { #expect(HTMLReport.render(Fixture.record) == page) }

    @Test func emptyFindingsStillMakeAPage() {
        var record = Fixture.record
        record.findings = Findings()
        record.status = .interrupted
        let page = HTMLReport.render(record)
        #expect(page.contains("was interrupted"))
        #expect(!page.contains("<figure"))
    }

    /// Set `PLUMB_PAGES` to a folder to keep the pages and look at them in a browser.
    @Test func pagesCanBeWrittenToAFolder() throws {
        let given = ProcessInfo.processInfo.environment["PLUMB_PAGES"].map {
            URL(fileURLWithPath: $0, isDirectory: true)
        }
        let folder =
            given ?? FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        defer { if given == nil { try? FileManager.default.removeItem(at: folder) } }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let index = IndexPage.render([
            .init(record: Fixture.record, report: "report.html"),
            .init(record: Fixture.hostile, report: "hostile.html"),
        ])
        let pages = [
            ("report", page), ("hostile", HTMLReport.render(Fixture.hostile)),
            ("large", HTMLReport.render(Fixture.large)), ("training", HTMLReport.render(TrainingFixture.record)),
            ("index", index),
        ]
        for (name, text) in pages {
            let file = folder.appendingPathComponent("\(name).html")
            try Data(text.utf8).write(to: file)
            #expect(try String(contentsOf: file, encoding: .utf8) == text)
        }
        for (name, style) in [("plain", TerminalStyle.plain), ("color", TerminalStyle(width: 110, color: .trueColor))] {
            for (record, prefix) in [(Fixture.record, ""), (TrainingFixture.record, "training-")] {
                try Data(TerminalReport(record).render(style).utf8).write(
                    to: folder.appendingPathComponent("\(prefix)\(name).txt"))
            }
        }
    }
}
