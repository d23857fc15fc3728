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
        // Foundation gets whole seconds: it would cut milliseconds that a `Double` holds a little too small.
        let (seconds, fraction) = (wholeSeconds, milliseconds - wholeSeconds * 1000)
        let digits = String(fraction)
        return Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601).dropLast()
            + "." + String(repeating: "0", count: 3 - digits.count) + digits + "Z"
    }

    /// Fit for a folder's name, and sorting by name sorts by time: `20260131T090500Z`.
    public var compact: String {
        description.prefix { $0 != "." }.filter { $0 != "-" && $0 != ":" } + "Z"
    }

    /// For people: `2026-01-31 09:05 UTC`.
    public var readable: String {
        description.split(separator: ":").prefix(2).joined(separator: ":").replacing("T", with: " ") + " UTC"
    }

    /// Reads `description`'s form; `nil` for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 24, let fraction = Int64(text.dropLast().suffix(3)),
            let date = try? Date.ISO8601FormatStyle().parse(text.prefix(19) + "Z")
        else { return nil }
        self.init(milliseconds: Int64(date.timeIntervalSince1970) * 1000 + fraction)
        guard description == text else { return nil }
    }

    private var wholeSeconds: Int64 {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
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
