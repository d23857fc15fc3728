internal import PlumbBasics
internal import PlumbData
internal import PlumbLearning
internal import PlumbNN
internal import PlumbTensor

extension WeakToStrongStudy {
    /// Some pictures, as the supervisor and as the student see them.
    struct Part: Sendable {
        /// Means of 2 × 2 pixels, `[N, 16]` for pictures of 8 × 8.
        let pooled: DoubleMatrix
        /// Along the principal components of the student's pictures, `[N, K]`.
        let components: DoubleMatrix
        /// All pixels, `[N, 64]`.
        let pixels: Tensor
        let labels: [Int]

        func gathered(_ rows: [Int]) -> Part {
            Part(
                pooled: pooled.gathered(rows), components: components.gathered(rows), pixels: pixels.gathered(rows),
                labels: rows.map { labels[$0] })
        }
    }

    /// Pictures for the supervisor, for the student and for testing, none of them twice.
    struct Split: Sendable {
        private let supervised: Part
        /// All pictures.
        let everything: Part
        let student: Part
        let test: Part
        /// The study's, for the networks.
        let weakLabels: Int
        let penalty: Double

        init(_ digits: LabeledImages, study: WeakToStrongStudy, key: RandomKey) throws {
            require(
                digits.count >= study.leastPictures,
                "a split needs \(study.leastPictures) pictures, there are \(digits.count)")
            (weakLabels, penalty) = (study.weakLabels, study.penalty)
            var random = key.generator()
            let order = Array(0..<digits.count).shuffled(using: &random)
            let (first, second) = (study.weakLabels, study.weakLabels + study.studentLabels)
            let pixels = DoubleMatrix(digits.vectors)
            // What the student is good at comes from pictures without labels.
            let principal = try PrincipalComponents(
                of: pixels.gathered(Array(order[first..<second])), count: study.components)
            let pooled = digits.images.averagePooled2D(window: 2)
            let all = Part(
                pooled: DoubleMatrix(pooled.reshaped([digits.count, pooled.count / digits.count])),
                components: principal(pixels), pixels: digits.vectors, labels: digits.labels)
            everything = all
            supervised = all.gathered(Array(order[..<first]))
            student = all.gathered(Array(order[first..<second]))
            test = all.gathered(Array(order[second...]))
        }

        /// The first `count` of the supervisor's pictures.
        func weak(_ count: Int) -> Part { supervised.gathered(Array(0..<count)) }
    }
}

extension DoubleMatrix {
    /// A 1 at each label's place.
    ///
    /// - Shapes: result `[N, classes]`.
    static func oneHot(_ labels: [Int], _ classes: Int) -> DoubleMatrix {
        var result = DoubleMatrix(rows: labels.count, columns: classes)
        for (row, label) in labels.enumerated() { result[row, label] = 1 }
        return result
    }
}
