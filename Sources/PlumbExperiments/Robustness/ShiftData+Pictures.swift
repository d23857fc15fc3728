internal import PlumbData
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbRobustness

extension ShiftData {
    /// The first pictures of the training and of the test part.
    ///
    /// - Throws: `FileError` where the data are missing, saying how to install them.
    func pictures(
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
