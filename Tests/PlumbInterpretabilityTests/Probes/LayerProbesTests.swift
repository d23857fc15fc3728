import Foundation
import PlumbBasics
import PlumbData
import PlumbInterpretability
import PlumbNN
import PlumbRecords
import PlumbTensor
import Testing

/// Probes of every layer, and the files that their examples come from.
@Suite struct LayerProbesTests {
    private func probes(_ method: ProbeMethod = .logistic(penalty: 1)) throws -> (LayerProbes, [Bool]) {
        var random = RandomKey(4).generator()
        let labels = (0..<120).map { _ in random.index(below: 2) == 0 }
        let noise = Tensor.normal([120, 6], key: RandomKey(5))
        var shifted = noise.elements
        for (row, label) in labels.enumerated() where label { shifted[row * 6 + 2] += 6 }
        let found = try LayerProbes(
            [noise, Tensor(shifted, shape: [120, 6])], layers: [3, 8], labels: labels,
            groups: labels.indices.map { "\($0 / 2)" }, method: method, controls: 6, key: RandomKey(6))
        return (found, labels)
    }

    @Test(arguments: [ProbeMethod.logistic(penalty: 1), .meanDifference, .sparse(features: 1, penalty: 1)])
    func theLayerThatHoldsTheLabelIsChosen(_ method: ProbeMethod) throws {
        let (found, _) = try probes(method)
        #expect(found.layers[found.chosen] == 8 && found.best.auroc > 0.98)
        #expect(found.reports[0].auroc < 0.8 && abs(Statistics.mean(found.best.shuffledLabels) - 0.5) < 0.25)
        let parts = [found.split.training, found.split.validation, found.split.test]
        #expect(parts.flatMap { $0 }.sorted() == Array(0..<120))
        #expect(found.findings(of: "m").table("layers")?.rows == ["3", "8"])
    }

    @Test func directionsAreWrittenAsTensorsAndAsAControlVector() throws {
        let (found, _) = try probes()
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "probe-\(UUID().uuidString).safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        try found.write(to: url, model: "m")
        let file = try SafetensorsFile(contentsOf: url)
        let direction = try file.tensor("blocks.8.hook_resid_post.direction").dequantized().elements
        #expect(direction == found.best.probe.direction.map(Float.init))
        let steering = try #require(found.controlVector().directions[8])
        #expect(abs(steering.norm() - 1) < 1e-5 && steering[2].item > 0.9)
    }

    @Test func labelsAreReadAsPeopleWriteThem() throws {
        func row(_ line: Int, _ label: JSONValue, _ text: String = "t") -> (line: Int, members: [String: JSONValue]) {
            (line, ["text": .string("\(text)\(line)"), "label": label])
        }
        let found = try LabeledTexts(
            rows: [
                row(1, .bool(true)), row(2, JSONValue(0)), row(3, .string("Yes")), row(4, .string("false")),
                row(5, JSONValue(1)),
            ])
        #expect(found.labels == [true, false, true, false, true] && found.groups == found.texts)
        let stars = try LabeledTexts(rows: [row(1, .string("5")), row(2, .string("2"))], positive: "5")
        #expect(stars.labels == [true, false])
        #expect(throws: ProbeError.self) { try LabeledTexts(rows: [row(1, .string("5"))]) }
        #expect(throws: ProbeError.self) { try LabeledTexts(rows: [row(1, .string("5"))], positive: "7") }
        #expect(throws: ProbeError.self) { try LabeledTexts(rows: [row(1, .bool(true))], group: "city") }
        #expect(throws: ProbeError.self) { try LabeledTexts(rows: [(3, ["text": .string("a")])]) }
        #expect(throws: ProbeError.self) {
            try LabeledTexts(rows: [(3, ["text": JSONValue(4), "label": .bool(true)])])
        }
        #expect(throws: ProbeError.self) { try LabeledTexts(rows: []) }
    }
}
