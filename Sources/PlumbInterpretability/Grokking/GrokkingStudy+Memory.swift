public import PlumbRecords

extension GrokkingStudy {
    /// The memory, in bytes, of training this study's network, of measuring it on all p² pairs, and of the weights kept.
    ///
    /// - Parameter controlSteps: the training steps of a second network of the same sizes, whose weights are kept too; 0
    ///   where there is none.
    public func memory(controlSteps: Int = 0) -> MemoryEstimate {
        let (p, width, hidden) = (Double(modulus), Double(width), Double(hidden))
        let parameters = 2 * p * width + 4 * width * width + 2 * width * hidden
        // Logits and their probabilities, neurons before and after the ReLU, each with a gradient; the stream.
        let training = fraction * p * p * (3 * p + 4 * hidden + 6 * width)
        // The logits of all pairs, centered, their waves and what these explain.
        let measuring = p * p * (4 * p + 2 * hidden + 3 * width)
        let kept = (Double(steps) + Double(controlSteps)) / Double(snapshotEvery) * parameters
        return MemoryEstimate([
            .init("--modulus \(modulus) with --hidden \(self.hidden)", bytes: 4 * max(training, measuring)),
            .init("--width \(self.width) with --hidden \(self.hidden)", bytes: 4 * 8 * parameters),
            .init("--snapshot-every \(snapshotEvery) with --steps \(steps)", bytes: 4 * kept),
        ])
    }
}
