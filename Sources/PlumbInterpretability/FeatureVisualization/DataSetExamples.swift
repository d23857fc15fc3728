internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// How strongly the images of a data set activate units: the examples that belong beside optimized images.
public struct DataSetExamples: Sendable {
    /// The units.
    public let units: [VisualizedUnit]
    /// The activation of each unit by each image, `[units][images]`.
    public let activations: [[Float]]

    /// - Parameters:
    ///   - units: of the network.
    ///   - images: the data set.
    ///   - network: reads the images.
    /// - Shapes: `images` `[N, H, W, C]`.
    /// - Throws: ``ModelError`` for a unit that the network does not have.
    public init(of units: [VisualizedUnit], in images: Tensor, by network: NetworkGraph) throws {
        for unit in units { try unit.check(in: network) }
        self.units = units
        let points = Set(units.map(\.point))
        var activations = [[Float]](repeating: [], count: units.count)
        for first in stride(from: 0, to: images.shape[0], by: 128) {
            let part = images[first..<min(first + 128, images.shape[0])]
            let cache = network.run(part, recording: .points(points)).cache
            for (index, unit) in units.enumerated() {
                guard let found = cache[unit.point] else { unmet("a network hands every node to the hooks") }
                activations[index] += unit.values(found).elements
            }
        }
        self.activations = activations
    }

    /// The images that activate a unit most, strongest first; of equals, the earlier first.
    ///
    /// - Parameters:
    ///   - unit: the index of the unit.
    ///   - count: how many; fewer where there are fewer images.
    public func strongest(_ unit: Int, count: Int) -> [Int] {
        let values = activations[unit]
        return Array(values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }.prefix(count))
    }

    /// The greatest activation of each unit by an image of the data set.
    public var greatest: [Float] { activations.map { $0.max() ?? -.infinity } }

    /// The part of an image that the most active position of a unit depends on.
    ///
    /// - Shapes: `image` `[H, W, C]`; result the same with fewer rows and columns.
    public static func crop(of image: Tensor, for unit: VisualizedUnit, by network: NetworkGraph) -> Tensor {
        require(
            image.shape == network.inputShape && image.shape.count == 3,
            "a crop is of an image \(network.inputShape), got \(image.shape)")
        let batch = image.reshaped([1] + image.shape)
        guard let activation = network.run(batch, recording: .only(unit.point)).cache[unit.point] else {
            unmet("the network has no \(unit.point)")
        }
        let map = unit.map(activation)
        var place = map.indices.max { (map[$0], -$0) < (map[$1], -$1) } ?? 0
        let columns = activation.shape.count == 4 ? activation.shape[2] : 1
        if case .neuron(_, let row, let column) = unit.part { place = row * columns + column }
        let field = network.receptiveField(at: unit.point, row: place / columns, column: place % columns)
        let channels = image.shape[2]
        return image[field.rows].reshaped([field.rows.count, image.shape[1] * channels])
            .columns(field.columns.lowerBound * channels..<field.columns.upperBound * channels)
            .reshaped([field.rows.count, field.columns.count, channels])
    }
}
