import Foundation
import Testing

/// `plumb data`, on small files that the tests write.
@Suite struct DataCommandTests {
    private let model: TinyModel
    private let folder: String

    init() throws {
        model = try TinyModel()
        folder = model.scratch.appendingPathComponent("pictures").path
        let digits = (0..<10).map { row in
            ((0..<64).map { "\(($0 + row) % 17)" } + ["\(row % 2)"]).joined(separator: ",") + "\n"
        }.joined()
        try model.write(digits, "pictures/digits.csv")
    }

    private var environment: [String: String?] {
        ["PLUMB_OFFLINE": "1", "PLUMB_CACHE": model.scratch.path, "PLUMB_FASHION_MNIST": model.scratch.path]
    }

    private func run(_ arguments: String...) throws -> Outcome {
        try Plumb.run(["data"] + arguments, in: model.scratch, environment: environment)
    }

    private typealias Outcome = Plumb.Outcome

    @Test func theListSaysWhatThereIs() throws {
        let table = try run("list")
        #expect((table.code, table.errors) == (0, ""))
        #expect(table.output.contains("fashion-mnist"))
        let sets = try #require(try run("list", "--json").json()["datasets"] as? [[String: Any]])
        #expect(sets.map { $0["name"] as? String } == ["digits", "fashion-mnist"])
        #expect(sets.allSatisfy { $0["path"] is NSNull })
        #expect(sets.map { $0["bytes"] as? Int } == [57_523, 30_878_551])
    }

    @Test func picturesAreShownWithTheirClasses() throws {
        let shown = try run("show", folder)
        #expect((shown.code, shown.errors) == (0, ""))
        #expect(shown.output.contains("8 × 8 × 8 × 1"))
        #expect(!shown.output.contains("\u{1B}"), "color reached a pipe")
        let object = try run("show", folder, "--json").json()
        let parts = try #require(object["parts"] as? [[String: Any]])
        #expect(parts.map { $0["name"] as? String } == ["train", "test"])
        #expect(parts.map { $0["shape"] as? [Int] } == [[8, 8, 8, 1], [2, 8, 8, 1]])
        let classes = try #require(parts[0]["classes"] as? [[String: Any]])
        #expect(classes.prefix(3).map { $0["count"] as? Int } == [4, 4, 0])
    }

    @Test func textsAreCounted() throws {
        let path = try model.write("to be or not to be\nthat is the question\n", "text.txt")
        let shown = try run("show", path)
        #expect((shown.code, shown.errors) == (0, ""))
        #expect(shown.output.contains("\nto be or not to be\nthat is the question\n"))
        let object = try run("show", path, "--json").json()
        #expect(object["characters"] as? Int == 40)
        #expect(object["lines"] as? Int == 2)
        #expect(object["different_characters"] as? Int == 14)
        let bytes = try run("show", path, "--json", "--vocabulary", "256").json()
        #expect(bytes["tokens"] as? Int == 40)
        #expect((object["tokens"] as? Int ?? 40) < 40)
        let own = try run("show", path, "--json", "--tokenizer", model.path + "/tokenizer.json").json()
        #expect(own["vocabulary"] is Int)
        #expect(try run("show", path, "--vocabulary", "0", "--json").json()["tokens"] == nil)
        #expect(try run("get", path).output == path + "\n")
    }

    @Test func badInputEndsWithOneSentence() throws {
        try model.write("1,2\n", "damaged/digits.csv")
        try model.write("\u{1}\u{2}", "broken/train-images-idx3-ubyte")
        try model.write("\u{1}\u{2}", "broken/train-labels-idx1-ubyte")
        for (arguments, part) in [
            (["show", "digis"], "Did you mean digits?"),
            (["get", "digits"], "digits is not on this machine yet and cannot be fetched"),
            (["show", "fashion-mnist"], "sudo apt-get install dataset-fashion-mnist"),
            (["show", "./none"], "there is no file or folder"),
            (["show", "./damaged"], "line 1 has 2 fields"),
            (["show", "./broken"], "ends within its header"),
            (["show", model.path], "holds no data that can be read"),
            (["show", "./pictures", "--tokenizer", "./none.json"], "cannot read ./none.json"),
        ] {
            let outcome = try Plumb.run(["data"] + arguments, in: model.scratch, environment: environment)
            #expect(outcome.code == 3, "\(arguments): \(outcome.errors)")
            #expect(outcome.output == "")
            #expect(outcome.errors.hasPrefix("plumb: "))
            #expect(outcome.errors.contains(part), "\(arguments): \(outcome.errors)")
        }
        #expect(try run("show", "text.txt", "--vocabulary", "3").code == 2)
        let empty = try run("show", "")
        #expect(empty.code == 2 && empty.errors.contains("NAME is empty"), "\(empty.errors)")
    }
}
