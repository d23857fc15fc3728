/// A head of a model, by its place.
public struct AttentionHead: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var layer: Int
    public var head: Int

    public init(layer: Int, head: Int) { (self.layer, self.head) = (layer, head) }

    /// As in the literature: `1.3`.
    public var description: String { "\(layer).\(head)" }

    public static func < (a: AttentionHead, b: AttentionHead) -> Bool { (a.layer, a.head) < (b.layer, b.head) }
}
