public import Foundation
internal import PlumbData
internal import PlumbRecords
public import PlumbTensor

/// What may happen to the evidence of a case after it was bound.
public enum EvidenceDamage: String, Sendable, CaseIterable {
    /// A number in the record is changed.
    case edited
    /// The record is exchanged for that of another solution.
    case swapped
    /// The file is gone.
    case deleted
    /// The file ends early.
    case truncated
    /// The record was bound as it is, and its claim does not hold.
    case failing
    /// The claim holds, and its control does not.
    case controlFails = "control fails"
}

/// Random cases with records of their own, to test whether damage to evidence is noticed: where, and only there.
public struct EvidenceTrial: Sendable {
    /// The case as it was bound.
    public let argument: SafetyCase
    /// The bytes of each record's file.
    public let files: [String: Data]

    /// A case of `goals` goals and strategies in a random tree, whose leaves each rest on one or two records.
    ///
    /// - Parameters:
    ///   - goals: 1 or more; a tree of more than one goal has at least two records.
    ///   - failing: the solution, counted from 0, whose record fails from the start, and how; `nil` for none.
    public static func random(
        goals: Int, key: RandomKey, failing: (EvidenceDamage, solution: Int)? = nil
    ) throws -> EvidenceTrial {
        var random = key.generator()
        var children: [[Int]] = [[]]
        for index in 1..<max(1, goals) {
            children.append([])
            children[Int(random.next() % UInt64(index))].append(index)
        }
        var elements: [SafetyCase.Element] = []
        var (files, count) = ([String: Data](), 0)
        for goal in children.indices {
            var support = children[goal].map { "G\($0 + 1)" }
            if support.isEmpty || random.next() % 3 == 0 {
                for _ in 0...Int(random.next() % 2) {
                    let claim = "Measurement \(count + 1) shows what goal \(goal + 1) says"
                    let damage = failing.flatMap { $0.solution == count ? $0.0 : nil }
                    let bytes = try record(claim, value: Double(random.next() % 1000) / 1000, damage).json()
                    let file = "record-\(count + 1).json"
                    files[file] = bytes
                    elements.append(
                        SafetyCase.Element(
                            "Sn\(count + 1)", "Measurement \(count + 1)",
                            evidence: SafetyCase.Evidence(
                                record: file, sha256: FileHash.sha256(of: bytes), claim: claim)))
                    support.append("Sn\(count + 1)")
                    count += 1
                }
            }
            elements.append(SafetyCase.Element("G\(goal + 1)", "Goal \(goal + 1)", supportedBy: support))
        }
        return EvidenceTrial(argument: try SafetyCase(elements), files: files)
    }

    /// How many pieces of evidence there are.
    public var count: Int { files.count }

    private static func record(_ claim: String, value: Double, _ damage: EvidenceDamage?) throws -> RunRecord {
        let card = Card(
            id: "measurement", title: "A measurement", direction: "", question: "", method: "", limits: "",
            references: [], minutes: 0)
        var findings = Findings()
        findings.claims = [
            ClaimResult(
                claim, threshold: "at least 0", observed: value, holds: damage != .failing,
                control: ControlResult("Without it nothing shows", observed: 0, holds: damage != .controlFails))
        ]
        return RunRecord(
            id: "measurement", card: card, settings: .null, seed: 0,
            host: Host(os: "", processor: "", cores: 1, memoryBytes: 0, isa: "", threads: 1),
            arithmetic: "", started: Timestamp(milliseconds: 0), wallSeconds: 0, findings: findings)
    }

    /// The elements that are defeated once `damage` has happened to the evidence of `solution`, counted from 0.
    public func defeated(by damage: EvidenceDamage?, solution: Int = 0) -> Set<String> {
        var files = files
        let name = "record-\(solution + 1).json"
        switch damage {
        case .edited:
            files[name] = files[name].map { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                return Data(text.replacing("\"at least 0\"", with: "\"at least 1\"").utf8)
            }
        case .swapped: files[name] = files["record-\((solution + 1) % count + 1).json"]
        case .deleted: files[name] = nil
        case .truncated: files[name] = files[name].map { $0.prefix($0.count / 2) }
        case .failing, .controlFails, nil: break
        }
        let judged = argument.status { record in
            guard let bytes = files[record] else { throw GovernanceError("\(record) is gone") }
            return bytes
        }
        return Set(judged.filter { $0.value.status == .defeated }.keys)
    }
}
