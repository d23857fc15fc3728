extension Budget {
    /// Where a part begins in a text, in bytes, without overlaps; by Knuth, Morris and Pratt, in time linear in both.
    func places(of part: String, in text: String, most: Int = .max) throws -> [Int] {
        let (part, text) = (Array(part.utf8), Array(text.utf8))
        try make(part.count * 9 + text.count)
        guard !part.isEmpty else { return most > 0 ? [0] : [] }
        guard part.count <= text.count else { return [] }
        var border = [0]
        var length = 0
        for byte in part.dropFirst() {
            while length > 0, part[length] != byte { length = border[length - 1] }
            if part[length] == byte { length += 1 }
            border.append(length)
        }
        var places: [Int] = []
        length = 0
        for (index, byte) in text.enumerated() {
            while length > 0, part[length] != byte { length = border[length - 1] }
            if part[length] == byte { length += 1 }
            guard length == part.count else { continue }
            if places.count >= most { break }
            try make(8)
            places.append(index + 1 - part.count)
            length = 0
        }
        return places
    }

    /// Python's `replace`; an empty part stands before every character and at the end.
    func replacing(_ part: String, by other: String, in text: String, most: Int) throws -> String {
        let most = most < 0 ? Int.max : most
        if part.isEmpty {
            try make(text.utf8.count * 24)
            let scalars = Array(text.unicodeScalars)
            let count = min(most, scalars.count + 1)
            try self.text(other.utf8.count, times: count, and: text.utf8.count)
            var result = ""
            for (place, scalar) in scalars.enumerated() {
                if place < count { result += other }
                result.unicodeScalars.append(scalar)
            }
            return count > scalars.count ? result + other : result
        }
        let places = try places(of: part, in: text, most: most)
        try self.text(other.utf8.count, times: places.count, and: text.utf8.count)
        return join(cut(text, at: places, width: part.utf8.count), with: other)
    }

    func join(_ parts: [String], with separator: String) -> String {
        parts.joined(separator: separator)
    }

    /// The text between parts that begin at places.
    func cut(_ text: String, at places: [Int], width: Int) -> [String] {
        var parts: [String] = []
        var rest = text.startIndex
        for place in places {
            let start = text.utf8.index(text.startIndex, offsetBy: place)
            parts.append(String(text[rest..<start]))
            rest = text.utf8.index(start, offsetBy: width)
        }
        return parts + [String(text[rest...])]
    }

    /// The lines of a text by every line end that Python knows; a line end at the very end begins no line.
    func lines(of text: String, keepsEnds: Bool = false) throws -> [String] {
        try make(text.utf8.count * 32)
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                var end = String(scalar)
                if scalar == "\r", scalars.first == "\n" {
                    scalars.removeFirst()
                    end += "\n"
                }
                lines.append(String(line) + (keepsEnds ? end : ""))
                line = String.UnicodeScalarView()
            default: line.append(scalar)
            }
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    /// A text without the characters of a set at its ends; without a set, white space.
    func stripped(_ text: String, _ set: Value?, left: Bool, right: Bool) throws -> String {
        try make(text.utf8.count)
        var isStripped: (Unicode.Scalar) -> Bool = { $0.isSpace }
        if let set, !set.isNone {
            guard let characters = set.plain else {
                throw Problem("the characters to strip are a string, not \(set.kind)")
            }
            try make(characters.utf8.count * 16)
            let scalars = Set(characters.unicodeScalars)
            isStripped = { scalars.contains($0) }
        }
        var rest = text.unicodeScalars[...]
        if left { rest = rest.drop(while: isStripped) }
        while right, let last = rest.last, isStripped(last) { rest.removeLast() }
        return String(rest)
    }
}
