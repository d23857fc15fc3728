public import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbReport
public import PlumbRobustness
import PlumbTensor

struct AttackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack", abstract: "Attack a classifier of your own with a battery of attacks.",
        discussion: """
            Example, images [N, 1, 28, 28] with values from 0 to 255 and their classes in one file:
              \(CommandName.current) attack --network classifier.onnx --images test.npz --radius 0.1 --rescale 0...255
            The file comes from numpy.savez("test.npz", images=x, labels=y), the network from torch.onnx.export.

            The attacks run one after another, each on the images that those before it left unbroken. The accuracy that \
            remains is an upper bound: a stronger attack may break more. Signs that the network hides its gradients are \
            said below the table; where there is one, do not believe the accuracy.
            """)

    @Option(
        help: ArgumentHelp(
            "An ONNX file, or a network saved here as safetensors: images to logits.", valueName: "file"))
    var network: String
    @Option(help: ArgumentHelp("Images, .npy or .npz: the array images, x or the only one.", valueName: "file"))
    var images: String
    @Option(
        help: ArgumentHelp(
            "Right classes, .npy or .npz: the array labels, y or the only one. (default: in the file of images)",
            valueName: "file"))
    var labels: String?
    @Option(help: "How a change is measured: linf, l2 or l1.") var norm = PerturbationNorm.linf
    @Option(parsing: .unconditional, help: "The largest size of a change, in the units that the network reads.")
    var radius: Double
    @Option(
        parsing: .unconditional,
        help: "The values that a pixel of the network's input may have. (default: 0...1)")
    var bounds: ValueRange?
    @Option(
        parsing: .unconditional,
        help: "The values that stand for the bounds in the file, for example 0...255. (default: images are not changed)")
    var rescale: ValueRange?
    @Option(
        help: """
            Which attacks, with commas: \(BatteryAttack.allCases.map(\.rawValue).joined(separator: ", ")). (default: \
            apgd-ce,apgd-t,fab,square, AutoAttack's; without square for l1)
            """)
    var attacks: String?
    @Option(parsing: .unconditional, help: "Steps of each ascent.") var steps = 100
    @Option(parsing: .unconditional, help: "Queries of the square attack for each image.") var queries = 5000
    @Option(parsing: .unconditional, help: "Attack only so many images, the first. (default: all)") var first: Int?
    @Option(parsing: .unconditional, help: "Seed of the attacks' chance.") var seed: UInt64 = 0
    @Option(parsing: .unconditional, help: .threads) var threads: Int?
    @Option(
        help: ArgumentHelp(
            "Write the changed images there as .npz, also those that no attack broke: adversarial, labels, predictions, "
                + "broken, distances.", valueName: "file"))
    var out: String?
    @Flag(inversion: .prefixedNo, help: "Look for signs of hidden gradients: four attacks more. Not for l1.")
    var checks = true
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        for (path, option) in [
            (network, "--network"), (images, "--images"), (labels, "--labels"), (out, "--out"),
        ] { try PathOption.check(path, option) }
        guard radius > 0, radius.isFinite else {
            throw ValidationError("--radius must be a number above 0, got \(radius)")
        }
        for (name, value, least) in [("--steps", steps, 1), ("--queries", queries, 2)] where value < least {
            throw ValidationError("\(name) must be at least \(least), got \(value)")
        }
        if let first, first < 1 { throw ValidationError("--first must be at least 1, got \(first)") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads)") }
        if let refusal = try chosen().compactMap({ $0.refusal(norm) }).first {
            throw ValidationError("--attacks: \(refusal), and --norm is \(norm.rawValue)")
        }
    }

    private func chosen() throws -> [BatteryAttack] {
        guard let attacks else {
            return [.apgdCE, .apgdT, .fab] + (norm == .l1 ? [] : [.square])
        }
        return try attacks.split(separator: ",").map { word in
            guard let attack = BatteryAttack(rawValue: String(word)) else {
                let known = BatteryAttack.allCases.map(\.rawValue)
                let near = closestMatch(to: String(word), in: known).map { "; did you mean \($0)?" } ?? ""
                throw ValidationError(
                    "--attacks: \(visible(String(word), limit: 40)) is none of \(known.joined(separator: ", "))\(near)")
            }
            return attack
        }
    }

    private static func seconds(_ duration: Duration) -> Double { (duration / .milliseconds(1)).rounded() / 1000 }

    func run() async throws {
        if let threads { Compute.configure(threads: threads) }
        let limits = (bounds ?? .unit).range
        let inputs = try AttackInputs(
            network: network, images: images, labels: labels, first: first, rescale: rescale?.range, bounds: limits)
        let set = PerturbationSet(norm, radius: radius, bounds: limits)
        let battery = try AttackBattery(chosen().map { $0.attack(set, steps: steps, queries: queries) })
        try inputs.check(battery)
        let key = RandomKey(seed)
        let progress = Output.progress()
        defer { progress.close() }
        let isChecked = checks && norm != .l1
        func tell(_ label: String, _ fraction: Double) {
            progress.receive(RunEvent(.progress(label: label, fraction: fraction)))
        }
        let clock = ContinuousClock()
        let start = clock.now
        let (graph, pictures, classes) = (inputs.network, inputs.images, inputs.labels)
        let noise = try RandomNoise(set).run(graph, images: pictures, labels: classes, key: key["noise"])
        let attacked = clock.now
        let result = try battery.run(graph, images: pictures, labels: classes, batch: 128, key: key["battery"]) {
            tell("attacking", $0)
        }
        let attackTime = clock.now - attacked
        let diagnosis =
            try isChecked
            ? MaskingDiagnosis(set).run(graph, images: pictures, labels: classes, key: key["checks"]) {
                tell("looking for hidden gradients", $0)
            } : nil
        progress.close()
        let report = AttackReport(
            inputs: inputs, set: set, result: result, noise: noise.accuracy, diagnosis: diagnosis, seed: seed,
            seconds: Self.seconds(clock.now - start), attackSeconds: Self.seconds(attackTime))
        if let out { try report.write(to: URL(fileURLWithPath: out)) }
        if json { return try Output.json(report.json(out: out)) }
        print(report.text(.current(), out: out), terminator: "")
    }
}

/// The attacks that the command knows by name.
enum BatteryAttack: String, CaseIterable {
    case fgsm, pgd
    case apgdCE = "apgd-ce"
    case apgdDLR = "apgd-dlr"
    case apgdT = "apgd-t"
    case fab, square, deepfool, cw

    /// Why the attack cannot be run in a norm.
    func refusal(_ norm: PerturbationNorm) -> String? {
        switch (self, norm) {
        case (.square, .l1): "square is for linf and l2"
        case (.deepfool, .l1): "deepfool is for linf and l2"
        case (.cw, .linf), (.cw, .l1): "cw is for l2"
        default: nil
        }
    }

    func attack(_ set: PerturbationSet, steps: Int, queries: Int) -> any Attack {
        switch self {
        case .fgsm: FGSM(set)
        case .pgd: PGD(set, steps: steps)
        case .apgdCE: AutoPGD(set, .crossEntropy, steps: steps)
        case .apgdDLR: AutoPGD(set, .differenceOfLogitsRatio, steps: steps)
        case .apgdT: AutoPGD(set, .targets(9), steps: steps)
        case .fab: FAB(set, steps: steps, targetClasses: 9)
        case .square: SquareAttack(set, queries: queries)
        case .deepfool: WithinRadius(DeepFool(set.norm, bounds: set.bounds), set)
        case .cw: WithinRadius(CarliniWagner(bounds: set.bounds), set)
        }
    }
}

extension PerturbationNorm: ExpressibleByArgument {}

/// Two numbers, the smaller first: `0...255`.
struct ValueRange: ExpressibleByArgument {
    let range: ClosedRange<Float>
    static let unit = ValueRange(range: 0...1)

    private init(range: ClosedRange<Float>) { self.range = range }

    init?(argument: String) {
        let parts = argument.split(separator: "...", omittingEmptySubsequences: false)
        guard parts.count == 2, let low = Float(parts[0]), let high = Float(parts[1]), low < high,
            low.isFinite, high.isFinite
        else { return nil }
        range = low...high
    }
}
