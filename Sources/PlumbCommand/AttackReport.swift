import Foundation
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbRobustness
import PlumbTensor

/// What `plumb attack` tells.
struct AttackReport {
    let inputs: AttackInputs
    let set: PerturbationSet
    let result: BatteryResult
    /// The accuracy under noise of the same size.
    let noise: Double
    /// The signs of hidden gradients; nil where they were not looked for.
    let diagnosis: MaskingDiagnosis.Result?
    let seed: UInt64
    let seconds: Double
    /// What the battery alone took.
    let attackSeconds: Double

    private var count: Int { result.correct.count }

    /// The text for a terminal.
    func text(_ style: TerminalStyle, out: String?) -> String {
        let shape = inputs.network.inputShape.map(String.init).joined(separator: " × ")
        var lines = [
            "network  \(inputs.networkPath): \(shape) to \(inputs.classes) classes",
            "images   \(count) of \(inputs.imagesPath)",
            "changes  \(set.norm.rawValue) up to \(set.radius), values \(set.bounds.lowerBound) to \(set.bounds.upperBound)",
            "", table.render(style),
        ]
        if let diagnosis {
            lines.append(
                diagnosis.flags.isEmpty
                    ? style.paragraph(
                        "No sign of hidden gradients: one step, an ascent and a search without gradients agree.",
                        indent: "")
                    : style.paragraph("Do not believe the accuracy that is left. There are signs against it:", indent: ""))
            lines += diagnosis.flags.map { style.paragraph("- \($0)") }
        }
        if let out { lines.append("changed images  \(out)") }
        lines.append("took \(NumberText.duration(seconds))")
        return lines.joined(separator: "\n") + "\n"
    }

    private var table: TerminalTable {
        func share(_ value: Double) -> String { NumberText.fixed(value, decimals: 3) }
        var left = result.correct.count { $0 }
        var rows = [
            ["as they are", "\(count)", "\(count - left)", share(result.cleanAccuracy), "", ""],
            ["random noise", "", "", share(noise), "", ""],
        ]
        for part in result.parts {
            left -= part.broken
            rows.append([
                part.name, "\(part.tried)", "\(part.broken)", share(Double(left) / Double(count)), "\(part.forwards)",
                "\(part.gradients)",
            ])
        }
        rows.append(["worst case", "\(count)", "\(count - left)", share(result.accuracy), "", ""])
        return TerminalTable(
            columns: [
                .init("attack"), .init("tried", .right), .init("broken", .right), .init("accuracy left", .right),
                .init("passes", .right), .init("gradients", .right),
            ], rows: rows)
    }

    /// The same as JSON.
    func json(out: String?) -> JSONValue {
        var left = result.correct.count { $0 }
        let attacks = result.parts.map { part -> JSONValue in
            left -= part.broken
            return .object([
                "name": .string(part.name), "tried": JSONValue(part.tried), "broken": JSONValue(part.broken),
                "accuracy": JSONValue(Double(left) / Double(count)), "forwards": JSONValue(part.forwards),
                "gradients": JSONValue(part.gradients),
            ])
        }
        var object: [String: JSONValue] = [
            "network": .string(inputs.networkPath), "images": .string(inputs.imagesPath), "count": JSONValue(count),
            "classes": JSONValue(inputs.classes), "norm": .string(set.norm.rawValue), "radius": JSONValue(set.radius),
            "bounds": .array([JSONValue(Double(set.bounds.lowerBound)), JSONValue(Double(set.bounds.upperBound))]),
            "seed": JSONValue(Int(clamping: seed)), "clean_accuracy": JSONValue(result.cleanAccuracy),
            "accuracy": JSONValue(result.accuracy), "noise_accuracy": JSONValue(noise), "attacks": .array(attacks),
            "seconds": JSONValue(seconds), "attack_seconds": JSONValue(attackSeconds),
        ]
        if let diagnosis {
            object["flags"] = .array(
                diagnosis.flags.map {
                    .object(["kind": .string($0.kind.rawValue), "sentence": .string("\($0)")])
                })
        }
        if let out { object["out"] = .string(out) }
        return .object(object)
    }

    /// Writes the changed images, as the network's file has them, with what the network makes of them.
    func write(to url: URL) throws {
        var queries = ModelQueries(inputs.network)
        let predictions = queries.logits(result.adversarial).argmaxOfRows()
        let images = result.adversarial
        var writer = NPZWriter()
        writer.add("adversarial", inputs.isChannelsFirst ? AttackInputs.transposed(images, toLast: false) : images)
        writer.add("labels", inputs.labels)
        writer.add("predictions", predictions)
        writer.add("broken", result.robust.map { !$0 })
        writer.add("distances", Tensor(result.distances.map(Float.init)))
        try writer.write(to: url)
    }
}
