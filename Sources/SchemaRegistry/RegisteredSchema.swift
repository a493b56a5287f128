import EventFormats

/// What a registry says of a schema: `{"schema": "...", "schemaType": "JSON", "references": [...]}`.
package struct RegisteredSchema {
    var text: [UInt8]
    /// Avro where nothing is said: it was the only one once.
    var type = "AVRO"
    var references: [SchemaReference] = []

    /// Nil where the answer is something else.
    package init?(_ answer: [UInt8]) {
        guard let members = RegistryJSON.members(of: answer), let text = members["schema"]?.text else { return nil }
        self.text = Array(text.utf8)
        if let type = members["schemaType"]?.text { self.type = type }
        references = members["references"]?.references ?? []
    }
}

/// A schema whose types another one uses.
struct SchemaReference: Hashable {
    var subject: String
    var version: Int
}

/// A registry's own error: `{"error_code": 40403, "message": "..."}`.
struct RegistryError {
    init?(_ answer: [UInt8]) {
        guard let members = RegistryJSON.members(of: answer), members["error_code"] != nil else { return nil }
    }
}

/// The little of JSON that registries use, copied out of their answers.
private enum RegistryJSON {
    struct Member {
        var text: String?
        var references: [SchemaReference]?
    }

    static func members(of answer: [UInt8]) -> [String: Member]? {
        answer.withUnsafeBytes { answer in
            guard let root = try? JSONScanner.scan(answer), root.kind == .object else { return nil }
            var members: [String: Member] = [:]
            for member in root.members {
                guard let name = member.name.unescaped else { continue }
                members[name] = Member(text: member.value.unescaped, references: references(member.value))
            }
            return members
        }
    }

    private static func references(_ value: JSONValue) -> [SchemaReference]? {
        guard value.kind == .array else { return nil }
        return value.elements.compactMap { element in
            var subject: String?
            var version: Int?
            for member in element.members {
                switch member.name.unescaped {
                case "subject": subject = member.value.unescaped
                case "version": version = Int(String(decoding: member.value.raw, as: UTF8.self))
                default: break
                }
            }
            guard let subject, let version else { return nil }
            return SchemaReference(subject: subject, version: version)
        }
    }
}
