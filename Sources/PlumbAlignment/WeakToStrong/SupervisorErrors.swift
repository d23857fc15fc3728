public import PlumbRecords

/// On which pictures a supervisor errs, and what becomes of them in the student that it taught: one count a class.
public struct SupervisorErrors: Sendable, Codable, Equatable {
    /// Pictures of the class.
    public let pictures: [Int]
    /// Those that the supervisor gets wrong.
    public let supervisor: [Int]
    /// Those that the student gets wrong.
    public let student: [Int]
    /// Those to which both give the same wrong answer.
    public let repeated: [Int]
    /// Those that the supervisor gets wrong and the student right.
    public let corrected: [Int]

    /// Counts answers.
    ///
    /// - Parameters:
    ///   - supervisor: the supervisor's answers, one a picture.
    ///   - student: the student's.
    ///   - labels: the true classes.
    ///   - classes: how many there are.
    public init(supervisor: [Int], student: [Int], labels: [Int], classes: Int) {
        func count(_ holds: (Int, Int, Int) -> Bool) -> [Int] {
            var counts = [Int](repeating: 0, count: classes)
            for (index, label) in labels.enumerated() where holds(supervisor[index], student[index], label) {
                counts[label] += 1
            }
            return counts
        }
        pictures = count { _, _, _ in true }
        self.supervisor = count { weak, _, label in weak != label }
        self.student = count { _, strong, label in strong != label }
        repeated = count { weak, strong, label in weak != label && strong == weak }
        corrected = count { weak, strong, label in weak != label && strong == label }
    }

    private static func share(_ part: [Int], of whole: [Int]) -> Double {
        let all = whole.reduce(0, +)
        return all == 0 ? .nan : Double(part.reduce(0, +)) / Double(all)
    }

    /// The part of the supervisor's errors that the student corrects; NaN without errors.
    public var correctedShare: Double { Self.share(corrected, of: supervisor) }
    /// The part of the supervisor's errors that the student repeats; NaN without errors.
    public var repeatedShare: Double { Self.share(repeated, of: supervisor) }

    /// Errors by class over several splits: shares of the pictures, and of the supervisor's errors.
    public static func table(_ all: [SupervisorErrors], classNames: [String]) -> Table {
        func total(_ counts: KeyPath<SupervisorErrors, [Int]>, _ index: Int) -> Double {
            Double(all.reduce(0) { $0 + $1[keyPath: counts][index] })
        }
        return Table(
            "supervisor_errors", title: "The supervisor's errors", rowLabel: "digit", columnLabel: "share",
            rows: classNames,
            columns: ["supervisor errs", "student errs", "error repeated", "error corrected"],
            values: classNames.indices.map { index in
                let (pictures, errors) = (total(\.pictures, index), total(\.supervisor, index))
                return [
                    errors / pictures, total(\.student, index) / pictures, total(\.repeated, index) / errors,
                    total(\.corrected, index) / errors,
                ]
            })
    }
}
