internal import PlumbBasics
public import PlumbTensor

/// Pictures with the class each one belongs to.
public struct LabeledImages: Sendable, Equatable {
    /// The pixels, from 0 for black to 1 for full intensity.
    ///
    /// - Shapes: `[N, H, W, C]`, pictures, rows, columns and channels.
    public let images: Tensor
    /// The class of each picture, an index into ``classNames``.
    public let labels: [Int]
    /// The classes, for people.
    public let classNames: [String]

    /// - Precondition: `images` is `[N, H, W, C]`, and there are N labels, each the index of a class.
    public init(images: Tensor, labels: [Int], classNames: [String]) {
        require(images.shape.count == 4, "LabeledImages needs images [N, H, W, C], got \(images.shape)")
        require(
            images.shape[0] == labels.count, "LabeledImages: \(labels.count) labels for images \(images.shape)")
        require(
            labels.allSatisfy(classNames.indices.contains),
            "LabeledImages: a label is none of 0 ..< \(classNames.count)")
        self.images = images
        self.labels = labels
        self.classNames = classNames
    }

    /// The number of pictures.
    public var count: Int { labels.count }
    /// The rows of a picture.
    public var height: Int { images.shape[1] }
    /// The columns of a picture.
    public var width: Int { images.shape[2] }
    /// The numbers of a pixel: 1 for gray, 3 for red, green and blue.
    public var channels: Int { images.shape[3] }

    /// The pictures `rows`, in the order asked.
    public subscript(rows: [Int]) -> LabeledImages {
        LabeledImages(images: images.gathered(rows), labels: rows.map { labels[$0] }, classNames: classNames)
    }

    /// The pictures as vectors, without copying.
    ///
    /// - Shapes: result `[N, H·W·C]`.
    public var vectors: Tensor { images.reshaped([count, height * width * channels]) }

    /// How many pictures each class has, in the order of ``classNames``.
    public var classCounts: [Int] {
        var counts = [Int](repeating: 0, count: classNames.count)
        for label in labels { counts[label] += 1 }
        return counts
    }

    /// Refuses pixels that are not finite.
    ///
    /// - Throws: `FileError` naming `name` and the first picture with such a pixel.
    public func checkFinite(_ name: String) throws {
        let bad = images.withUnsafeElements { pixels in pixels.firstIndex { !$0.isFinite } }
        guard let bad else { return }
        let (picture, rest) = bad.quotientAndRemainder(dividingBy: height * width * channels)
        let (row, column) = (rest / channels).quotientAndRemainder(dividingBy: width)
        throw FileError(
            "\(name): picture \(picture) has a pixel that is not a finite number, at row \(row), column \(column); "
                + "mend or leave out that picture")
    }
}
