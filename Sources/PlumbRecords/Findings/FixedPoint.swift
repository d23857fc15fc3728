internal import Foundation

extension Double {
    /// The number with so many digits after the point, as sentences and captions state it.
    public func fixed(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }

    /// The number with at most so many digits after the point, without zeros at the end.
    public func short(_ digits: Int = 2) -> String {
        let text = fixed(digits)
        guard digits > 0, text.contains(".") else { return text }
        let cut = String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
        return cut == "-0" ? "0" : cut
    }
}
