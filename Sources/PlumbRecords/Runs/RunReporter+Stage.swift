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

    /// The same reporter for one part of a longer computation: a progress from 0 to 1 becomes one within `range`.
    ///
    /// - Parameter range: the part's share of the whole, within 0...1.
    public func spanning(_ range: ClosedRange<Double>) -> RunReporter {
        observer.map { heard(by: PartObserver(whole: $0, range: range)) } ?? self
    }
}

/// Hears a part, and tells its progress as that of the whole.
private struct PartObserver: RunObserver {
    let whole: any RunObserver
    let range: ClosedRange<Double>

    func receive(_ event: RunEvent) {
        guard case .progress(let label, let fraction, let detail) = event.kind else { return whole.receive(event) }
        let done = range.lowerBound + fraction * (range.upperBound - range.lowerBound)
        whole.receive(RunEvent(.progress(label: label, fraction: done, detail: detail)))
    }
}
