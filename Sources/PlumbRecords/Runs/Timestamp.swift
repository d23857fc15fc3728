public import Foundation

/// A moment in UTC to the millisecond, written as `2026-01-31T09:05:00.250Z` so that it survives JSON unchanged.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// The moment so many milliseconds after 1970-01-01T00:00:00Z.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The moment of a `Date`, rounded to the millisecond.
    public init(_ date: Date) { milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded()) }

    /// The present moment.
    public static var now: Timestamp { Timestamp(Date()) }

    /// Whether the left time is earlier.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The time from `earlier` to this moment, in seconds.
    public func seconds(since earlier: Timestamp) -> Double {
        Double(milliseconds - earlier.milliseconds) / 1000
    }
}

extension Timestamp: LosslessStringConvertible {
    /// ISO 8601 with milliseconds.
    public var description: String {
        let parts = parts
        return "\(parts.date)T\(parts.hour):\(parts.minute):\(parts.second).\(parts.fraction)Z"
    }

    /// Fit for a folder's name, and sorting by name sorts by time: `20260131T090500Z`.
    public var compact: String {
        let parts = parts
        return "\(parts.date.filter { $0 != "-" })T\(parts.hour)\(parts.minute)\(parts.second)Z"
    }

    /// For people: `2026-01-31 09:05 UTC`.
    public var readable: String {
        let parts = parts
        return "\(parts.date) \(parts.hour):\(parts.minute) UTC"
    }

    /// Reads `description`'s form; `nil` for anything else.
    public init?(_ text: String) {
        let pattern = Array("0000-00-00T00:00:00.000Z".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count == pattern.count else { return nil }
        for (byte, wanted) in zip(bytes, pattern) {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            guard wanted == UInt8(ascii: "0") ? isDigit : byte == wanted else { return nil }
        }
        func number(_ range: Range<Int>) -> Int64 {
            bytes[range].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }
        let (month, day) = (number(5..<7), number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Self.days(year: number(0..<4), month: month, day: day)
        self.init(
            milliseconds: (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + number(20..<23))
        guard description == text else { return nil }
    }

    private var parts: (date: String, hour: String, minute: String, second: String, fraction: String) {
        let day = Self.floorDivide(milliseconds, 86_400_000)
        let rest = milliseconds - day * 86_400_000
        let (year, month, dayOfMonth) = Self.civil(days: day)
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return (
            "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))",
            padded(rest / 3_600_000, 2),
            padded(rest / 60_000 % 60, 2), padded(rest / 1000 % 60, 2), padded(rest % 1000, 3)
        )
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        a >= 0 ? a / b : -((-a + b - 1) / b)
    }

    // The Gregorian calendar repeats every 400 years = 146,097 days; years are counted from March, so that the leap day
    // comes last and a month's first day is a linear formula.

    /// Days from 1970-01-01 to a date.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = floorDivide(marchYear, 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The date `days` days after 1970-01-01.
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Timestamp: Codable {
    /// Reads a time in the form of ISO 8601.
    /// - Throws: `DecodingError` when the text is no time.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let moment = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is no time of the form 2026-01-31T09:05:00.250Z")
        }
        self = moment
    }

    /// Writes the time in the form of ISO 8601.
    /// - Throws: `EncodingError` when the encoder refuses it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
