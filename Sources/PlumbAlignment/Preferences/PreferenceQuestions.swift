public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbRecords
internal import PlumbTensor
public import PlumbWorlds

/// Questions for a person, which of two paths through a grid is better, and the file that keeps the answers.
///
/// The experiment learning-from-preferences learns from the answers with `--answers`.
public struct PreferenceQuestions: Sendable {
    /// Answers that learning needs at least.
    public static let fewest = 10

    private let study: GridPreferenceStudy
    private let seed: UInt64

    /// The questions of a seed about the grid of `study`.
    public init(_ study: GridPreferenceStudy = GridPreferenceStudy(), seed: UInt64) {
        (self.study, self.seed) = (study, seed)
    }

    /// Question `index`, counted from 0, as the comparison that the answer `mu` makes of it.
    public func comparison(_ index: Int, mu: Double?) -> Comparison<Int> {
        let (first, second) = study.question(index, key: RandomKey(seed)["question"])
        return Comparison(first, second, mu: mu)
    }

    /// Both walks, side by side: each cell shows the last step that was in it.
    public func drawing(_ comparison: Comparison<Int>, title: String) -> GridFigure {
        GridFigure(
            title: title, caption: "Two walks: each cell shows the last step that was in it.",
            panels: [panel("1", comparison.first), panel("2", comparison.second)], legend: [])
    }

    private func panel(_ title: String, _ walk: [Int]) -> GridFigure.Panel {
        var glyphs = [String](repeating: "·", count: study.cells)
        for (step, cell) in walk.enumerated() { glyphs[cell] = step < 36 ? String(step, radix: 36) : "+" }
        return GridFigure.Panel(
            title,
            rows: (0..<study.size).map { row in
                glyphs[row * study.size..<(row + 1) * study.size].joined(separator: " ")
            })
    }

    /// All answers in a file, without a last line that was cut off while it was written; none where there is no file.
    ///
    /// - Throws: `PreferenceError` naming the line and what is wrong with it, a cell outside the grid included.
    public func answers(in url: URL) throws -> PreferenceFile<Int>.Contents {
        let cells = study.cells
        return try PreferenceFile<Int>(url).contents { cell in
            (0..<cells).contains(cell)
                ? nil
                : "\(cell) is no cell of the grid: \(study.size) rows of \(study.size) cells are counted row by row "
                    + "from 0 to \(cells - 1)"
        }
    }

    /// The answers in a file that holds enough of them to learn from, and the file as an input for the record.
    ///
    /// - Throws: `PreferenceError` where there is no file or fewer than ``fewest`` questions were answered, or as
    ///   ``answers(in:)``.
    public func answersToLearnFrom(_ path: String) throws -> (
        answers: [Comparison<Int>], file: InputFile, torn: String?
    ) {
        let url = URL(fileURLWithPath: path)
        guard obstacle(at: path) != nil || FileManager.default.fileExists(atPath: path) else {
            throw PreferenceError("there is no file \(path): plumb preferences ask --out \(path) makes one")
        }
        let contents = try answers(in: url)
        let answers = contents.comparisons
        let usable = answers.count { $0.mu != nil }
        guard usable >= Self.fewest else {
            throw PreferenceError(
                "\(path) holds \(usable == 1 ? "1 answer" : "\(usable) answers") that can be learned from, and at least "
                    + "\(Self.fewest) are needed: plumb preferences ask --out \(path)")
        }
        let hash = FileHash.sha256(of: contents.bytes)
        return (
            answers, InputFile(path: path, sha256: hash, bytes: contents.bytes.count, role: "answers"), contents.torn
        )
    }
}
