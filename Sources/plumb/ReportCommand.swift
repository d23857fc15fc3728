import ArgumentParser
import Foundation
import PlumbRecords
import PlumbReport

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Draw the page of a recorded run, or of several with an index.")

    @Argument(help: "Runs: latest, a run's folder, or the beginning of its id. The latest if none is named.")
    var runs: [String] = []
    @Option(help: "The folder of run folders.") var out: String = "runs"
    @Option(help: "A folder to which each figure is written as an SVG and a CSV file.") var figures: String?
    @Flag(help: "Print the record as one JSON object instead.") var json = false

    func run() throws {
        let store = RunStore(directory: URL(fileURLWithPath: out))
        let entries = try (runs.isEmpty ? ["latest"] : runs).map { try store.find($0) }
        let records = try entries.map { try store.record($0.url.path) }
        if json {
            return try records.count == 1
                ? Output.write(records[0].contractJSON())
                : Output.json(.object(["runs": .array(records.map { try $0.contract() })]))
        }
        for (entry, record) in zip(entries, records) {
            if let figures {
                let root = URL(fileURLWithPath: figures, isDirectory: true)
                try write(FigureFiles.files(of: record), to: records.count == 1 ? root : root.appending(path: entry.id))
            }
            let page = entry.url.appendingPathComponent("report.html")
            try write(HTMLReport.render(record), to: page)
            if records.count == 1 { print(TerminalReport(record).render(.current())) }
            print("report  \(page.path)")
        }
        if records.count > 1 {
            let page = store.directory.appendingPathComponent("index.html")
            let links = zip(records, entries).map { record, entry in
                IndexPage.Entry(record: record, report: "\(entry.id)/report.html")
            }
            try write(IndexPage.render(links), to: page)
            print("index   \(page.path)")
        }
    }

    private func write(_ files: [(name: String, text: String)], to folder: URL) throws {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw RunStoreError("cannot make \(folder.path): \(error.localizedDescription)")
        }
        for file in files { try write(file.text, to: folder.appending(path: file.name)) }
        print("figures \(folder.path): \(files.count) files")
    }

    private func write(_ html: String, to page: URL) throws {
        do {
            try Data(html.utf8).write(to: page, options: .atomic)
        } catch {
            throw RunStoreError("cannot write \(page.path): \(error.localizedDescription)")
        }
    }
}
