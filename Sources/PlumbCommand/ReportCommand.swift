import ArgumentParser
import Foundation
import PlumbBasics
import PlumbRecords
import PlumbReport

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write the page of a recorded run, or the pages of several with an index.")

    @Argument(
        help: ArgumentHelp(
            "Runs: latest, a run's folder, or the beginning of its id. (default: latest)", valueName: "run"))
    var runs: [String] = []
    @Option(help: "The folder that holds the run folders.", completion: .directory) var out: String = "runs"
    @Option(
        help: "A folder for the figures, each as an SVG and a CSV file. (default: none are written)",
        completion: .directory)
    var figures: String?
    @Flag(help: "Print the record as one JSON object, and write no page.") var json = false

    func validate() throws {
        try PathOption.check(out, "--out")
        try PathOption.check(figures, "--figures")
        for run in runs { try PathOption.check(run, "RUN") }
    }

    func run() throws {
        let store = RunStore(directory: URL(fileURLWithPath: out))
        let queries = runs.isEmpty ? ["latest"] : runs
        guard queries.count > 1 else {
            let found = try find(queries[0], in: store)
            if json { return try Output.write(found.record.contractJSON()) }
            let page = try draw(found)
            if let figures { try write(FigureFiles.files(of: found.record), to: URL(fileURLWithPath: figures)) }
            print(TerminalReport(found.record).render(.current()))
            return print("report  \(page.path)")
        }
        var drawn: [Found] = []
        var skipped = 0
        for query in queries {
            do {
                let found = try find(query, in: store)
                if !json { print("report  \(try draw(found).path)") }
                if let figures, !json {
                    let folder = URL(fileURLWithPath: figures).appending(path: found.entry.id)
                    try write(FigureFiles.files(of: found.record), to: folder)
                }
                drawn.append(found)
            } catch {
                Failure.say(sentence(of: error))
                skipped += 1
            }
        }
        if json { try Output.json(.object(["runs": .array(drawn.map { try $0.record.contract() })])) }
        if !json, !drawn.isEmpty { try index(drawn, in: store) }
        guard skipped > 0 else { return }
        throw RunStoreError("\(skipped) of \(queries.count) runs were skipped")
    }

    private typealias Found = (entry: RunEntry, record: RunRecord)

    private func find(_ query: String, in store: RunStore) throws -> Found {
        let entry = try store.find(query)
        return (entry, try store.record(entry.url.path))
    }

    private func draw(_ found: Found) throws -> URL {
        let page = found.entry.url.appendingPathComponent("report.html")
        try write(HTMLReport.render(found.record), to: page)
        return page
    }

    private func index(_ drawn: [Found], in store: RunStore) throws {
        let page = store.directory.appendingPathComponent("index.html")
        let links = drawn.map { IndexPage.Entry(record: $0.record, report: "\($0.entry.id)/report.html") }
        try write(IndexPage.render(links), to: page)
        print("index   \(page.path)")
    }

    private func write(_ files: [(name: String, text: String)], to folder: URL) throws {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            var isFolder: ObjCBool = true
            let isThere = FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder)
            let reason = isThere && !isFolder.boolValue ? "it is a file" : systemReason(of: error)
            throw RunStoreError("cannot make the folder \(folder.path): \(reason)")
        }
        for file in files { try write(file.text, to: folder.appending(path: file.name)) }
        print("figures \(folder.path): \(files.count) files")
    }

    private func write(_ html: String, to page: URL) throws {
        do {
            try Data(html.utf8).write(to: page, options: .atomic)
        } catch {
            throw RunStoreError("cannot write \(page.path): \(systemReason(of: error))")
        }
    }
}
