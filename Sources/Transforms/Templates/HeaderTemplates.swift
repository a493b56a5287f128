public import EventFormats
public import EventModel

/// Request headers whose values are made of the event. A value can never end its line: what is not printable ASCII is
/// percent-encoded. A header whose value comes out empty is left out.
///
/// Belongs to one thread.
public final class HeaderTemplates {
    private let headers: [(name: String, value: TemplateRenderer)]

    /// As `check` has it for constant values.
    static let longestValue = 8192

    /// Nil where there are none.
    ///
    /// - Throws: where and why a value is no template.
    public init?(_ fields: [HeaderField]) throws(TemplateError) {
        var headers: [(name: String, value: TemplateRenderer)] = []
        for field in fields {
            headers.append((field.name, TemplateRenderer(try Self.template(field.value), .header, key: "headers.\(field.name)")))
        }
        self.headers = headers
        if headers.isEmpty { return nil }
    }

    private static func template(_ value: String) throws(TemplateError) -> Template {
        let template = try Template(value)
        if let name = template.rawName {
            throw TemplateError("{{{\(name)}}} would go into the header as it is; write {{\(name)}}", at: 0, in: template.source)
        }
        return template
    }

    /// Appends `Name: value` with a NUL behind it for each.
    public func append(_ event: Event, to out: ByteWriter) throws(PoisonReason) {
        for header in headers {
            let start = out.count
            out.append(header.name)
            out.append(": " as StaticString)
            let value = out.count
            try header.value.append(event, to: out)
            let isBlank = out.bytes(from: value).allSatisfy { $0 == 0x20 }
            guard out.count - value <= Self.longestValue else {
                throw PoisonReason("headers.\(header.name): the value is longer than \(Self.longestValue) bytes")
            }
            if isBlank { out.truncate(to: start) } else { out.append(0) }
        }
    }
}
