import Foundation
import PlumbData
import PlumbTensor
import Testing

/// Results and gradients recorded from PyTorch by `Scripts/record-gradients.py`.
struct GoldenGradients: Decodable {
    struct Operation: Decodable {
        var name: String
        var file: String
        var operation: String
        var options: Options
        var inputs: Int
    }

    struct Options: Decodable {
        var factor: Float?
        var offset: Float?
        var lower: Float?
        var upper: Float?
        var axis: Int?
        var epsilon: Float?
        var indices: [Int]?
        var shape: [Int]?
        var start: Int?
        var end: Int?
        var lengths: [Int]?
        var causal: Bool?
        var base: Double?
        var first: Int?
        var targets: [Int]?
        var delta: Float?
        var stride: Int?
        var padding: Int?
        var size: Int?
        var rate: Double?
        var mask: [Int]?
    }

    struct Model: Decodable {
        struct Inputs: Decodable {
            var targets: [Int]?
        }
        var name: String
        var file: String
        var inputs: Inputs
        var parameters: [String]
        var loss: Float
    }

    var operations: [Operation]
    var models: [Model]

    static func load() throws -> GoldenGradients {
        try JSONDecoder().decode(GoldenGradients.self, from: Data(contentsOf: url("index.json")))
    }

    static func tensors(_ name: String) throws -> GoldenTensors {
        GoldenTensors(file: try SafetensorsFile(contentsOf: url(name)))
    }

    private static func url(_ name: String) throws -> URL {
        try #require(Bundle.module.resourceURL).appendingPathComponent("Golden/gradients/\(name)")
    }
}

/// The tensors of one recorded case.
struct GoldenTensors {
    var file: SafetensorsFile

    func callAsFunction(_ name: String) throws -> Tensor { try file.tensor(name).dequantized() }
}

/// The norm of the difference over the norm of what is right; infinite where shapes differ.
func relativeError(_ found: Tensor, _ right: Tensor) -> Double {
    guard found.shape == right.shape else { return .infinity }
    let norm = right.norm()
    let difference = (found - right).norm()
    return difference == 0 ? 0 : norm == 0 ? difference : difference / norm
}
