internal import PlumbBasics
public import PlumbTensor
internal import Synchronization

/// Shuffled mini-batches: which rows of a set a step uses, as a function of the key and the step alone.
///
/// Each epoch visits every row once, in an order of its own (Fisher and Yates 1938, in Durstenfeld's form of 1964).
///
/// ```swift
/// let batches = Batches(count: train.count, size: 128, key: RandomKey(0)["batches"])
/// let rows = batches.rows(step: 4_000)
/// let batch = train[rows]
/// ```
public struct Batches: Sendable {
    /// What becomes of the rows that fill no batch at an epoch's end.
    public enum Remainder: String, Sendable, Codable {
        /// They are a smaller batch.
        case keep
        /// This epoch does without them.
        case drop
    }

    /// The number of rows in the set.
    public let count: Int
    /// The rows in a batch.
    public let size: Int
    /// The number of batches in an epoch.
    public let perEpoch: Int
    private let key: RandomKey
    private let cache = Cache()

    /// - Precondition: an epoch has at least one batch.
    public init(count: Int, size: Int, key: RandomKey, remainder: Remainder = .drop) {
        require(count >= 0 && size > 0, "Batches needs rows and a size above 0, got \(count) and \(size)")
        self.count = count
        self.size = size
        self.key = key
        perEpoch = remainder == .drop ? count / size : (count + size - 1) / size
        require(perEpoch > 0, "Batches: \(count) rows fill no batch of \(size)")
    }

    /// The rows of the batch numbered `step` since the beginning of training.
    ///
    /// - Complexity: O(``size``), and O(``count``) for another epoch than the last that was asked for.
    public func rows(step: Int) -> [Int] {
        require(step >= 0, "Batches: there is no step \(step)")
        let (epoch, index) = step.quotientAndRemainder(dividingBy: perEpoch)
        return rows(epoch: epoch, index: index)
    }

    /// The rows of batch `index` of an epoch.
    public func rows(epoch: Int, index: Int) -> [Int] {
        require((0..<perEpoch).contains(index), "Batches: an epoch of \(perEpoch) batches has no batch \(index)")
        return cache.order(of: epoch, make: { order(epoch: epoch) }) {
            Array($0[index * size..<min((index + 1) * size, count)])
        }
    }

    /// All rows in the order of an epoch.
    public func order(epoch: Int) -> [Int] {
        var order = Array(0..<count)
        var generator = key[epoch].generator()
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, generator.index(below: last + 1))
        }
        return order
    }

    /// The order of the last epoch asked for; copies share it.
    private final class Cache: Sendable {
        private let last = Mutex<(epoch: Int, order: [Int])?>(nil)

        func order(of epoch: Int, make: () -> [Int], _ body: ([Int]) -> [Int]) -> [Int] {
            last.withLock { last in
                if let last, last.epoch == epoch { return body(last.order) }
                let order = make()
                last = (epoch, order)
                return body(order)
            }
        }
    }
}
