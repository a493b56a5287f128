import EventFormats
import EventModel
import JSONSchema
import Manifests

/// The catalog's schemas as components of one document: each file is one, and references among them lead there.
struct SchemaComponents {
    private(set) var members: [JSON.Member] = []
    /// Of files that are components, or will be, by path.
    private var names: [String: String] = [:]

    static let draft = "http://json-schema.org/draft-07/schema#"

    static func reference(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }

    mutating func add(_ name: String, _ schema: JSON) { members.append(.init(name: name, value: schema)) }

    /// The schema of an event's data, and the files that it refers to; nil when the catalog has none.
    mutating func add(_ entry: CatalogEntry) -> JSON? {
        guard let schema = entry.schema else { return nil }
        let files = [schema] + entry.references
        let new = files.filter { names[$0.path] == nil }
        for file in new { names[file.path] = unusedName(for: file.path) }
        for file in new { add(names[file.path]!, component(file)) }
        return Self.reference(names[schema.path]!)
    }

    /// What every tool takes for a component's name: letters, digits, `-`, `_`.
    private func unusedName(for path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let stem = file.hasSuffix(".json") ? String(file.dropLast(5)) : file
        let clean = String(stem.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) ? $0 : "_" })
        let taken = Set(names.values).union(members.map(\.name))
        if !taken.contains(clean) { return clean }
        return (2...).lazy.map { "\(clean)-\($0)" }.first { !taken.contains($0) }!
    }

    private func component(_ file: CatalogFile) -> JSON {
        let schema = file.text.withUnsafeBytes { bytes -> JSON in
            guard let value = try? JSONScanner.scan(bytes) else { preconditionFailure("the loader takes JSON only") }
            let id = value.member("$id")?.unescaped.map { $0.hasSuffix("#") ? String($0.dropLast()) : $0 }
            return rewritten(value, Origin(path: file.path, id: id))
        }
        guard case .object(let members) = schema else { return schema }
        // A file's own `$id` would be what references are relative to.
        let own = members.filter { $0.name != "$id" && $0.name != "$schema" }
        return JSON.object(own).prepending("$schema", .string(Self.draft))
    }

    // MARK: References

    /// The file that a reference stands in.
    private struct Origin {
        var path: String
        /// By which it may also name itself.
        var id: String?
    }

    private func rewritten(_ value: JSONValue, _ origin: Origin) -> JSON {
        switch value.kind {
        case .object:
            return .object(value.members.map { member in
                let name = member.name.unescaped ?? ""
                if name == "$ref", let reference = member.value.unescaped {
                    return .init(name: name, value: .string(target(of: reference, from: origin)))
                }
                return .init(name: name, value: rewritten(member.value, origin))
            })
        case .array: return .array(value.elements.map { rewritten($0, origin) })
        case .string: return .string(value.unescaped ?? "")
        case .number, .boolean, .null: return .raw(String(decoding: value.raw, as: UTF8.self))
        }
    }

    /// Where a reference leads in this document. One that leads to none of its files stays as it is: the loader has let it pass, so it
    /// stands in what is no schema, as in `examples`.
    private func target(of reference: String, from origin: Origin) -> String {
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let file = String(parts[0])
        let isOwn = file.isEmpty || file == origin.id
        guard let path = isOwn ? origin.path : FileReference.path(file, from: origin.path), let name = names[path] else { return reference }
        return "#/components/schemas/\(name)\(parts.count > 1 ? String(parts[1]) : "")"
    }
}
