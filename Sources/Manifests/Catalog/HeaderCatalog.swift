internal import EventModel
internal import Transforms

/// `headers:` of a subscription: constant values, and templates over the event.
enum HeaderCatalog {
    static let key: Key<Subscription> = {
        let doc = "Request headers to add; {{...}} in a value is a template over the event."
        let read = Key<Subscription>.fields("headers", \.headers, shape, doc)
        let leaves = read.leaves.map { leaf in
            Leaf<Subscription>(path: leaf.path, form: leaf.form) { apply(leaf.apply, $0, $1, &$2, &$3) }
        }
        return Key(name: read.name, doc: doc, leaves: leaves, schema: read.schema) { apply(read.apply, $0, $1, &$2, &$3) }
    }()

    /// A header has one value, wherever `defaults` and the subscription say it.
    private static func apply(
        _ read: (Node, String, inout Subscription, inout Reader) -> Void, _ node: Node, _ path: String,
        _ subscription: inout Subscription, _ reader: inout Reader
    ) {
        var given = SubscriptionCatalog.prototype
        read(node, path, &given, &reader)
        guard case .mapping(let entries) = node.content else { return }
        for field in given.headers {
            let name = field.name.lowercased()
            // As it is written: what is put in by ${...} is never a template.
            let isWrittenAsOne = entries.contains { $0.key.lowercased() == name && isTemplate($0.value) }
            if isWrittenAsOne {
                subscription.headers.removeAll { $0.name.lowercased() == name }
                subscription.headerTemplates = subscription.headerTemplates.merged(with: [field])
            } else {
                subscription.headerTemplates.removeAll { $0.name.lowercased() == name }
                subscription.headers = subscription.headers.merged(with: [field])
            }
        }
    }

    private static let shape = Shape<[HeaderField]>.fields(
        "a mapping of header names to values, such as X-Environment: prod", separator: "-"
    ) { name, node, value, path, reader in
        if let complaint = HeaderRules.checkName(name) { reader.error(node.position, path, complaint) }
        if let complaint = HeaderRules.checkValue(value) { reader.error(node.position, path, complaint) }
        if isTemplate(node) {
            reader.remember(path, node.position)
            checkTemplate(name, node, value, path, &reader)
        } else if HeaderRules.isCredential(name), let complaint = SigningCatalog.clearTextComplaint(node) {
            reader.warn(node.position, path, complaint, code: .secretInClear)
        }
    }

    private static func isTemplate(_ node: Node) -> Bool {
        if case .scalar(let scalar) = node.content { Template.hasTags(scalar.text) } else { false }
    }

    private static func checkTemplate(_ name: String, _ node: Node, _ value: String, _ path: String, _ reader: inout Reader) {
        guard case .scalar(let scalar) = node.content else { return }
        do throws(TemplateError) {
            _ = try HeaderTemplates([HeaderField(name: name, value: value)])
        } catch {
            let text = Reader.Text(value: value, raw: scalar.text, isInterpolated: value != scalar.text, scalar: scalar)
            reader.error(node.position, path, error.complaint(about: text))
        }
    }
}
