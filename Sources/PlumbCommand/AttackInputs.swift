import Foundation
import PlumbBasics
import PlumbData
import PlumbModels
import PlumbRobustness
import PlumbTensor

/// A user's network, images and labels, made fit for each other or refused with a sentence.
struct AttackInputs {
    /// The network's file.
    let networkPath: String
    /// The images' file.
    let imagesPath: String
    /// The network; where it reads images, with channels last.
    let network: NetworkGraph
    /// The images as the network reads them, `[N, …]`.
    let images: Tensor
    /// The right classes.
    let labels: [Int]
    /// Whether the file has channels first, as the network's own file.
    let isChannelsFirst: Bool

    /// How many classes the network tells apart.
    var classes: Int { network.shapes.last?.last ?? 0 }

    /// - Throws: `FileError`, `ModelError` or `AttackError` naming the file and what is wrong with it.
    init(
        network: String, images: String, labels: String?, first: Int?, rescale: ClosedRange<Float>?,
        bounds: ClosedRange<Float>
    ) throws {
        (networkPath, imagesPath) = (network, images)
        let isONNX = network.lowercased().hasSuffix(".onnx")
        let graph =
            try isONNX ? NetworkGraph(onnx: URL(fileURLWithPath: network)) : NetworkGraph.load(network)
        guard let output = graph.shapes.last, output.count == 1, output[0] > 1 else {
            throw FileError(
                "\(network) gives \(graph.shapes.last ?? []) for an image; a classifier gives a number for each of two "
                    + "classes or more")
        }
        let pictures = try Self.array(images, ["images", "x", "X"], "images")
        let classes =
            try labels.map { try Self.array($0, ["labels", "y", "Y"], "labels") }
            ?? Self.array(images, ["labels", "y", "Y"], "labels", isShared: true)
        let count = pictures.shape.first ?? 0
        guard pictures.shape.count > 1, classes.shape == [count] || classes.shape == [count, 1] else {
            throw FileError(
                "\(images) holds images \(pictures.shape) and \(labels ?? "it") labels \(classes.shape): images are "
                    + "[N, …] and labels [N]")
        }
        let sample = graph.inputShape
        try Self.check(Array(pictures.shape.dropFirst()), sample, images, network)
        let kept = min(first ?? count, count)
        var tensor = try pictures.tensor().reshaped([count] + sample)[0..<kept]
        if let rescale { tensor = try Self.rescaled(tensor, rescale, bounds, images) }
        try Self.check(tensor, bounds, images)
        isChannelsFirst = isONNX && sample.count == 3
        if isChannelsFirst { tensor = Self.transposed(tensor, toLast: true) }
        self.network = isChannelsFirst ? graph.readingChannelsLast() : graph
        self.images = tensor
        do { self.labels = Array(try classes.wholeNumbers().prefix(kept)) } catch let error as FileError {
            throw FileError("\(labels ?? images): labels: \(error.description)")
        }
    }

    /// Makes sure that the network has the classes that each attack needs.
    func check(_ battery: AttackBattery) throws {
        guard let attack = battery.attacks.first(where: { $0.leastClasses > classes }) else { return }
        throw AttackError(
            "\(attack.name) needs \(attack.leastClasses) classes or more, and \(networkPath) has \(classes): choose others, "
                + "for example --attacks apgd-ce,fab\(battery.set.norm == .l1 ? "" : ",square")")
    }

    /// The array of one of the names, or the only one.
    private static func array(
        _ path: String, _ names: [String], _ what: String, isShared: Bool = false
    ) throws -> NPYArray {
        let file = try NPZFile(contentsOf: URL(fileURLWithPath: path))
        if let name = names.first(where: file.names.contains) { return try file.array(name) }
        guard !isShared else {
            throw FileError(
                "\(path) has no array labels: add one, as numpy.savez(…, images=x, labels=y) does, or name a file by --labels")
        }
        guard file.names.count == 1 else {
            let found = visible(file.names.prefix(8).joined(separator: ", "), limit: 200)
            throw FileError("\(path) has no array \(what); it has \(found.isEmpty ? "none" : found)")
        }
        return try file.array(file.names[0])
    }

    /// An image of the file is one of the network where the extents are the same apart from those of 1, or where it is flat.
    private static func check(_ found: [Int], _ needed: [Int], _ images: String, _ network: String) throws {
        func extents(_ shape: [Int]) -> [Int] { shape.filter { $0 != 1 } }
        let isFlat = found.count == 1 && found[0] == needed.reduce(1, *)
        guard !isFlat, extents(found) != extents(needed) else { return }
        let isTurned = needed.count == 3 && found == [needed[1], needed[2], needed[0]]
        throw FileError(
            "\(images) holds images of the shape \(found), and \(network) reads \(needed)"
                + (isTurned ? ": put channels first, as x.transpose(0, 3, 1, 2) does" : ""))
    }

    private static func rescaled(
        _ images: Tensor, _ from: ClosedRange<Float>, _ bounds: ClosedRange<Float>, _ path: String
    ) throws -> Tensor {
        let factor =
            (Double(bounds.upperBound) - Double(bounds.lowerBound))
            / (Double(from.upperBound) - Double(from.lowerBound))
        let values = images.elements
        if let place = values.firstIndex(where: { $0.isFinite && !from.contains($0) }) {
            throw FileError(
                "\(path): image \(place / (images.count / images.shape[0])) has the value \(values[place]), outside the "
                    + "\(from.lowerBound) to \(from.upperBound) of --rescale")
        }
        return Tensor(
            values.map { value in
                let moved = Double(bounds.lowerBound) + (Double(value) - Double(from.lowerBound)) * factor
                return value.isFinite ? min(max(Float(moved), bounds.lowerBound), bounds.upperBound) : value
            }, shape: images.shape)
    }

    /// Refuses values that are no numbers or outside the bounds, with what would help.
    private static func check(_ images: Tensor, _ bounds: ClosedRange<Float>, _ path: String) throws {
        let width = (images.count / images.shape[0])
        let values = images.elements
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw FileError(
                "\(path): image \(place / width) has a value that is not a finite number, at place \(place % width): "
                    + "mend or leave out that image")
        }
        guard let place = values.firstIndex(where: { !bounds.contains($0) }) else { return }
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        throw FileError(
            "\(path): image \(place / width) has the value \(values[place]), outside \(bounds.lowerBound) to "
                + "\(bounds.upperBound); the images go from \(low) to \(high). Give --rescale, as in "
                + "--rescale 0...255, where the network reads other values than the file has, or --bounds where it reads these")
    }

    /// Images with their channels moved, `[N, C, H, W]` to `[N, H, W, C]` or back.
    static func transposed(_ images: Tensor, toLast: Bool) -> Tensor {
        let sample = Array(images.shape.dropFirst())
        let axes = toLast ? [1, 2, 0] : [2, 0, 1]
        let places = NetworkGraph.places(of: axes, sample)
        let values = images.elements
        let width = places.count
        return Tensor(
            (0..<images.shape[0]).flatMap { row in places.map { values[row * width + $0] } },
            shape: [images.shape[0]] + axes.map { sample[$0] })
    }
}
