public import PlumbTensor

/// Tasks of one kind, each with numbers and words of its own, so that an answer cannot be known by heart.
public struct AgentTaskFamily: Sendable {
    /// Its name.
    public let name: String
    /// Makes a task.
    let make: @Sendable (inout RandomKey.Generator) -> AgentTask

    /// A family.
    ///
    /// - Parameter make: makes a task from random numbers, and is the same for the same ones.
    public init(name: String, make: @escaping @Sendable (inout RandomKey.Generator) -> AgentTask) {
        (self.name, self.make) = (name, make)
    }

    /// The task of a key.
    public func task(key: RandomKey) -> AgentTask {
        var random = key[name].generator()
        return make(&random)
    }

    /// Ten families, from the shortest task to the longest.
    public static let standard: [AgentTaskFamily] = [
        readAFile, countLines, findAFile, sumATable, renameFiles, repairAScript, mergeLogs, fixAFailingTest,
        writeAProgram, setUpAService,
    ]
}

extension AgentTask {
    /// A scorer that compares the answer with a text without quotes, white space at its ends apart.
    public static func equals(_ text: String) -> String { "[ \"$ANSWER\" = '\(text)' ] && echo 1 || echo 0" }
}

extension AgentTaskFamily {
    private static let words = [
        "amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "juniper", "kelp", "larch",
    ]

    static let readAFile = AgentTaskFamily(name: "read a file") { random in
        let code = 1000 + random.index(below: 9000)
        return AgentTask(
            "read a file", minutes: 0.2, instructions: "What is the code in the file note.txt?",
            files: ["note.txt": "The code is \(code).\n"], scorer: AgentTask.equals("\(code)"),
            solution: .init("grep -o '[0-9]*' note.txt | head -1"), failure: .init("ls"))
    }

    static let countLines = AgentTaskFamily(name: "count lines") { random in
        let lines = (0..<60).map { _ in random.uniform() < 0.3 ? "ERROR disk" : "ok ERRORS: none" }
        let count = lines.count { $0.hasPrefix("ERROR ") }
        return AgentTask(
            "count lines", minutes: 0.5,
            instructions: "How many lines of server.log begin with the word ERROR and a space? Answer with the number.",
            files: ["server.log": lines.joined(separator: "\n") + "\n"], scorer: AgentTask.equals("\(count)"),
            solution: .init("grep -c '^ERROR ' server.log"), failure: .init("grep -c ERROR server.log"))
    }

    static let findAFile = AgentTaskFamily(name: "find a file") { random in
        var files: [String: String] = [:]
        let places = (0..<12).map { "archive/\(words[$0])/page\(random.index(below: 90) + 10).txt" }
        for place in places { files[place] = "Nothing of interest, and no seal.\n" }
        let right = places[random.index(below: places.count)]
        files[right] = "Here is the seal: violet.\n"
        return AgentTask(
            "find a file", minutes: 1,
            instructions: "One file below the folder archive contains the text \"seal: violet\". Answer with its path, "
                + "beginning with archive/.",
            files: files, scorer: AgentTask.equals(right), solution: .init("grep -rl 'seal: violet' archive"),
            failure: .init("find archive -type f | tail -1 | tr a-z A-Z"))
    }

    static let sumATable = AgentTaskFamily(name: "sum a table") { random in
        let rows = (0..<40).map { _ in
            (region: random.uniform() < 0.4 ? "north" : "south", amount: 1 + random.index(below: 500))
        }
        let total = rows.filter { $0.region == "north" }.reduce(0) { $0 + $1.amount }
        let table = "region,amount\n" + rows.map { "\($0.region),\($0.amount)\n" }.joined()
        return AgentTask(
            "sum a table", minutes: 2,
            instructions: "The file sales.csv has the columns region and amount. What is the sum of the amounts of the "
                + "region north?",
            files: ["sales.csv": table], scorer: AgentTask.equals("\(total)"),
            solution: .init(
                "s=0; while IFS=, read -r r a; do [ \"$r\" = north ] && s=$((s+a)); done < sales.csv; echo $s"),
            failure: .init(
                "s=0; while IFS=, read -r r a; do [ \"$r\" = region ] || s=$((s+a)); done < sales.csv; echo $s"))
    }

    static let renameFiles = AgentTaskFamily(name: "rename files") { random in
        var files: [String: String] = [:]
        for index in 0..<8 { files["notes/\(index % 3)/\(words[index]).txt"] = "\(random.index(below: 10_000))\n" }
        let checks = files.sorted { $0.key < $1.key }.map { path, text in
            "[ \"$(cat '\(path.dropLast(4)).md' 2>/dev/null)\" = '\(text.dropLast())' ] && n=$((n+1))"
        }
        return AgentTask(
            "rename files", minutes: 3,
            instructions:
                "Below the folder notes, in all its folders, give every file that ends in .txt the ending .md "
                + "instead. Change nothing else.",
            files: files,
            scorer: "n=0\n\(checks.joined(separator: "\n"))\n[ -z \"$(find notes -name '*.txt')\" ] && "
                + "[ $n = \(checks.count) ] && echo 1 || echo 0",
            solution: .init(
                "find notes -name '*.txt' | while read -r f; do mv \"$f\" \"${f%.txt}.md\"; done", answer: "done"),
            failure: .init("for f in notes/*.txt; do mv \"$f\" \"${f%.txt}.md\"; done", answer: "done"))
    }
}
