internal import Foundation

// A diverged loss is kept: numbers that JSON cannot spell are the strings "nan", "inf" and "-inf", as in records.

extension JSONEncoder {
    /// An encoder that keeps numbers which are none or infinite, with sorted keys.
    static func nonFinite(_ formatting: OutputFormatting = []) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union(.sortedKeys)
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }
}

extension JSONDecoder {
    /// Reads what the encoder of the same name writes.
    static var nonFinite: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }
}
