import CPlumbKernels
import Foundation
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct OptimizerTests {
    @Test(arguments: [false, true]) func adamFollowsItsFormula(decoupled: Bool) async {
        if decoupled {
            await #expect(processExitsWith: .success) { checkAdam(decoupled: true) }
        } else {
            await #expect(processExitsWith: .success) { checkAdam(decoupled: false) }
        }
    }

    @Test func gradientDescentFollowsItsFormula() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true)] {
                    check { weights, gradient, first, _, step in
                        let buffer = momentum == 0 ? nil : first
                        plumb_sgd(
                            weights, gradient, buffer, count, 0.05, momentum, nesterov ? 1 : 0, 0.1, step == 1 ? 1 : 0)
                    } exact: { weight, gradient, first, _, step in
                        var g = gradient + 0.1 * weight
                        first = step == 1 ? g : momentum * first + g
                        if momentum != 0 { g = nesterov ? g + momentum * first : first }
                        weight -= 0.05 * g
                    }
                }
            }
        }
    }

    @Test func lionFollowsItsFormula() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                check { weights, gradient, first, _, _ in
                    plumb_lion(weights, gradient, first, count, 0.01, 0.9, 0.99, 0.1)
                } exact: { weight, gradient, first, _, _ in
                    let u = 0.9 * first + 0.1 * gradient
                    weight -= 0.01 * ((u > 0 ? 1 : u < 0 ? -1 : 0) + 0.1 * weight)
                    first = 0.99 * first + 0.01 * gradient
                }
            }
        }
    }

    @Test func nothingMovesWithoutGradient() {
        var weights: [Float] = [1, -2, 3], zero: [Float] = [0, 0, 0]
        plumb_lion(&weights, [0, 0, 0], &zero, 3, 0.1, 0.9, 0.99, 0)
        plumb_sgd(&weights, [0, 0, 0], nil, 3, 0.1, 0, 0, 0, 1)
        #expect(weights == [1, -2, 3] && zero == [0, 0, 0])
        plumb_sgd(&weights, [1, 1, 1], nil, 0, 0.1, 0, 0, 0, 1)
        #expect(weights == [1, -2, 3])
    }
}

private let count = 40_003

private func checkAdam(decoupled: Bool) {
    for isa in instructionSets where plumb_isa_force(isa) == 0 {
        check { weights, gradient, first, second, step in
            var constants = plumb_adam_step(
                learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.1,
                decoupled: decoupled ? 1 : 0, correction1: 1 - pow(0.9, Double(step)),
                correction2: 1 - pow(0.999, Double(step)))
            plumb_adam(weights, gradient, first, second, count, &constants)
        } exact: { weight, gradient, first, second, step in
            let g = decoupled ? gradient : gradient + 0.1 * weight
            if decoupled { weight *= 1 - 0.01 * 0.1 }
            first = 0.9 * first + 0.1 * g
            second = 0.999 * second + 0.001 * g * g
            let root = second.squareRoot() / (1 - pow(0.999, Double(step))).squareRoot()
            weight -= 0.01 / (1 - pow(0.9, Double(step))) * first / (root + 1e-8)
        }
    }
}

/// Takes three steps on one and on three threads, whose bits must agree, and holds them to the formula in double.
private func check(
    _ run: (
        UnsafeMutablePointer<Float>, [Float], UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, _ step: Int
    ) -> Void,
    exact: (inout Double, Double, inout Double, inout Double, Int) -> Void
) {
    var random = SeededFloats(seed: 3)
    let start = random.floats(count), gradients = (0..<3).map { _ in random.floats(count, scale: 0.3) }
    let results = [Int32(1), 3].map { threads in
        plumb_threads_set(threads)
        var weights = start, first = [Float](repeating: 0, count: count), second = first
        for (i, gradient) in gradients.enumerated() { run(&weights, gradient, &first, &second, i + 1) }
        return weights
    }
    let same = results[0] == results[1]
    #expect(same)
    var worst = 0.0
    for i in 0..<count {
        var weight = Double(start[i]), first = 0.0, second = 0.0
        for (s, gradient) in gradients.enumerated() { exact(&weight, Double(gradient[i]), &first, &second, s + 1) }
        worst = max(worst, gap(Double(results[0][i]), weight))
    }
    // A sign may flip where the update's average is within rounding of 0; no such value is among these.
    #expect(worst < 1e-6)
}
