/// A head of a model, by its place.
public struct AttentionHead: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The block, counted from 0.
    public var layer: Int
    /// The head within the block, counted from 0.
    public var head: Int

    /// The head of a block.
    public init(layer: Int, head: Int) { (self.layer, self.head) = (layer, head) }

    /// As in the literature: `1.3`.
    public var description: String { "\(layer).\(head)" }

    public static func < (a: AttentionHead, b: AttentionHead) -> Bool { (a.layer, a.head) < (b.layer, b.head) }
}
