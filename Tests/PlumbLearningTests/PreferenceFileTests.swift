import Foundation
import PlumbLearning
import PlumbWorlds
import Testing

@Suite struct PreferenceFileTests {
    private func withFile<R>(_ text: String?, _ body: (PreferenceFile<Int>) throws -> R) throws -> R {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("preferences-\(UUID()).jsonl")
        defer { try? FileManager.default.removeItem(at: url) }
        if let text { try Data(text.utf8).write(to: url) }
        return try body(PreferenceFile(url))
    }

    private func complaint(_ text: String) throws -> String {
        try withFile(text) { file in
            let error = #expect(throws: PreferenceError.self) { try file.read() }
            return error?.description ?? ""
        }
    }

    private let line = "{\"first\":[1,2],\"mu\":1,\"second\":[3]}\n"

    @Test func whatIsAppendedIsRead() throws {
        try withFile(nil) { file in
            #expect(try file.read().isEmpty)
            let some = [Comparison([1, 2], [3, 4], mu: 1), Comparison([5], [6], mu: 0.5)]
            let more = [Comparison([7], [8], mu: nil)]
            try file.append(some)
            try file.append([])
            try file.append(more)
            #expect(try file.read() == some + more)
            let text = try String(contentsOf: file.url, encoding: .utf8)
            #expect(text.hasPrefix("{\"first\":[1,2],\"mu\":1,\"second\":[3,4]}\n"))
            #expect(text.hasSuffix("{\"first\":[7],\"mu\":null,\"second\":[8]}\n"))
        }
    }

    @Test func emptyLinesArePassedOver() throws {
        let found = try withFile("\n" + line + "\r\n" + line) { file in try file.read() }
        #expect(found.count == 2)
    }

    @Test func aMalformedLineIsNamed() throws {
        let cases = [
            ("not json\n", "this is not JSON"),
            ("{\"first\":[1],\"second\":[2],\"mu\":NaN}\n", "this is not JSON"),
            ("{\"first\":[1],\"second\":[2],\"mu\":\"nan\"}\n", "\"mu\" is not what it should be"),
            ("{\"first\":[1],\"second\":[2],\"mu\":1.5}\n", "\"mu\" is 1.5"),
            ("{\"first\":[1],\"second\":[2],\"mu\":-0.1}\n", "\"mu\" is -0.1"),
            ("{\"first\":[1],\"second\":[2]}\n", "there is no \"mu\""),
            ("{\"first\":[],\"second\":[2],\"mu\":1}\n", "\"first\" holds no steps"),
            ("{\"first\":[1],\"second\":[\"x\"],\"mu\":1}\n", "\"second\" is not what it should be"),
            ("[1,2]\n", "the line is not what it should be"),
            ("{\"first\":[1],\n", "this is not JSON"), ("{\"mu\":1,", "this is not JSON"), ("a", "this is not JSON"),
        ]
        for (bad, sentence) in cases {
            let found = try complaint(line + line + bad)
            #expect(found.contains(", line 3: ") && found.contains(sentence), "\(bad): \(found)")
        }
    }

    @Test func aStepThatCannotBeIsNamedWithItsLine() throws {
        try withFile(line + "{\"first\":[1],\"mu\":null,\"second\":[2,9]}\n") { file in
            let all = try file.read { $0 > 9 ? "too large" : nil }
            #expect(all.count == 2)
            let error = #expect(throws: PreferenceError.self) { try file.read { $0 > 8 ? "\($0) is too large" : nil } }
            #expect(error?.description == "\(file.url.path), line 2: 9 is too large")
        }
    }

    @Test func appendingGoesOnBehindAWholeLineAndNotBehindSomethingElse() throws {
        let next = [Comparison([9], [9], mu: 0)]
        try withFile(String(line.dropLast())) { file in
            try file.append(next)
            #expect(try file.read().count == 2)
        }
        try withFile(line + "somebody's note") { file in
            let before = try Data(contentsOf: file.url)
            let error = #expect(throws: PreferenceError.self) { try file.append(next) }
            #expect(error?.description.contains("line 2") == true)
            #expect(try Data(contentsOf: file.url) == before)
        }
    }

    @Test func aTornLastLineIsLeftOutAndReplacedWhereverItWasCut() throws {
        let next = Comparison([9], [9], mu: 0)
        let whole = Comparison([1, 2], [3], mu: 1)
        for before in 0...2 {
            // The last character is the line break: a line that lacks only that is whole.
            for length in 1..<line.count - 1 {
                try withFile(String(repeating: line, count: before) + line.prefix(length)) { file in
                    let contents = try file.contents()
                    let (found, torn) = (contents.comparisons, contents.torn)
                    #expect(found == Array(repeating: whole, count: before))
                    #expect(torn?.contains("line \(before + 1) was cut off") == true, "\(length): \(torn ?? "nil")")
                    try file.append([next])
                    try file.append([next])
                    #expect(try file.read() == found + [next, next])
                    #expect(try file.contents().torn == nil)
                }
            }
        }
    }

    @Test func whatCannotBeWrittenIsRefusedWhole() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("preferences-\(UUID()).jsonl")
        let file = PreferenceFile<[Double]>(url)
        #expect(throws: PreferenceError.self) {
            try file.append([Comparison([[1]], [[2]], mu: 1), Comparison([[.nan]], [[2]], mu: 1)])
        }
        #expect(!FileManager.default.fileExists(atPath: url.path))
        let nowhere = PreferenceFile<Int>(url.appendingPathComponent("below").appendingPathComponent("file"))
        let error = #expect(throws: PreferenceError.self) { try nowhere.append([Comparison([1], [2], mu: 1)]) }
        #expect(error?.description.contains("cannot write \(nowhere.url.path)") == true)
    }
}
