import EventFormats

extension JSONTape {
    /// Appends a text that is the same for values that are equal in the sense of JSON Schema, and for no others: members in
    /// any order, numbers by their value, strings whatever their escapes.
    func appendCanonical(_ index: Int, to text: inout [UInt8]) {
        let value = value(index)
        switch entries[index].kind {
        case .null, .boolean: text.append(value.raw[0])
        case .number: ExactDecimal(value.raw).appendCanonical(to: &text)
        case .string: Self.appendCanonical(string: value, to: &text)
        case .array:
            text.append(UInt8(ascii: "["))
            var element = index + 1
            while element < next(index) {
                appendCanonical(element, to: &text)
                text.append(UInt8(ascii: ","))
                element = next(element)
            }
            text.append(UInt8(ascii: "]"))
        case .object:
            text.append(UInt8(ascii: "{"))
            var names: [Int] = []
            var name = index + 1
            while name < next(index) {
                names.append(name)
                name = next(name + 1)
            }
            names.sort { self.value($0).textPrecedes(self.value($1)) }
            for name in names {
                Self.appendCanonical(string: self.value(name), to: &text)
                appendCanonical(name + 1, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    /// Half a surrogate pair is no text and stands as it was written.
    private static func appendCanonical(string value: JSONValue, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        let start = text.count
        var bytes = JSONStringBytes(value)
        while let byte = bytes.next() {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
        if !bytes.isText {
            text.removeSubrange(start...)
            text += value.stringBody
        }
        text.append(UInt8(ascii: "\""))
    }
}
