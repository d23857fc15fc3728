internal import PlumbModels
internal import PlumbRecords
internal import PlumbTensor

/// How far the attacks of a study are: they take about equally long, a battery as long as four.
struct AttackProgress {
    /// What a battery counts for.
    static let battery = 4
    /// Told the share that is done before each part; throws where the run was stopped.
    let tell: (Double) throws -> Void
    /// All attacks, a battery as four.
    let parts: Int
    private var done = 0.0

    init(_ reporter: RunReporter, _ label: String, parts: Int) {
        (tell, self.parts) = (reporter.stage(label), parts)
    }

    /// An attack begins.
    mutating func next() throws {
        try tell(done / Double(parts))
        done += 1
    }

    /// Runs a battery.
    mutating func run(
        _ battery: AttackBattery, _ network: NetworkGraph, images: Tensor, labels: [Int], key: RandomKey
    ) throws -> BatteryResult {
        defer { done += Double(Self.battery) }
        return try battery.run(network, images: images, labels: labels, key: key) { part in
            try tell((done + Double(Self.battery) * part) / Double(parts))
        }
    }
}
