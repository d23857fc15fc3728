internal import PlumbBasics
public import PlumbModels
public import PlumbTensor
internal import Synchronization

/// A network behind something that hides its gradients without making it more robust: what a test for masked gradients must
/// find.
public struct MaskedNetwork<Network: HookedModel<Tensor>>: HookedModel {
    /// What hides them.
    public enum Mask: Sendable, Equatable {
        /// Logits times a number: answers stay, and the cross-entropy's gradient vanishes in float32.
        case scaledLogits(Float)
        /// Probabilities instead of logits, after a temperature.
        case probabilities(temperature: Float)
        /// Inputs rounded to so many steps of the unit interval, which have no gradient.
        case roundedInputs(steps: Float)
        /// Noise of a standard deviation, drawn anew at each pass.
        case noise(Float)
    }

    /// The network.
    public var network: Network
    /// What it stands behind.
    public let mask: Mask
    private let passes: Passes

    /// Which pass it is, for noise that differs from pass to pass.
    private final class Passes: Sendable {
        let key: RandomKey
        let count = Mutex(0)
        init(_ key: RandomKey) { self.key = key }

        func next() -> RandomKey {
            count.withLock { count in
                count += 1
                return key[count]
            }
        }
    }

    /// - Parameter key: of the noise; two networks made alike draw alike.
    public init(_ network: Network, _ mask: Mask, key: RandomKey) {
        (self.network, self.mask, passes) = (network, mask, Passes(key))
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { network.visit(&visitor) }

    /// The network's logits, or probabilities, behind the mask.
    ///
    /// - Shapes: `x` `[B, …]`; result `[B, K]`.
    public func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
        switch mask {
        case .scaledLogits(let scale): network.forward(x, &hooks) * scale
        case .probabilities(let temperature): (network.forward(x, &hooks) * (1 / temperature)).softmax()
        case .roundedInputs(let steps):
            network.forward(
                x.mapRows { _, out, x, _, _ in
                    for index in x.indices { out[index] = (x[index] * steps).rounded() / steps }
                }, &hooks)
        case .noise(let deviation): network.forward(x + noise(x.shape) * deviation, &hooks)
        }
    }

    private func noise(_ shape: [Int]) -> Tensor {
        var random = passes.next().generator()
        let count = shape.reduce(1, *)
        return Tensor(PerturbationSet.normals(count, &random).map(Float.init), shape: shape)
    }
}
