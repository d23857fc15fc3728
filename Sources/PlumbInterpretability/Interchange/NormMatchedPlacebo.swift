internal import PlumbNN
public import PlumbTensor

/// A control of an interchange: every row is moved by as much as the map moves it, in a random direction.
///
/// What a row's mere displacement does to the output is then what the placebo does too.
public struct NormMatchedPlacebo<Map: SubspaceMap>: SubspaceMap {
    /// The map whose changes give the lengths.
    public var map: Map
    /// Of the directions.
    public let key: RandomKey

    /// D: the width of the activation.
    public var width: Int { map.width }
    /// How many variables have a part of the activation.
    public var variables: Int { map.variables }

    /// The placebo of a map.
    public init(of map: Map, key: RandomKey) { (self.map, self.key) = (map, key) }

    public mutating func visit(_ visitor: inout ParameterVisitor) { map.visit(&visitor) }

    /// The base moved as far as the map moves it; each row's direction is drawn uniformly, by ``key`` and the row.
    ///
    /// - Shapes: `base`, each source and the result `[R, D]`.
    public func interchanged(_ base: Tensor, sources: [Tensor?]) -> Tensor {
        func lengths(_ rows: Tensor) -> Tensor { rows.squared().summed(axis: -1, keepingAxis: true).squareRoot() }
        let change = map.interchanged(base, sources: sources) - base
        let direction = Tensor.normal(base.shape, key: key)
        return base + direction * (lengths(change) / lengths(direction))
    }
}
