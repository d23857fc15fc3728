public import Foundation

/// The three numbers that JSON cannot spell, as the strings "nan", "inf" and "-inf": a diverged loss is a finding that
/// must be kept.
public enum NonFinite {
    /// The string that stands for a number which is none or infinite.
    public static func spelling(of value: Double) -> String {
        value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
    }

    /// The number that a string stands for; nil for any other string.
    public static func value(of text: String) -> Double? {
        switch text {
        case "nan": .nan
        case "inf": .infinity
        case "-inf": -.infinity
        default: nil
        }
    }
}

extension JSONEncoder {
    /// An encoder that writes numbers which are none or infinite as ``NonFinite`` spells them, with sorted keys.
    public static func nonFinite(_ formatting: OutputFormatting = []) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union(.sortedKeys)
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: NonFinite.spelling(of: .infinity), negativeInfinity: NonFinite.spelling(of: -.infinity),
            nan: NonFinite.spelling(of: .nan))
        return encoder
    }
}

extension JSONDecoder {
    /// Reads what the encoder of the same name writes.
    public static var nonFinite: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: NonFinite.spelling(of: .infinity), negativeInfinity: NonFinite.spelling(of: -.infinity),
            nan: NonFinite.spelling(of: .nan))
        return decoder
    }
}
