// What is left of a message that is passed on many times? Only what is conserved exactly: functions of the state that every
// step keeps. Wentworth 2021, *Information At A Distance Is Mediated By Deterministic Constraints*.

internal import Foundation

/// A Markov chain whose stationary distribution is uniform.
public struct MarkovChain: Sendable, Equatable {
    /// The probability of each next state, a row for each state.
    public let transition: [[Double]]

    /// - Throws: ``FoundationsError`` where rows are no distributions, or the uniform one is not stationary.
    public init(_ transition: [[Double]]) throws {
        for row in transition {
            guard row.count == transition.count else {
                throw FoundationsError("a chain of \(transition.count) states has a row of \(row.count) probabilities")
            }
            try FoundationsError.check(row, of: "a step of the chain")
        }
        for column in transition.indices {
            let sum = transition.reduce(0) { $0 + $1[column] }
            guard abs(sum - 1) < 1e-9 else {
                throw FoundationsError("the chain's columns sum to \(sum): they must sum to 1")
            }
        }
        self.transition = transition
    }

    /// Blocks of states in a circle: a step stays with probability `lazy`, leaks to a state of any other block with
    /// probability `leak`, and otherwise goes to either neighbor.
    ///
    /// - Throws: ``FoundationsError`` where these are no probabilities.
    public static func circles(blocks: Int, length: Int, lazy: Double, leak: Double = 0) throws -> MarkovChain {
        let count = blocks * length
        var rows = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
        for state in 0..<count {
            let (block, place) = (state / length, state % length)
            rows[state][state] += (1 - leak) * lazy
            for step in [1, length - 1] {
                rows[state][block * length + (place + step) % length] += (1 - leak) * (1 - lazy) / 2
            }
            for other in 0..<count where other / length != block { rows[state][other] += leak / Double(count - length) }
        }
        return try MarkovChain(rows)
    }

    /// I(X₀; X_n) for each n of `steps`, rising, from a uniform X₀, in nats.
    public func information(after steps: [Int]) -> [Double] {
        let count = transition.count
        var power = (0..<count).map { row in (0..<count).map { $0 == row ? 1.0 : 0 } }
        var (done, found) = (0, [Double]())
        for target in steps {
            while done < target {
                power = power.map { row in
                    (0..<count).map { column in (0..<count).reduce(0) { $0 + row[$1] * transition[$1][column] } }
                }
                done += 1
            }
            let entropy = power.joined().reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 } / Double(count)
            found.append(log(Double(count)) - entropy)
        }
        return found
    }
}
