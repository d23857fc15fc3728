public import Foundation

/// A template in the language of Jinja, read once and rendered as often as needed.
///
/// ```swift
/// let template = try JinjaTemplate("{% for name in names %}Hello {{ name }}! {% endfor %}")
/// let text = try template.render(["names": ["Ada", "Emmy"]])
/// ```
///
/// The language is that of Jinja2 3.1, set up as the library `transformers` does for chat templates: the line end after a
/// block tag and the white space before one are not part of the text (`trim_blocks`, `lstrip_blocks`), values cannot be
/// changed (`ImmutableSandboxedEnvironment`), and there are `break`, `continue`, `generation`, `raise_exception`,
/// `strftime_now` and a `tojson` that keeps characters as they are. `include`, `import` and `extends` are refused by
/// name: a template is one text.
///
/// No template can end or hang the process. The depth of values, the length of texts, the memory taken and the work done
/// are bounded, each checked before an operation begins, and a template that exceeds a bound ends with a ``JinjaError``.
public struct JinjaTemplate: Sendable {
    /// The template's text.
    public let source: String
    private let statements: [Statement]

    /// Reads a template.
    ///
    /// - Throws: ``JinjaError`` with the line and what is not valid or not known there.
    public init(_ source: String) throws(JinjaError) {
        self.source = source
        do {
            var parser = Parser(try Lexer.segments(of: source))
            statements = try parser.template()
        } catch let error as JinjaError {
            throw error
        } catch { throw JinjaError("\(error)") }
    }

    /// The template's text with the values of a context put in.
    ///
    /// - Parameters:
    ///   - context: The variables the template may name.
    ///   - now: The moment that `strftime_now` writes, in the time zone of this machine.
    /// - Throws: ``JinjaError``, also where the template itself refuses its context by `raise_exception`.
    public func render(_ context: [String: JinjaValue], now: Date = Date()) throws(JinjaError) -> String {
        try rendering(context, now: now).text
    }

    /// The text as ``render(_:now:)`` makes it, and whether it depends on the present date.
    ///
    /// - Parameters:
    ///   - context: The variables the template may name.
    ///   - now: The moment that `strftime_now` writes, in the time zone of this machine.
    /// - Throws: ``JinjaError``, also where the template itself refuses its context by `raise_exception`.
    public func rendering(_ context: [String: JinjaValue], now: Date = Date()) throws(JinjaError) -> JinjaRendering {
        let renderer = Renderer(now: now)
        do {
            try renderer.run(statements, with: context)
        } catch let problem as Problem {
            throw JinjaError(problem.text, line: renderer.line)
        } catch let error as JinjaError {
            throw error
        } catch { throw JinjaError("\(error)") }
        return JinjaRendering(text: renderer.output, date: renderer.isDateAsked ? now : nil)
    }
}

/// What a template made of a context.
public struct JinjaRendering: Sendable, Hashable {
    /// The text.
    public let text: String
    /// The moment that the template asked for through `strftime_now`; nil where it did not ask.
    public let date: Date?
}
