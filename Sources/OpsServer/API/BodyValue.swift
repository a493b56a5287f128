import EventFormats
import Manifests

/// A value of an object in a request's body.
enum BodyValue {
    case text(String)
    /// As it was written.
    case number(String)
    case flag(Bool)
    case null
    /// As it was written.
    case object(String)
    /// As it was written.
    case list(String)

    private init?(_ value: JSONValue) {
        switch value.kind {
        case .string:
            guard let text = Self.text(of: value) else { return nil }
            self = .text(text)
        case .number: self = .number(String(decoding: value.raw, as: UTF8.self))
        case .boolean: self = .flag(value.raw[0] == UInt8(ascii: "t"))
        case .null: self = .null
        case .object: self = .object(String(decoding: value.raw, as: UTF8.self))
        case .array: self = .list(String(decoding: value.raw, as: UTF8.self))
        }
    }

    /// The members of an object, none of them twice.
    static func members(of body: [UInt8]?) throws(InputFault) -> [(name: String, value: BodyValue)] {
        guard let body else { return [] }
        return try body.withUnsafeBytes { bytes in Result { () throws(InputFault) in try members(of: bytes) } }.get()
    }

    private static func members(of body: UnsafeRawBufferPointer) throws(InputFault) -> [(name: String, value: BodyValue)] {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONScanner.scan(body)
        } catch {
            throw InputFault(place: .body, name: "", detail: "is not JSON: \(error)")
        }
        guard root.kind == .object else { throw InputFault(place: .body, name: "", detail: "must be a JSON object") }
        var members: [(name: String, value: BodyValue)] = []
        for member in root.members {
            guard let name = text(of: member.name), let value = BodyValue(member.value) else {
                throw InputFault(place: .body, name: "", detail: "holds half a surrogate pair, which is no text")
            }
            guard !members.contains(where: { $0.name == name }) else { throw InputFault(place: .body, name: name, detail: "stands there twice") }
            members.append((name, value))
            // What is unknown is told one by one; nobody reads a thousand.
            if members.count > 100 { throw InputFault(place: .body, name: "", detail: "has more than 100 members") }
        }
        return members
    }

    /// An object's members; nil where one is no text.
    static func texts(of object: String) -> [NamedText]? {
        Array(object.utf8).withUnsafeBytes { bytes in
            guard let root = try? JSONScanner.scan(bytes) else { return nil }
            var texts: [NamedText] = []
            for member in root.members {
                guard member.value.kind == .string, let name = text(of: member.name), let text = text(of: member.value) else { return nil }
                texts.append(NamedText(name: name, value: text))
            }
            return texts
        }
    }

    /// A list's elements; nil where one is no text.
    static func list(of list: String) -> [String]? {
        Array(list.utf8).withUnsafeBytes { bytes in
            guard let root = try? JSONScanner.scan(bytes) else { return nil }
            var texts: [String] = []
            for element in root.elements {
                guard element.kind == .string, let text = text(of: element) else { return nil }
                texts.append(text)
            }
            return texts
        }
    }

    private static func text(of value: JSONValue) -> String? {
        let writer = ByteWriter(capacity: value.raw.count)
        guard value.appendUnescaped(to: writer) else { return nil }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
