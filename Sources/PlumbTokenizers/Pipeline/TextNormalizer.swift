internal import PlumbBasics

/// What is done to text before it is cut: a sequence of steps, as the normalizers of `tokenizer.json` are.
struct TextNormalizer: Sendable, Hashable {
    /// One change of the whole text.
    enum Step: Sendable, Hashable {
        case form(UnicodeNormalization.Form)
        case lowercase
        case stripAccents
        case replace(TextPattern, with: [UInt8])
        case prepend([UInt8])
        case strip(left: Bool, right: Bool)
        case bert(BertCleaning)
        case precompiled(CharacterMap)
    }

    var steps: [Step] = []

    /// No change.
    static let none = TextNormalizer()
    /// Canonical composition.
    static let nfc = TextNormalizer(steps: [.form(.nfc)])

    /// The changed text; nil where nothing changes.
    func apply(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8]?
        for step in steps {
            let changed = result.map { $0.withUnsafeBufferPointer { step.apply($0) } } ?? step.apply(text)
            if let changed { result = changed }
        }
        return result
    }

    /// The changed text.
    func applied(to text: [UInt8]) -> [UInt8] { text.withUnsafeBufferPointer { apply($0) } ?? text }
}

extension TextNormalizer.Step {
    fileprivate func apply(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        switch self {
        case .form(let form): UnicodeNormalization.standard.normalized(text, form)
        case .lowercase: Self.mapScalars(text) { CaseMapping.appendLower($0, to: &$1) }
        case .stripAccents: Self.mapScalars(text) { if !ScalarSet.marks.contains($0) { $1.append(utf8: $0) } }
        case .replace(let pattern, let content): Self.replace(pattern, with: content, in: text)
        case .prepend(let prefix): text.isEmpty ? nil : prefix + text
        case .strip(let left, let right): Self.strip(text, left, right)
        case .bert(let cleaning): cleaning.apply(text)
        case .precompiled(let map): map.apply(text)
        }
    }

    /// Text with each scalar replaced; bytes that are no valid UTF-8 stay.
    static func mapScalars(
        _ text: UnsafeBufferPointer<UInt8>, _ append: (UInt32, inout [UInt8]) -> Void
    ) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let (value, length) = UTF8Scalar.decode(text, at: index, end: text.count)
            if value == 0xFFFD, length == 1 { result.append(text[index]) } else { append(value, &result) }
            index += length
        }
        return result
    }

    private static func replace(
        _ pattern: TextPattern, with content: [UInt8], in text: UnsafeBufferPointer<UInt8>
    ) -> [UInt8]? {
        let matches = pattern.matches(in: text)
        guard !matches.isEmpty else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count + matches.count * content.count)
        var start = 0
        for match in matches {
            result.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<match.lowerBound]))
            result.append(contentsOf: content)
            start = match.upperBound
        }
        result.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        return result
    }

    private static func strip(_ text: UnsafeBufferPointer<UInt8>, _ left: Bool, _ right: Bool) -> [UInt8]? {
        let start = left ? TextEdges.endOfSpace(text, from: 0) : 0
        let end = right ? max(start, TextEdges.startOfSpace(text, before: text.count)) : text.count
        return start == 0 && end == text.count ? nil : Array(text[start..<end])
    }
}

/// The normalization of BERT: control characters away, spaces around ideographs, accents away, lower case.
struct BertCleaning: Sendable, Hashable {
    var cleansText = true
    var spacesIdeographs = true
    /// Whether accents go; nil: where letters become lower case.
    var stripsAccents: Bool?
    var lowercases = true

    func apply(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result = TextNormalizer.Step.mapScalars(text) { scalar, result in
            if cleansText, scalar >= 0x80 || scalar < 0x20 || scalar == 0x7F {
                if ScalarSet.controls.contains(scalar) { return }
                if ScalarSet.isSpace(scalar) {
                    result.append(0x20)
                    return
                }
            }
            let isSpaced = spacesIdeographs && scalar >= 0x3400 && ScalarSet.ideographs.contains(scalar)
            if isSpaced { result.append(0x20) }
            result.append(utf8: scalar)
            if isSpaced { result.append(0x20) }
        }
        if stripsAccents ?? lowercases {
            result = result.withUnsafeBufferPointer { UnicodeNormalization.standard.normalized($0, .nfd) } ?? result
            if result.contains(where: { $0 >= 0x80 }) {
                result = result.withUnsafeBufferPointer { text in
                    TextNormalizer.Step.mapScalars(text) {
                        if !ScalarSet.nonspacingMarks.contains($0) { $1.append(utf8: $0) }
                    }
                }
            }
        }
        guard lowercases else { return result }
        return result.withUnsafeBufferPointer { text in
            TextNormalizer.Step.mapScalars(text) { CaseMapping.appendLower($0, to: &$1) }
        }
    }
}
