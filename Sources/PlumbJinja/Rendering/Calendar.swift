import Foundation

/// A moment in the time zone of this machine, written as C's `strftime` writes it in English.
struct Calendar {
    private let time: tm
    private let microseconds: Int
    private let seconds: Int

    init(of date: Date) {
        let since = min(max(date.timeIntervalSince1970, -6e10), 2.5e11)
        seconds = Int(since.rounded(.down))
        microseconds = min(Int(((since - since.rounded(.down)) * 1e6).rounded()), 999_999)
        var moment = time_t(seconds)
        var parts = tm()
        localtime_r(&moment, &parts)
        time = parts
    }

    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    private var year: Int { Int(time.tm_year) + 1900 }
    private var weekday: Int { Int(time.tm_wday) }
    private var day: String { Self.days[weekday] }
    private var month: String { Self.months[Int(time.tm_mon)] }
    private var hour12: Int32 { time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12 }

    /// The date in a format such as `%d %b %Y`; what is no known directive is written as it is.
    func written(_ format: String) -> String {
        var result = ""
        var scalars = format.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            guard let directive = scalars.next() else { return result + "%" }
            if directive == "-", let next = scalars.next() {
                let text = part(next) ?? "%-" + String(next)
                let trimmed = text.drop { $0 == "0" || $0 == " " }
                result += trimmed.isEmpty ? text.suffix(1) : trimmed
                continue
            }
            result += part(directive) ?? "%" + String(directive)
        }
        return result
    }

    private func padded(_ value: some BinaryInteger, _ width: Int, _ fill: String = "0") -> String {
        let digits = "\(value)"
        return String(repeated: fill, times: max(width - digits.count, 0)) + digits
    }

    private func part(_ directive: Unicode.Scalar) -> String? {
        switch directive {
        case "%": "%"
        case "n": "\n"
        case "t": "\t"
        case "f": padded(microseconds, 6)
        case "z", "Z": ""
        case "s": "\(seconds)"
        default: datePart(directive) ?? timePart(directive)
        }
    }

    private func datePart(_ directive: Unicode.Scalar) -> String? {
        switch directive {
        case "a": String(day.prefix(3))
        case "A": day
        case "w": "\(weekday)"
        case "u": "\(weekday == 0 ? 7 : weekday)"
        case "d": padded(time.tm_mday, 2)
        case "e": padded(time.tm_mday, 2, " ")
        case "b", "h": String(month.prefix(3))
        case "B": month
        case "m": padded(time.tm_mon + 1, 2)
        case "y": padded(year % 100, 2)
        case "Y": "\(year)"
        case "C": padded(year / 100, 2)
        case "j": padded(time.tm_yday + 1, 3)
        case "U": padded((Int(time.tm_yday) + 7 - weekday) / 7, 2)
        case "W": padded((Int(time.tm_yday) + 7 - (weekday + 6) % 7) / 7, 2)
        case "G": "\(week.year)"
        case "V": padded(week.number, 2)
        case "D", "x": written("%m/%d/%y")
        case "F": written("%Y-%m-%d")
        case "c": written("%a %b %e %H:%M:%S %Y")
        default: nil
        }
    }

    private func timePart(_ directive: Unicode.Scalar) -> String? {
        switch directive {
        case "H": padded(time.tm_hour, 2)
        case "k": padded(time.tm_hour, 2, " ")
        case "I": padded(hour12, 2)
        case "l": padded(hour12, 2, " ")
        case "p": time.tm_hour < 12 ? "AM" : "PM"
        case "P": time.tm_hour < 12 ? "am" : "pm"
        case "M": padded(time.tm_min, 2)
        case "S": padded(time.tm_sec, 2)
        case "R": written("%H:%M")
        case "T", "X": written("%H:%M:%S")
        case "r": written("%I:%M:%S %p")
        default: nil
        }
    }

    /// The week by ISO 8601, which begins on Monday; the first of a year holds its first Thursday.
    private var week: (year: Int, number: Int) {
        func weeks(_ year: Int) -> Int {
            func shift(_ year: Int) -> Int { (year + year / 4 - year / 100 + year / 400) % 7 }
            return shift(year) == 4 || shift(year - 1) == 3 ? 53 : 52
        }
        let number = (Int(time.tm_yday) + 1 - (weekday == 0 ? 7 : weekday) + 10) / 7
        if number < 1 { return (year - 1, weeks(year - 1)) }
        return number > weeks(year) ? (year + 1, 1) : (year, number)
    }
}
