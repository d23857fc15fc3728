extension RunReporter {
    /// What a long computation calls with the part of it that is done, 0...1: it reports, and ends a stopped run.
    ///
    /// - Parameters:
    ///   - label: names the stage of the run.
    ///   - part: where the stage consists of equal parts, which of them this is, from 0.
    ///   - parts: how many equal parts the stage has.
    /// - Returns: a function that throws `RunInterrupted` when the run was asked to stop.
    public func stage(_ label: String, part: Int = 0, of parts: Int = 1) -> (Double) throws -> Void {
        { fraction in
            progress(label, (Double(part) + fraction) / Double(parts))
            try checkpoint()
        }
    }
}
