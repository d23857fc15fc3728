public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbRecords

extension SafetyCase {
    /// How an element stands.
    public enum Status: String, Sendable, Codable {
        /// Every piece of evidence below it holds.
        case supported
        /// Something below it is missing or could not be measured, and nothing speaks against it.
        case open
        /// A piece of evidence below it does not hold, or cannot be trusted.
        case defeated
    }

    /// An element's status and why.
    public struct Judgment: Sendable, Equatable {
        /// How the element stands.
        public var status: Status
        /// Why a piece of evidence does not support its goal; empty where it does, and above solutions.
        public var reason: String

        /// A status with its reason.
        public init(_ status: Status, _ reason: String = "") {
            self.status = status
            self.reason = reason
        }
    }

    /// How each goal, strategy and solution stands, its evidence read anew.
    ///
    /// A goal or strategy is defeated where anything that supports it is, open where anything that supports it is, and
    /// supported otherwise.
    /// - Parameter reading: gives the bytes of a record's file; the file itself unless said otherwise.
    public func status(
        reading: (_ record: String) throws -> Data = { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    ) -> [String: Judgment] {
        var judged: [String: Judgment] = [:]
        // Elements below come first; the case has no circles.
        var stack = [(id: top.id, isReady: false)]
        while let (id, isReady) = stack.popLast() {
            guard judged[id] == nil, let element = self[id] else { continue }
            if element.kind == .solution {
                judged[id] = judge(element.evidence, reading)
            } else if isReady {
                let below = element.supportedBy.compactMap { judged[$0]?.status }
                let status: Status =
                    below.contains(.defeated)
                    ? .defeated : below.contains(.open) || element.isUndeveloped ? .open : .supported
                judged[id] = Judgment(status, element.isUndeveloped ? "it is not developed yet" : "")
            } else {
                stack.append((id, true))
                stack += element.supportedBy.map { ($0, false) }
            }
        }
        return judged
    }

    private func judge(_ evidence: Evidence?, _ reading: (String) throws -> Data) -> Judgment {
        guard let evidence else { return Judgment(.open, "there is no record of it yet") }
        let bytes: Data
        do { bytes = try reading(evidence.record) } catch {
            return Judgment(.defeated, "its record \(visible(evidence.record)) cannot be read")
        }
        guard FileHash.sha256(of: bytes) == evidence.sha256 else {
            return Judgment(.defeated, "its record has another SHA-256 than when it was bound")
        }
        guard let record = try? RunRecord(json: bytes) else {
            return Judgment(.defeated, "its record is damaged")
        }
        let claims = record.findings.claims.filter { evidence.claim == nil || $0.statement == evidence.claim }
        guard !claims.isEmpty else { return Judgment(.defeated, "its record makes no such claim") }
        if let failed = claims.first(where: { $0.verdict == .fails }) {
            let what = failed.holds == false ? "a claim does not hold" : "the control of a claim does not hold"
            return Judgment(.defeated, "\(what): \(failed.statement)")
        }
        if let unmeasured = claims.first(where: { $0.verdict == .notMeasurable }) {
            return Judgment(.open, unmeasured.reason ?? "it could not be measured: \(unmeasured.statement)")
        }
        return Judgment(.supported)
    }
}
