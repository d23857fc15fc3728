import PlumbTensor
import Testing

/// Compares the gradient of `function` with central differences, `(f(x + h) - f(x - h)) / 2h`, at every element of every
/// input; the result of `function` is weighted with random numbers, so that no gradient hides behind a symmetry.
func expectGradient(
    _ name: String, at inputs: [Tensor], step: Float = 1e-2, tolerance: Double = 2e-3,
    sourceLocation: SourceLocation = #_sourceLocation, of function: ([Tensor]) -> Tensor
) {
    var random = RandomKey(7)[name].generator()
    let shape = function(inputs).shape
    let weights = Tensor(shape: shape) { w in
        for i in w.indices { w[i] = Float(random.normal()) }
    }
    let found = valueWithPullback(at: inputs, seed: { _ in weights }, of: function).gradient
    for (number, input) in inputs.enumerated() {
        #expect(found[number].shape == input.shape, "\(name), input \(number)", sourceLocation: sourceLocation)
        for index in 0..<input.count {
            func value(_ offset: Float) -> Double {
                var moved = inputs
                moved[number].withUnsafeMutableElements { $0[index] += offset }
                return function(moved).dot(weights)
            }
            let difference = (value(step) - value(-step)) / Double(2 * step)
            let gradient = Double(found[number].elements[index])
            let error = abs(gradient - difference) / max(1, abs(difference))
            #expect(
                error <= tolerance, "\(name), input \(number), element \(index): \(gradient) against \(difference)",
                sourceLocation: sourceLocation)
        }
    }
}

/// Normal random numbers.
func normal(_ shape: [Int], _ seed: UInt64, scale: Float = 1, offset: Float = 0) -> Tensor {
    var random = RandomKey(seed).generator()
    return Tensor(shape: shape) { x in
        for i in x.indices { x[i] = Float(random.normal()) * scale + offset }
    }
}
