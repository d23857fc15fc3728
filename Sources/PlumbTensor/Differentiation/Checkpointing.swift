internal import PlumbBasics

/// Applies `function` without recording what happens inside it; the backward pass computes it a second time.
///
/// A deep stack of blocks then keeps only what passes between blocks, and while the gradient passes a block, that block's
/// own values: much less memory for about one more forward pass (Chen et al. 2016, arXiv:1604.06174). Value and
/// gradients have the bits they have without.
///
/// ```swift
/// for block in blocks { x = checkpointed(block, x) { block, x in block(x) } }
/// ```
///
/// ``Compute/resetPeakBytes()`` before a step and ``Compute/peakBytes`` after it tell what the step needed.
///
/// - Parameters:
///   - block: everything with parameters that `function` uses; gradients flow to them.
///   - input: what `function` is applied to: a tensor, or an array of them; gradients flow there too.
///   - function: a function of its arguments alone, which gives the same whenever it is called: noise comes from a key,
///     and running averages are not kept.
/// - Precondition: `function` uses no tensor that is being differentiated but through its arguments.
public func checkpointed<Block: ParameterTree, Input: ParameterTree>(
    _ block: Block, _ input: Input, _ function: @escaping (Block, Input) -> Tensor
) -> Tensor {
    let arguments = Arguments(block: block, input: input)
    let traces = arguments.parameters.map(\.tensor.trace)
    guard let tape = traces.lazy.compactMap({ $0 }).first(where: { $0.tape.isOpen })?.tape else {
        return function(block, input)
    }
    let before = tape.count
    let constants = arguments.mapParameters { _, tensor in tensor.detached() }
    let value = Tape.$current.withValue(nil) { function(constants.block, constants.input) }
    require(
        tape.count == before && !value.isTraced,
        "a checkpointed function uses a tensor that is being differentiated without getting it as an argument")
    return tape.record(value) { dy, into in
        // A pass that is itself differentiated records on its own tape; any other gets a tape that ends with the block.
        let gradient = valueWithPullback(at: arguments, seed: { _ in dy }) { function($0.block, $0.input) }.gradient
        for (part, trace) in zip(gradient.parameters, traces) { into.add(part.tensor, to: trace) }
    }
}

/// What a checkpointed function is a function of.
private struct Arguments<Block: ParameterTree, Input: ParameterTree>: ParameterTree {
    var block: Block
    var input: Input

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("block", &block)
        visitor("input", &input)
    }
}
