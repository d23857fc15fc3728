import Foundation
import PlumbData
import PlumbTensor
import Testing

/// `plumb attack`, on the small networks that `Scripts/record-onnx-networks.py` recorded.
@Suite struct AttackCommandTests {
    private let model: TinyModel
    private static let networks = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("PlumbRobustnessTests/Golden/onnx").path

    init() throws { model = try TinyModel() }

    /// A file of images, and of labels where there are any.
    private func write(_ name: String, _ images: Tensor, _ labels: [Int]? = nil) throws {
        var writer = NPZWriter()
        writer.add("images", images)
        if let labels { writer.add("labels", labels) }
        try writer.write(to: model.scratch.appendingPathComponent(name))
    }

    /// Twelve images of two channels, 6 × 6 pixels from 0 to 1.
    private func images(_ scale: Float = 1) -> Tensor {
        Tensor((0..<12 * 72).map { Float(($0 * 7919) % 101) / 100 * scale }, shape: [12, 2, 6, 6])
    }
    private let labels = (0..<12).map { $0 % 4 }
    private let quick = ["--steps", "5", "--queries", "20"]

    private func attack(_ network: String, _ arguments: [String]) throws -> Plumb.Outcome {
        let path = network.contains("/") ? network : "\(Self.networks)/\(network).onnx"
        return try Plumb.run(["attack", "--network", path] + quick + arguments, in: model.scratch)
    }

    @Test("A network's own accuracy is found, and the changed images are written as they were read")
    func batteryOnOnesOwnNetwork() throws {
        try write("x.npz", images(), labels)
        let outcome = try attack(
            "residual", ["--images", "x.npz", "--radius", "0.1", "--out", "changed.npz", "--json"])
        #expect((outcome.code, outcome.errors) == (0, ""))
        let object = try outcome.json()
        let (clean, left) = (object["clean_accuracy"] as? Double ?? 2, object["accuracy"] as? Double ?? 3)
        #expect(left <= clean && object["count"] as? Int == 12)
        let attacks = try #require(object["attacks"] as? [[String: Any]])
        #expect(attacks.compactMap { $0["name"] as? String } == ["APGD-CE", "APGD-T", "FAB-T", "Square"])
        #expect(attacks.last?["accuracy"] as? Double == left)
        let file = try NPZFile(contentsOf: model.scratch.appendingPathComponent("changed.npz"))
        let changed = try file.array("adversarial").tensor()
        #expect(changed.shape == [12, 2, 6, 6])
        let moved = zip(changed.elements, images().elements).map { abs(Double($0) - Double($1)) }
        #expect((moved.max() ?? 1) <= 0.1)
        let (broken, predictions) = (try file.array("broken").wholeNumbers(), try file.array("predictions").wholeNumbers())
        #expect(zip(predictions, labels).map { $0 != $1 ? 1 : 0 } == broken)
        #expect(abs(Double(broken.count { $0 == 0 }) / 12 - left) < 1e-9)
        let again = try attack("residual", ["--images", "x.npz", "--radius", "0.1", "--json", "--threads", "1"])
        #expect(try again.json()["accuracy"] as? Double == left)
    }

    @Test("The table names every attack, and says of hidden gradients what was found")
    func tableForPeople() throws {
        try write("x.npz", images(), labels)
        let shown = try attack("residual", ["--images", "x.npz", "--radius", "0.1", "--norm", "l2"])
        #expect((shown.code, shown.errors) == (0, ""))
        for text in ["as they are", "random noise", "APGD-CE", "FAB-T", "Square", "worst case"] {
            #expect(shown.output.contains(text), "\(text): \(shown.output)")
        }
        #expect(shown.output.contains("6 × 6 × 2 to 4 classes"))
        #expect(shown.output.contains("hidden gradients") || shown.output.contains("Do not believe"))
        let one = try attack(
            "residual",
            ["--images", "x.npz", "--radius", "0.5", "--norm", "l2", "--attacks", "deepfool,pgd", "--no-checks"])
        #expect(one.code == 0 && one.output.contains("DeepFool") && !one.output.contains("gradients agree"))
    }

    @Test("Values outside the bounds are refused, and rescaled on request to the same result")
    func valuesOutside() throws {
        try write("x.npz", images(), labels)
        try write("bytes.npz", images(100), labels)
        let refused = try attack("residual", ["--images", "bytes.npz", "--radius", "0.1"])
        #expect((refused.code, refused.output) == (3, ""))
        #expect(refused.errors.contains("outside 0.0 to 1.0") && refused.errors.contains("--rescale 0...255"))
        let fine = ["--radius", "0.1", "--attacks", "apgd-ce", "--no-checks", "--json"]
        let scaled = try attack("residual", ["--images", "bytes.npz", "--rescale", "0...100"] + fine)
        let plain = try attack("residual", ["--images", "x.npz"] + fine)
        #expect(try scaled.json()["accuracy"] as? Double == plain.json()["accuracy"] as? Double)
        #expect(
            try attack("residual", ["--images", "bytes.npz", "--rescale", "0...50"] + fine).errors.contains(
                "outside the 0.0 to 50.0 of --rescale"))
    }

    @Test("What cannot be attacked is refused with a sentence and exit code 3")
    func badInput() throws {
        func refusal(_ network: String, _ images: String, _ more: [String] = []) throws -> String {
            let outcome = try attack(network, ["--images", images, "--radius", "0.1"] + more)
            #expect((outcome.code, outcome.output) == (3, ""), "\(outcome.errors)")
            #expect(outcome.errors.hasPrefix("plumb: "))
            return outcome.errors
        }
        try write("x.npz", images(), labels)
        var values = images().elements
        values[100] = .nan
        try write("nan.npz", Tensor(values, shape: [12, 2, 6, 6]), labels)
        #expect(try refusal("residual", "nan.npz").contains("image 1 has a value that is not a finite number, at place 28"))
        try write("flat.npz", Tensor.zeros([6, 5]) + 0.5, [0, 1, 2, 0, 1, 2])
        #expect(try refusal("perceptron", "flat.npz").contains("APGD-T needs 4 classes or more, and"))
        #expect(
            try attack(
                "perceptron", ["--images", "flat.npz", "--radius", "0.1", "--attacks", "apgd-ce,fab,square", "--json"]
            ).code == 0)
        #expect(try refusal("perceptron", "x.npz").contains("images of the shape [2, 6, 6], and"))
        try write("last.npz", Tensor.zeros([12, 6, 6, 2]), labels)
        #expect(try refusal("residual", "last.npz").contains("put channels first, as x.transpose(0, 3, 1, 2) does"))
        try write("few.npz", images(), [0, 1])
        #expect(try refusal("residual", "few.npz").contains("images are [N, …] and labels [N]"))
        try write("wrong.npz", images(), labels.map { $0 + 3 })
        #expect(try refusal("residual", "wrong.npz").contains("none of the network's classes 0 to 3"))
        try write("bare.npz", images())
        #expect(try refusal("residual", "bare.npz").contains("has no array labels: add one"))
        #expect(try refusal("refused", "x.npz").contains("operator LeakyRelu of node leak cannot be read"))
        #expect(try refusal("random", "x.npz").contains("it drops at random, as in training"))
        try model.write("no array", "text.npz")
        #expect(try refusal("residual", "text.npz").contains("neither an array of NumPy (.npy) nor an archive"))
        #expect(try refusal("residual", "missing.npz").contains("missing.npz"))
        #expect(try refusal(model.scratch.path + "/text.npz", "x.npz").contains("text.npz"))
    }

    @Test("Options that make no sense are wrong usage")
    func wrongUsage() throws {
        for (arguments, sentence) in [
            (["--radius", "-1"], "--radius must be a number above 0"),
            (["--radius", "0.1", "--attacks", "apgd-c"], "did you mean apgd-ce?"),
            (["--radius", "0.1", "--norm", "l1", "--attacks", "square"], "square is for linf and l2"),
            (["--radius", "0.1", "--norm", "linf", "--attacks", "cw"], "cw is for l2"),
            (["--radius", "0.1", "--first", "0"], "--first must be at least 1"),
            (["--radius", "0.1", "--rescale", "5"], "--rescale"),
        ] {
            let outcome = try attack("residual", ["--images", "x.npz"] + arguments)
            #expect(outcome.code == 2 && outcome.errors.contains(sentence), "\(outcome.errors)")
        }
        let help = try Plumb.run(["attack", "--help"]).output
        #expect(help.contains("--network classifier.onnx --images test.npz"))
    }
}
