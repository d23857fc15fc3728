/// Ends the process with a sentence where a caller breaks what a function asks of its arguments.
///
/// Unlike `precondition`, which drops its message in release builds, the sentence is printed in every build.
///
/// - Parameters:
///   - condition: what must be true.
///   - sentence: what was found and what would be accepted; made only where the condition is false.
@inlinable
@inline(__always)
public func require(
    _ condition: @autoclosure () -> Bool, _ sentence: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) {
    if !condition() { unmet(sentence(), file: file, line: line) }
}

/// Ends the process with a sentence, in every build; where a value that the caller promised is not there.
@inline(never)
public func unmet(_ sentence: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
    fatalError(sentence, file: file, line: line)
}
