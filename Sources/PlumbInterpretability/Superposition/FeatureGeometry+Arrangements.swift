public import PlumbRecords

// The arrangements of Elhage et al. 2022 (arXiv:2209.10652) as numbers.

extension FeatureGeometry {
    /// The dimensions of the hidden space.
    public var dimensions: Int { directions.first?.count ?? 0 }

    /// The lowest dimensionality of the first features, one for each dimension, of a model that represents only them; 0
    /// for a model that represents others.
    public var dedication: Double {
        represented() == Array(0..<dimensions) ? dimensionality.prefix(dimensions).min() ?? 0 : 0
    }

    /// The features in antipodal pairs of a model that represents no others and whose pairs are at right angles, within a
    /// cosine of 0.2; 0 for any other model.
    public var featuresInOrthogonalPairs: Int {
        let represented = represented()
        let pairs = antipodalPairs(among: represented)
        guard pairs.count * 2 == represented.count else { return 0 }
        let areOrthogonal = pairs.indices.allSatisfy { first in
            pairs[(first + 1)...].allSatisfy { abs(cosine(pairs[first].0, $0.0)) <= 0.2 }
        }
        return areOrthogonal ? represented.count : 0
    }

    /// The largest difference, in degrees, between the angles of neighboring features and those of a regular pentagon;
    /// 180 for a model that does not represent five features.
    public var pentagonError: Double {
        let represented = represented()
        guard represented.count == 5 else { return 180 }
        return anglesBetweenNeighbors(among: represented).map { abs($0 - 72) }.max() ?? 180
    }

    /// D_i of each represented feature.
    public var dimensionalityOfRepresented: [Double] { represented().map { dimensionality[$0] } }

    /// The features of a model of two dimensions as arrows, colored by their importance, `decay` to the power i.
    public func panel(_ title: String, decay: Double) -> VectorPlot.Panel {
        var importance = 1.0
        return VectorPlot.Panel(
            title,
            vectors: directions.enumerated().map { index, direction in
                defer { importance *= decay }
                return VectorPlot.Vector("\(index)", x: direction[0], y: direction[1], value: importance)
            })
    }
}
