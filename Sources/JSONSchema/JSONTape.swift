import EventFormats

/// A JSON text as a list of its values in their order, each with the place behind it: any value is passed over in one step,
/// so that looking at a text again and again never costs more than its length. Used again for the next text.
struct JSONTape {
    typealias Bytes = UnsafeRawBufferPointer

    struct Entry {
        var start: Int32
        var end: Int32
        /// The index of what follows this value and all that is in it.
        var next: Int32
        /// Of elements; of members, each of which is two entries: name and value.
        var count: Int32 = 0
        var kind: JSONValue.Kind
    }

    private(set) var text = Bytes(start: nil, count: 0)
    private(set) var entries: ContiguousArray<Entry> = []
    private var open: ContiguousArray<Int> = []

    /// - Parameter text: a text that `JSONScanner` has accepted, perhaps with white space around it.
    mutating func read(_ text: Bytes) {
        self.text = text
        entries.removeAll(keepingCapacity: true)
        var position = 0
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                begin(text[position] == UInt8(ascii: "{") ? .object : .array, at: position)
                open.append(entries.count - 1)
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                position += 1
                end(open.removeLast(), at: position)
            case UInt8(ascii: "\""):
                begin(.string, at: position)
                position = endOfString(position)
                end(entries.count - 1, at: position)
            case UInt8(ascii: "t"), UInt8(ascii: "f"): scalar(.boolean, &position)
            case UInt8(ascii: "n"): scalar(.null, &position)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): scalar(.number, &position)
            default: position += 1
            }
        }
        for index in entries.indices where entries[index].kind == .object { entries[index].count /= 2 }
    }

    /// Gives back memory that an unusually large text made it take.
    mutating func forget(keepingAtMost kept: Int) {
        text = Bytes(start: nil, count: 0)
        if entries.capacity > kept { entries = [] }
    }

    func value(_ index: Int) -> JSONValue {
        let entry = entries[index]
        return JSONValue(validated: Bytes(rebasing: text[Int(entry.start)..<Int(entry.end)]))
    }

    /// The first entry inside a container is the one behind its own.
    func next(_ index: Int) -> Int { Int(entries[index].next) }

    private mutating func begin(_ kind: JSONValue.Kind, at position: Int) {
        if let parent = open.last { entries[parent].count += 1 }
        entries.append(Entry(start: Int32(position), end: 0, next: 0, kind: kind))
    }

    private mutating func end(_ index: Int, at position: Int) {
        entries[index].end = Int32(position)
        entries[index].next = Int32(entries.count)
    }

    private mutating func scalar(_ kind: JSONValue.Kind, _ position: inout Int) {
        begin(kind, at: position)
        while position < text.count, !Self.endsScalar(text[position]) { position += 1 }
        end(entries.count - 1, at: position)
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D, 0x09: true
        default: false
        }
    }

    private func endOfString(_ start: Int) -> Int {
        var position = start + 1
        while text[position] != UInt8(ascii: "\"") { position += text[position] == UInt8(ascii: "\\") ? 2 : 1 }
        return position + 1
    }
}

extension JSONTape {
    /// A JSON pointer to an entry. Names of members may be the sender's own: each is cut to 40 characters, and whatever is
    /// neither a letter nor printable ASCII stands as `?`.
    func pointer(to target: Int) -> String {
        var pointer = ""
        var index = 0
        while index != target {
            let isObject = entries[index].kind == .object
            var child = index + 1
            var position = 0
            while true {
                let value = isObject ? next(child) : child
                if target < next(value) {
                    if target < value { return "\(pointer)/\(name(child))" }
                    pointer += isObject ? "/\(name(child))" : "/\(position)"
                    index = value
                    break
                }
                child = next(value)
                position += 1
            }
        }
        return pointer
    }

    private func name(_ index: Int) -> String {
        let writer = ByteWriter()
        _ = value(index).appendUnescaped(to: writer)
        let scalars = String(decoding: writer.bytes, as: UTF8.self).unicodeScalars
        let shown = scalars.prefix(40).map { scalar -> String in
            switch scalar {
            case "/": "~1"
            case "~": "~0"
            case "!"..."~": String(scalar)
            default: scalar.properties.isAlphabetic ? String(scalar) : "?"
            }
        }
        return shown.joined() + (scalars.count > 40 ? "..." : "")
    }
}
