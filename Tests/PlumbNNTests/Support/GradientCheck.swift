import PlumbNN
import PlumbTensor
import Testing

/// Compares the gradient of `function` at every parameter of `model` with central differences, `(f(x + h) - f(x - h)) /
/// 2h`; the result is weighted with random numbers, so that no gradient hides behind a symmetry.
func expectGradient<Model: ParameterTree>(
    _ name: String, at model: Model, step: Float = 1e-2, tolerance: Double = 2e-3,
    sourceLocation: SourceLocation = #_sourceLocation, of function: (Model) -> Tensor
) {
    let weights = Tensor.normal(function(model).shape, key: RandomKey(7)[name])
    let found = valueWithPullback(at: model, seed: { _ in weights }, of: function).gradient.parameters
    for (number, parameter) in model.parameters.enumerated() {
        let gradient = found[number].tensor
        let title = "\(name), \(parameter.name)"
        #expect(gradient.shape == parameter.tensor.shape, "\(title)", sourceLocation: sourceLocation)
        for index in 0..<parameter.tensor.count {
            func value(_ offset: Float) -> Double {
                var moved = model
                var next = 0
                moved.forEachParameter { _, tensor in
                    if next == number { tensor.withUnsafeMutableElements { $0[index] += offset } }
                    next += 1
                }
                return function(moved).dot(weights)
            }
            let difference = (value(step) - value(-step)) / Double(2 * step)
            let slope = Double(gradient.elements[index])
            #expect(
                abs(slope - difference) <= tolerance * max(1, abs(difference)),
                "\(title), element \(index): \(slope) against \(difference)", sourceLocation: sourceLocation)
        }
    }
}

/// A layer and what it is applied to, so that both are differentiated.
struct Applied<Layer: ParameterTree>: ParameterTree {
    var layer: Layer
    var x: Tensor

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("layer", &layer)
        visitor("x", &x)
    }
}

/// Normal random numbers.
func normal(_ shape: [Int], _ seed: UInt64, scale: Double = 1) -> Tensor {
    .normal(shape, standardDeviation: scale, key: RandomKey(seed))
}
