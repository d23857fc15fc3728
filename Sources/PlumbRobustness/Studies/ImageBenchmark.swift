internal import PlumbBasics
public import PlumbData
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Pictures to learn, pictures to attack, and the classifier that learns them.
public struct ImageBenchmark: Sendable {
    /// Which pictures.
    public enum Name: String, Sendable, CaseIterable {
        /// scikit-learn's digits, 8 × 8, and a perceptron of two hidden layers.
        case digits
        /// Fashion-MNIST, 28 × 28, and a convolutional network.
        case fashion
    }

    /// Which it is.
    public let name: Name
    /// To learn.
    public let train: LabeledImages
    /// To attack.
    public let test: LabeledImages

    /// Pictures of digits: every fifth is for testing.
    public static func digits(_ all: LabeledImages) -> ImageBenchmark {
        let parts = Digits.split(all)
        return ImageBenchmark(name: .digits, train: parts.train, test: parts.test)
    }

    /// Fashion-MNIST.
    ///
    /// - Throws: `FileError` saying how to install the files where they are missing.
    public static func fashion() throws -> ImageBenchmark {
        ImageBenchmark(name: .fashion, train: try FashionMNIST.load(.train), test: try FashionMNIST.load(.test))
    }

    /// The same with fewer pictures, the first of each part; 0 takes all.
    public func limited(train: Int, test: Int) -> ImageBenchmark {
        func part(_ all: LabeledImages, _ count: Int) -> LabeledImages {
            count > 0 && count < all.count ? all[Array(0..<count)] : all
        }
        return ImageBenchmark(name: name, train: part(self.train, train), test: part(self.test, test))
    }

    /// A new classifier: 64-128-64-10 for digits; two convolutions of 16 and 32 channels and a hidden layer of 64 for
    /// clothes.
    public func network(key: RandomKey) -> NetworkGraph {
        switch name {
        case .digits:
            let pixels = train.height * train.width * train.channels
            return NetworkGraph(
                MLP([pixels, 128, 64, train.classNames.count], initializer: .heNormal, key: key))
        case .fashion:
            return .convolutional(
                image: [train.height, train.width, train.channels], channels: [16, 32], hidden: 64,
                classes: train.classNames.count, key: key)
        }
    }
}
