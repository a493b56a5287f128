internal import EventModel
internal import Transforms

/// `payload:` of a subscription.
enum PayloadCatalog {
    static let section = Section<Subscription>(SubscriptionCatalog.prototype, [
        .value("format", \.payload, .choice,
            "structured: CloudEvents JSON. binary: ce- headers and the value as it is. raw: the value and its content type only."),
        .value("select", \.transform.select, .list("a list of JSON pointers such as [/data/id, /data/total]", of: EventPointers.selected),
            "JSON pointers into the payload; only these parts of it are kept."),
        .value("drop", \.transform.drop, .list("a list of JSON pointers such as [/data/customer/email]", of: EventPointers.dropped),
            "JSON pointers of what is removed."),
        .value("template", \.transform.template, .optional(template),
            "A mustache template over the event; its text is sent as the data, values escaped for contentType."),
        .value("contentType", \.transform.contentType, .optional(contentType),
            "What the template's text is; default \(TransformPolicy.defaultContentType)."),
        .value("version", \.transform.version, .optional(.anyScalar("the name of one of the topic's versions")),
            "Pins one of the topic's `versions`; the newest without it."),
    ])

    private static let template = Shape<String>(schema: ["type": "string", "minLength": 1], form: .text) { node, path, reader in
        guard let text = reader.text(node, path, expected: "a template such as 'Order {{data.id}}'") else { return nil }
        guard !text.scalar.looksLikeNumberOrBoolean, !text.value.isEmpty else {
            reader.error(node.position, path, text.value.isEmpty ? "is empty; write a template such as 'Order {{data.id}}'" : "must be text; put \(text.raw) in quotes")
            return nil
        }
        do throws(TemplateError) {
            _ = try Template(text.value)
            return text.value
        } catch {
            reader.error(node.position, path, error.complaint(about: text))
            return nil
        }
    } show: { .string($0) }

    private static let contentType = Shape<String>.text("a media type such as application/json or text/html; charset=utf-8") {
        guard PayloadTransform.isContentType($0) else { return .unexpected }
        return PayloadTransform.isEscapable(contentType: $0)
            ? .value(()) : .outside("a media type whose escaping is known: JSON, HTML, XML, application/x-www-form-urlencoded or text/...")
    }
}

extension TemplateError {
    /// Values stand where their keys stand, so where in the text the fault is is said in its own lines and characters.
    func complaint(about text: Reader.Text) -> String {
        // Nothing of what was put in may be shown.
        if text.isInterpolated { return "is not a template with its variables put in; try it without them" }
        let place = text.value.contains("\n") ? "line \(line), character \(column)" : "character \(column)"
        return "\(place): \(message)"
    }
}
