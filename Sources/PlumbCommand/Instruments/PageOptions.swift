import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbRecords
import PlumbReport
import PlumbTensor

/// How a result is shown: on the terminal, as one JSON object, as a page.
struct PageOptions: ParsableArguments {
    @Option(help: "A file for the result as a page, which a browser shows. (default: none)", completion: .file())
    var page: String?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws { try PathOption.check(page, "--page") }

    /// Prints findings, and writes their page where one is asked for.
    ///
    /// - Parameters:
    ///   - members: what the JSON object holds beside the findings.
    ///   - page: the whole page; by default the findings'.
    func show(
        _ findings: Findings, title: String, members: [String: JSONValue] = [:], page markup: String? = nil
    ) throws {
        if let page {
            let url = URL(fileURLWithPath: page)
            try Data((markup ?? HTMLReport.page(findings, title: title)).utf8).writeWhole(to: url)
        }
        guard json else {
            print(TerminalReport(findings, title: title).render(.current(), strongest: 0), terminator: "")
            if let page { print("\npage  \(page)") }
            return
        }
        var object = members
        object["summary"] = .string(findings.summary)
        var metrics: [String: JSONValue] = [:]
        for metric in findings.metrics { metrics[metric.name] = JSONValue(metric.value) }
        if !metrics.isEmpty { object["metrics"] = .object(metrics) }
        var tables: [String: JSONValue] = [:]
        for table in findings.tables { tables[table.name] = try JSONValue(encoding: table) }
        object["tables"] = .object(tables)
        try Output.json(.object(object))
    }
}
