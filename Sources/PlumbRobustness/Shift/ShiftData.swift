public import PlumbData
internal import PlumbLearning
public import PlumbRecords

/// Pictures on which distribution shift is measured.
public enum ShiftData: String, Sendable, Codable, CaseIterable {
    /// scikit-learn's handwritten digits, 8 × 8 pixels.
    case digits
    /// Fashion-MNIST, 28 × 28 pixels.
    case fashion

    /// The first pictures of the training and of the test part.
    ///
    /// - Throws: `FileError` where the data are missing, saying how to install them.
    public func pictures(
        training: Int, testing: Int, in context: inout RunContext
    ) async throws -> (train: LabeledImages, test: LabeledImages) {
        var (train, test): (LabeledImages, LabeledImages)
        switch self {
        case .digits: (train, test) = Digits.split(try await context.digits())
        case .fashion: (train, test) = (try FashionMNIST.load(.train), try FashionMNIST.load(.test))
        }
        if train.count > training { train = train[Array(0..<training)] }
        if test.count > testing { test = test[Array(0..<testing)] }
        return (train, test)
    }
}
