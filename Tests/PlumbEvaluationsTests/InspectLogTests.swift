import Foundation
import PlumbBasics
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbEvaluations

@Suite("Logs of Inspect") struct InspectLogTests {
    private let details = EvaluationResults.LogDetails(
        started: Date(timeIntervalSince1970: 1_790_000_000), finished: Date(timeIntervalSince1970: 1_790_000_060),
        name: "test")

    private func results(_ count: Int = 7) throws -> EvaluationResults {
        try Evaluation(EvaluationTests.sums(count), EvaluationSettings()).run(EvaluationTests.adder(until: 5))
    }

    @Test("A log that is written is read back: header, summaries and samples")
    func roundTrip() throws {
        let scratch = try Scratch()
        let results = try results()
        let url = scratch.url.appendingPathComponent(results.logName(details))
        #expect(url.lastPathComponent.hasPrefix("2026-09-21T14-13-20-00-00_sums_"))
        try results.writeLog(to: url, details)
        let log = try InspectLog(contentsOf: url)
        #expect(log.task == "sums" && log.model == "scripted" && log.status == "success")
        #expect(log.metrics.map(\.name) == ["match/accuracy", "match/stderr"] && log.metrics[0].value == 5.0 / 7)
        var summaries: [InspectSummary] = []
        try log.forEachSummary(texts: true) {
            summaries.append($0)
            return true
        }
        #expect(summaries.map(\.id) == (0..<7).map { "sum-\($0)" })
        #expect(summaries.map { $0.score() } == [1, 1, 1, 1, 1, 0, 0] && summaries[1].input == "What is 1 + 1?")
        var first: [String] = []
        try log.forEachSummary {
            first.append($0.id)
            return first.count < 2
        }
        #expect(first.count == 2)
        let sample = try #require(try log.sample("sum-2"))
        #expect(sample["output"]?["choices"]?[0]?["message"]?["content"]?.string == "It is 3.")
        #expect(sample["messages"]?.array?.count == 2 && sample["scores"]?["match"]?["value"]?.string == "C")
        #expect(try log.sample("sum-9") == nil)
        #expect(try log.scoresBySample("match").count == 7)
        // Nothing but the log is left.
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).count == 1)
    }

    @Test("A log in one JSON object is read like an archive, with the bare numbers of JSON5")
    func json() throws {
        let scratch = try Scratch()
        let url = try scratch.write(
            """
            {"version": 2, "status": "success", "eval": {"task": "t", "model": "m", "created": "2026"},
             "samples": [
              {"id": 1, "epoch": 1, "input": "a", "target": "b", "scores": {"s": {"value": NaN}}},
              {"id": "two \\u00e9", "epoch": 2, "input": [{"role": "user", "content": "q"}], "target": ["b"],
               "scores": {"s": {"value": "P"}, "u": {"value": {"x": 1}}}, "error": {"message": "it broke"}}]}
            """, "log.json")
        let log = try InspectLog(contentsOf: url)
        var found: [InspectSummary] = []
        try log.forEachSummary(texts: true) {
            found.append($0)
            return true
        }
        #expect(found.count == 2 && found[0].id == "1" && (found[0].score("s") ?? 0).isNaN)
        #expect(found[1].id == "two é" && found[1].epoch == 2 && found[1].score("s") == 0.5 && found[1].input == "q")
        #expect(found[1].error == "it broke" && found[1].score("u") == nil)
        #expect(try log.sample("two é", epoch: 2)?["target"]?[0]?.string == "b")
    }

    @Test("More members than a plain archive can have are written and read", .timeLimit(.minutes(2)))
    func zip64() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("many.zip")
        var writer = try ZipWriter(url)
        for number in 0..<70_000 { try writer.add("samples/\(number)", [UInt8](repeating: 65, count: number % 50)) }
        try writer.finish()
        let archive = try ZipDirectory(contentsOf: url)
        #expect(archive.count == 70_000)
        let member = try #require(try archive.member("samples/69999"))
        #expect(try archive.content(member, "samples/69999", limit: 100) == [UInt8](repeating: 65, count: 49))
    }

    @Test("Logs of other versions, other files and logs without a header are refused with a sentence")
    func refusals() throws {
        let scratch = try Scratch()
        func problem(_ url: URL) -> String {
            do {
                _ = try InspectLog(contentsOf: url)
                return ""
            } catch { return "\(error)".replacingOccurrences(of: url.path, with: "log") }
        }
        let newer = try scratch.write(#"{"version": 3, "eval": {}}"#, "newer.json")
        #expect(problem(newer) == "log: it has version 3 of Inspect's format; versions 1 and 2 are read")
        #expect(problem(try scratch.write("hello", "x")).hasPrefix("log: it is no log of Inspect"))
        #expect(problem(try scratch.write("", "x")).hasPrefix("log: it is no log of Inspect"))
        #expect(problem(try scratch.write("{}", "x")) == "log: it is no log of Inspect: it names no version")
        #expect(problem(try scratch.write("{\"version\": 2", "x")).hasPrefix("log: invalid JSON at byte"))
        let url = scratch.url.appendingPathComponent("other.zip")
        var writer = try ZipWriter(url)
        try writer.add("hello.txt", [1, 2, 3])
        try writer.finish()
        #expect(problem(url) == "log: it is no log of Inspect: the archive has no member header.json")
    }

    @Test("Damage anywhere in a log is an error or harmless, and never ends the process")
    func damage() throws {
        let scratch = try Scratch()
        let whole = scratch.url.appendingPathComponent("whole.eval")
        try results(3).writeLog(to: whole, details)
        let bytes = [UInt8](try Data(contentsOf: whole))
        let damaged = scratch.url.appendingPathComponent("damaged.eval")
        var random = RandomKey(5)["damage"].generator()
        var errors = 0
        for attempt in 0..<600 {
            var copy = bytes
            switch attempt % 3 {
            case 0: copy.removeSubrange((random.index(below: copy.count))...)
            case 1:
                // Most damage should hit the directory at the end.
                let place = copy.count - 1 - random.index(below: min(copy.count, 600))
                copy[place] = UInt8(truncatingIfNeeded: random.next())
            default: for _ in 0..<8 { copy[random.index(below: copy.count)] = attempt % 2 == 0 ? 0xFF : 0 }
            }
            try Data(copy).write(to: damaged)
            do {
                let log = try InspectLog(contentsOf: damaged)
                try log.forEachSummary(texts: true) { _ in true }
                _ = try log.sample("sum-1")
            } catch { errors += 1 }
        }
        #expect(errors > 300)
    }

    @Test("Any bytes between brackets are split without a trap, and elements come whole from pieces of any size")
    func splitter() throws {
        let text = Array(#" [ {"a": "x]\"},{", "b": [1, {"c": 2}]} , 7, {"d": null} ] "#.utf8)
        for size in 1...text.count {
            var splitter = JSONElementSplitter()
            var found: [String] = []
            for start in stride(from: 0, to: text.count, by: size) {
                try Array(text[start..<min(start + size, text.count)]).withUnsafeBytes { piece in
                    try splitter.append(piece) {
                        found.append(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces))
                    }
                }
            }
            #expect(splitter.isFinished && found.count == 3 && found[1] == "7", "\(size): \(found)")
            #expect(found[0] == #"{"a": "x]\"},{", "b": [1, {"c": 2}]}"#)
        }
        var random = RandomKey(9)["noise"].generator()
        let alphabet = Array("[]{},:\"\\ a1".utf8)
        for _ in 0..<2000 {
            let noise = (0..<random.index(below: 30)).map { _ in alphabet[random.index(below: alphabet.count)] }
            noise.withUnsafeBytes { piece in
                var splitter = JSONElementSplitter()
                try? splitter.append(piece) { _ in }
                var scanner = JSONScanner(piece)
                _ = try? scanner.value()
                var other = JSONScanner(piece)
                try? other.skip()
                _ = try? InspectSummary(piece, texts: true)
            }
        }
    }
}
