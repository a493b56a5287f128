internal import EventModel
internal import Filters
internal import Transforms

/// How manifests name a part of an event.
enum EventPointers {
    /// A JSON pointer into the event as structured JSON. What can never be there is refused: the usual mistake is a field of
    /// the payload without `/data` in front.
    static let pointer = Shape<String>.text(
        "a JSON pointer such as /data/total, with ~1 for / and ~0 for ~ within a name", pattern: pointerPattern
    ) { text in
        guard Names.isPointer(text) else { return .unexpected }
        return leadsIntoAnEvent(text) ? .value(()) : .outside("a pointer into the payload, such as /data/total, or to an attribute, such as /subject")
    }

    /// What `payload.select` keeps.
    static let selected = Shape<String>.text("a JSON pointer into the payload, such as /data/total", pattern: "/data(/.*)?") { text in
        guard Names.isPointer(text), leadsIntoAnEvent(text) else { return .unexpected }
        if let complaint = depthComplaint(text) { return complaint }
        return isInPayload(text)
            ? .value(()) : .wrong("attributes are sent anyway; list parts of the payload such as /data/total, and remove attributes by payload.drop")
    }

    /// What `payload.drop` removes.
    static let dropped = Shape<String>.text("a JSON pointer such as /data/customer/email", pattern: "/(data(/.*)?|[a-z0-9]+)") { text in
        guard Names.isPointer(text), leadsIntoAnEvent(text) else { return .unexpected }
        if let complaint = depthComplaint(text) { return complaint }
        switch text {
        case "/specversion", "/id", "/source", "/type": return .wrong("every event has \(text.dropFirst()); it cannot be removed")
        case "/datacontenttype": return .wrong("it says what the payload is; drop /data to send none")
        case "/data_base64": return .wrong("write /data for all of the payload, whatever it is")
        default: return .value(())
        }
    }

    /// What a step between versions renames and drops: below the payload itself.
    static let payloadPart = Shape<String>.text("a JSON pointer into the payload, such as /data/total", pattern: "/data/.+") { text in
        guard Names.isPointer(text), text.hasPrefix("/data/") else { return .unexpected }
        return depthComplaint(text) ?? .value(())
    }

    private static func isInPayload(_ pointer: String) -> Bool { pointer == "/data" || pointer.hasPrefix("/data/") }

    private static func depthComplaint(_ pointer: String) -> Reading<Void>? {
        let depth = pointer.utf8.count { $0 == UInt8(ascii: "/") } - 1
        return depth > PayloadTransform.maximumDepth ? .wrong("leads through more than \(PayloadTransform.maximumDepth) objects and arrays") : nil
    }

    /// One part of `window.groupBy` and of `deduplicate.by`.
    static let groupKey = Shape<GroupKey>(
        schema: .pattern("[a-z0-9]+|\(pointerPattern)"), form: .fileOnly
    ) { node, path, reader in
        guard let text = name.read(node, path, &reader) else { return nil }
        if text == GroupKey.key.name { return .key }
        guard text.hasPrefix("/") else { return .attribute(text) }
        return pointer.read(node, path, &reader).map { .pointer($0) }
    } show: { .string($0.name) }

    static func distinctGroupKeys(count: ClosedRange<Int>) -> Shape<[GroupKey]> {
        let list = Shape<[GroupKey]>.list("a list such as [key] or [type, /data/customer]", of: groupKey, count: count)
        return Shape(schema: list.schema.appending("uniqueItems", true), form: .fileOnly) { node, path, reader in
            guard let keys = list.read(node, path, &reader), case .list(let items) = node.content else { return nil }
            for (index, key) in keys.enumerated() where keys[..<index].contains(key) {
                reader.error(items[index].position, "\(path)[\(index)]", "is in the list already; remove it")
            }
            return keys
        } show: { list.show($0) }
    }

    private static let pointerPattern = "/(data(/.*)?|data_base64|[a-z0-9]+)"

    /// `key`, an attribute, or what has yet to prove that it is a pointer.
    private static let name = Shape<String>.scalar(
        "key, the name of a CloudEvents attribute such as type, or a JSON pointer such as /data/customer", .any, schema: .object([])
    ) {
        $0.hasPrefix("/") || AttributeName.isLegal($0) ? .value($0) : .unexpected
    } show: { .string($0) }

    /// Attributes are scalars, and so is a payload that is no text: nothing is below them.
    private static func leadsIntoAnEvent(_ pointer: String) -> Bool {
        let names = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard let first = names.first else { return false }
        return first == "data" || names.count == 1 && (first == "data_base64" || AttributeName.isLegal(String(first)))
    }
}
