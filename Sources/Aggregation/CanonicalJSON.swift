import EventFormats

/// Writes values so that two that mean the same are the same bytes: numbers by their value, strings by their text, objects
/// by their members whatever their order, and of repeated names the last.
///
/// The result is JSON again. Not the JSON Canonicalization Scheme (RFC 8785), which takes numbers for doubles.
final class CanonicalJSON {
    private let text = ByteWriter(capacity: 64)

    /// Appends a value; nothing is `null`. When it throws, a part of the value may have been written.
    func append(_ value: JSONValue?, to writer: ByteWriter) throws(ValueProblem) {
        guard let value else { return writer.append("null" as StaticString) }
        switch value.kind {
        case .null, .boolean: writer.append(value.raw)
        case .number: writer.append(try Numeral(value))
        case .string: try append(string: value, to: writer)
        case .array:
            writer.append(UInt8(ascii: "["))
            var isFirst = true
            for element in value.elements {
                if !isFirst { writer.append(UInt8(ascii: ",")) }
                isFirst = false
                try append(element, to: writer)
            }
            writer.append(UInt8(ascii: "]"))
        case .object: try append(object: value, to: writer)
        }
    }

    private func append(string: JSONValue, to writer: ByteWriter) throws(ValueProblem) {
        guard string.hasEscapes else { return writer.append(string.raw) }
        text.removeAll(keepingAtMost: 1 << 16)
        guard string.appendUnescaped(to: text) else { throw .halfSurrogatePair }
        writer.appendJSONString(text.bytes)
    }

    private func append(object: JSONValue, to writer: ByteWriter) throws(ValueProblem) {
        let names = ByteWriter()
        var members: [(name: Range<Int>, index: Int, value: JSONValue)] = []
        for member in object.members {
            let start = names.count
            try append(string: member.name, to: names)
            members.append((start..<names.count, members.count, member.value))
        }
        func name(_ range: Range<Int>) -> Slice<UnsafeRawBufferPointer> { names.bytes[range] }
        members.sort {
            let (a, b) = (name($0.name), name($1.name))
            return a.elementsEqual(b) ? $0.index < $1.index : a.lexicographicallyPrecedes(b)
        }
        writer.append(UInt8(ascii: "{"))
        var isFirst = true
        for (place, member) in members.enumerated() {
            if place + 1 < members.count, name(members[place + 1].name).elementsEqual(name(member.name)) { continue }
            if !isFirst { writer.append(UInt8(ascii: ",")) }
            isFirst = false
            writer.append(UnsafeRawBufferPointer(rebasing: name(member.name)))
            writer.append(UInt8(ascii: ":"))
            try append(member.value, to: writer)
        }
        writer.append(UInt8(ascii: "}"))
    }
}
