internal import Foundation
public import PlumbRecords

extension SafetyCase {
    /// The case as YAML in the form that gsn2x reads: an entry an element, evidence as layers of its solution.
    ///
    /// - Parameter judged: adds each element's status and reason as layers.
    public func yaml(_ judged: [String: Judgment] = [:]) -> String {
        elements.map { element in
            var lines = ["\(element.id):", "  text: \(Self.quoted(element.text))"]
            func list(_ key: String, _ ids: [String]) {
                if !ids.isEmpty { lines.append("  \(key): [\(ids.joined(separator: ", "))]") }
            }
            list("supportedBy", element.supportedBy)
            list("inContextOf", element.inContextOf)
            if element.isUndeveloped { lines.append("  undeveloped: true") }
            if let evidence = element.evidence {
                for (key, value) in [
                    ("record", evidence.record), ("sha256", evidence.sha256), ("claim", evidence.claim ?? "all"),
                ] { lines.append("  \(key): \(Self.quoted(value))") }
            }
            if let judgment = judged[element.id] {
                lines.append("  status: \(judgment.status.rawValue)")
                if !judgment.reason.isEmpty { lines.append("  reason: \(Self.quoted(judgment.reason))") }
            }
            return lines.joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }

    /// A scalar in double quotes; YAML reads JSON's escapes.
    private static func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                output += String(format: "\\u%04x", scalar.value)
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }

    /// The case as a graph: goals as boxes, strategies as parallelograms, evidence as circles, contexts with round ends.
    public func figure(title: String, caption: String, _ judged: [String: Judgment]) -> GraphFigure {
        let nodes = elements.map { element in
            let judgment = judged[element.id]
            let tone: GraphFigure.Tone =
                switch judgment?.status {
                case .supported: .good
                case .defeated: .bad
                case .open: .open
                case nil: .plain
                }
            let reason = judgment.map { $0.reason.isEmpty ? "" : ": " + $0.reason } ?? ""
            return GraphFigure.Node(
                element.id, label: "\(element.id) \(element.text)", Self.shape(element.kind), tone: tone,
                note: element.text + reason)
        }
        let edges = elements.flatMap { element in
            element.supportedBy.map { GraphFigure.Edge(element.id, $0) }
                + element.inContextOf.map { GraphFigure.Edge(element.id, $0, .dashed) }
        }
        return GraphFigure(
            title: title, caption: caption, panels: [GraphFigure.Panel("", nodes: nodes, edges: edges)],
            direction: .right)
    }

    private static func shape(_ kind: Kind?) -> GraphFigure.Shape {
        switch kind {
        case .goal, nil: .box
        case .strategy: .parallelogram
        case .solution, .context: .rounded
        case .assumption, .justification: .ellipse
        }
    }
}
