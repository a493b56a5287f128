import EventFormats
import EventModel
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
            return rewritten(value, of: file.path)
        }
        guard case .object(let members) = schema else { return schema }
        // A file's own `$id` would be what references are relative to.
        let own = members.filter { $0.name != "$id" && $0.name != "$schema" }
        return JSON.object(own).prepending("$schema", .string(Self.draft))
    }

    private func rewritten(_ value: JSONValue, of path: String) -> JSON {
        switch value.kind {
        case .object:
            return .object(value.members.map { member in
                let name = text(member.name)
                if name == "$ref", member.value.kind == .string {
                    return .init(name: name, value: .string(target(of: text(member.value), from: path)))
                }
                return .init(name: name, value: rewritten(member.value, of: path))
            })
        case .array: return .array(value.elements.map { rewritten($0, of: path) })
        case .string: return .string(text(value))
        case .number, .boolean, .null: return .raw(String(decoding: value.raw, as: UTF8.self))
        }
    }

    private func text(_ value: JSONValue) -> String {
        let writer = ByteWriter()
        _ = value.appendUnescaped(to: writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Where a reference leads in this document; the loader has checked that it leads to a file that is known.
    private func target(of reference: String, from path: String) -> String {
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let file = parts[0].isEmpty ? path : Self.resolve(String(parts[0]), from: path)
        let pointer = parts.count > 1 ? String(parts[1]) : ""
        return "#/components/schemas/\(names[file] ?? file)\(pointer)"
    }

    static func resolve(_ relative: String, from path: String) -> String {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().map(String.init)
        for part in relative.split(separator: "/") {
            if part == ".." { parts.removeLast() } else if part != "." { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }
}
