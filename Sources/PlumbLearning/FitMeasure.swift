internal import PlumbBasics

/// Numbers that are measured along training, a case each; the raw value names the curve, as `loss/test`.
///
/// ```swift
/// enum Measure: String, FitMeasure { case testLoss = "loss/test" }
/// let result = try fit.run(model, optimizer: Adam(), evaluate: { model, _ in Measured(of: Measure.self) { _ in loss(model) } }) { … }
/// print(result.last(Measure.testLoss))
/// ```
public protocol FitMeasure: CaseIterable, Hashable, Sendable, RawRepresentable where RawValue == String {
    /// Names by which older versions kept the numbers in checkpoints.
    static var formerNames: [Self: String] { get }
}

extension FitMeasure {
    /// No other names than the raw values.
    public static var formerNames: [Self: String] { [:] }
}

/// What one measurement along training gave: a number for every case of a ``FitMeasure``.
public struct Measured: Sendable, Equatable {
    private let values: [String: Double]

    /// A number for every case of `measures`.
    public init<Measure: FitMeasure>(of measures: Measure.Type, _ make: (Measure) throws -> Double) rethrows {
        var values: [String: Double] = [:]
        for measure in Measure.allCases { values[measure.rawValue] = try make(measure) }
        self.values = values
    }

    private init() { values = [:] }

    /// No numbers: nothing is measured along training.
    public static let nothing = Measured()

    /// The number of one case.
    ///
    /// - Precondition: it is one of those that were measured.
    public subscript<Measure: FitMeasure>(measure: Measure) -> Double {
        guard let value = values[measure.rawValue] ?? Measure.formerNames[measure].flatMap({ values[$0] }) else {
            unmet("\"\(measure.rawValue)\" was not measured along training: \(names) were")
        }
        return value
    }

    /// The names of the curves, in their order.
    var names: [String] { values.keys.sorted() }

    /// A number by the name of its curve.
    func value(named name: String) -> Double? { values[name] }
}

extension Measured: Codable {
    /// Encodes an object with a member for each number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }

    /// Decodes an object of numbers.
    ///
    /// - Throws: `DecodingError` where a member is not a number.
    public init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: Double].self)
    }
}

/// Numbers measured after some number of steps.
public struct FitEvaluation: Sendable, Codable, Equatable {
    /// Steps made before the measurement.
    public let step: Int
    /// The numbers.
    public let values: Measured

    /// An evaluation after `step` steps.
    public init(step: Int, values: Measured) { (self.step, self.values) = (step, values) }

    /// A measured number.
    ///
    /// - Precondition: it is one of those that were measured.
    public subscript(measure: some FitMeasure) -> Double { values[measure] }
}
