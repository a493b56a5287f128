public import EventFormats
public import EventModel

/// A URL that is made of the event: in its host, path and query may stand variables, each value encoded for the part that it
/// stands in. Scheme and port are what the manifest says, and so are the last two labels of the host, so that no event chooses a
/// domain; `localhost` is one alone.
///
/// Belongs to one thread.
public final class EndpointTemplate {
    private let scheme: String
    /// With the port.
    private let host: TemplateRenderer
    private let path: TemplateRenderer
    /// With its question mark.
    private let query: TemplateRenderer
    /// The URL with `x` in place of every variable: what can be checked of it before there is an event.
    public let sample: String

    private static let longestURL = 8192

    /// - Throws: where and why it is none, also for a URL without variables.
    public init(_ url: String) throws(TemplateError) {
        let source = ContiguousArray(url.utf8)
        guard let scheme = ["https://", "http://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            throw TemplateError("the scheme cannot be a template; begin with https://", at: 0, in: source)
        }
        let parts = Self.split(source, from: scheme.utf8.count)
        let templates = try parts.map { (range) throws(TemplateError) in try Self.template(range, of: source) }
        try Self.checkHost(parts[0], templates[0], of: source)
        self.scheme = scheme
        host = TemplateRenderer(templates[0], .host, key: "endpoint")
        path = TemplateRenderer(templates[1], .path, key: "endpoint")
        query = TemplateRenderer(templates[2], .query, key: "endpoint")
        sample = scheme + templates.map(\.sample).joined()
    }

    /// Appends the URL of one event.
    public func append(_ event: Event, to out: ByteWriter) throws(PoisonReason) {
        let start = out.count
        out.append(scheme)
        let host = out.count
        try self.host.append(event, to: out)
        try checkHost(out.bytes(from: host))
        let path = out.count
        try self.path.append(event, to: out)
        try checkPath(out.bytes(from: path))
        try query.append(event, to: out)
        if out.count - start > Self.longestURL {
            throw PoisonReason("endpoint: the URL is longer than \(Self.longestURL) characters")
        }
    }

    // MARK: The manifest's text

    /// Host with port, path, query.
    private static func split(_ source: ContiguousArray<UInt8>, from start: Int) -> [Range<Int>] {
        var isInTag = false
        var pathStart: Int?
        var queryStart: Int?
        for index in start..<source.count {
            let pair = index + 1 < source.count ? (source[index], source[index + 1]) : (0, 0)
            if pair == (UInt8(ascii: "{"), UInt8(ascii: "{")) { isInTag = true }
            if pair == (UInt8(ascii: "}"), UInt8(ascii: "}")) { isInTag = false }
            guard !isInTag else { continue }
            if source[index] == UInt8(ascii: "/"), pathStart == nil { pathStart = index }
            if source[index] == UInt8(ascii: "?") {
                queryStart = index
                break
            }
        }
        let pathEnd = queryStart ?? source.count
        let hostEnd = pathStart ?? pathEnd
        return [start..<hostEnd, hostEnd..<pathEnd, pathEnd..<source.count]
    }

    private static func template(_ range: Range<Int>, of source: ContiguousArray<UInt8>) throws(TemplateError) -> Template {
        let template: Template
        do throws(TemplateError) {
            template = try Template(String(decoding: source[range], as: UTF8.self))
        } catch {
            throw TemplateError(error.message, at: range.lowerBound + error.column - 1, in: source)
        }
        if template.hasMoreThanVariables {
            throw TemplateError("only variables such as {{data.id}} may stand in an endpoint", at: range.lowerBound, in: source)
        }
        return template
    }

    private static func checkHost(_ range: Range<Int>, _ template: Template, of source: ContiguousArray<UInt8>) throws(TemplateError) {
        guard let lastTag = template.lastTagEnd else { return }
        let before = template.source[..<lastTag]
        if before.contains(UInt8(ascii: ":")) {
            throw TemplateError("the port cannot be a template; write its number", at: range.lowerBound, in: source)
        }
        // What follows the last variable must end its label. Of what stands behind that one label is not enough: everybody can have a name in
        // .com. Nor is the end of an IPv4 address, which alone ends in a digit.
        var after = template.source[lastTag...].prefix { $0 != UInt8(ascii: ":") }
        if after.last == UInt8(ascii: ".") { after.removeLast() }
        let labels = after.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).dropFirst()
        guard let last = labels.last, !last.isEmpty, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(last.first!) else {
            throw TemplateError(
                "the end of the host cannot be a template, or events would choose the domain; write such as {{subject}}.example.com",
                at: range.lowerBound, in: source)
        }
        guard labels.count > 1 || String(decoding: last, as: UTF8.self).lowercased() == "localhost" else {
            throw TemplateError(
                "with only .\(String(decoding: last, as: UTF8.self)) behind the variable events would choose the domain; "
                    + "write two names there at least, such as {{subject}}.example.com",
                at: range.lowerBound, in: source)
        }
    }

    // MARK: An event's URL

    /// A DNS name's labels (RFC 1035, 2.3.1); that of the manifest is right already.
    private func checkHost(_ host: UnsafeRawBufferPointer) throws(PoisonReason) {
        let name = host.prefix { $0 != UInt8(ascii: ":") }
        let hyphen = UInt8(ascii: "-")
        let isName = name.count <= 253 && name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            $0.count <= 63 && $0.first != hyphen && $0.last != hyphen
        }
        guard isName || name.first == UInt8(ascii: "[") else {
            throw PoisonReason("endpoint: a value makes no valid host name: up to 63 characters between dots, none of them beginning or ending with -")
        }
    }

    /// URL parsers take such segments away, and others with them.
    private func checkPath(_ path: UnsafeRawBufferPointer) throws(PoisonReason) {
        let dot = UInt8(ascii: ".")
        let hasDots = path.split(separator: UInt8(ascii: "/")).contains { $0.count <= 2 && $0.allSatisfy { $0 == dot } }
        if hasDots { throw PoisonReason("endpoint: a value makes a path's segment . or .., which leads elsewhere") }
    }
}
