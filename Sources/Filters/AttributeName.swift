import EventFormats
import EventModel

/// Names of context attributes.
package enum AttributeName {
    /// CloudEvents, "Naming Conventions": lower-case letters and digits, and not `data`.
    package static func isLegal(_ name: String) -> Bool {
        !name.isEmpty && name != "data" && name.utf8.allSatisfy(isLegal)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    static func advice(for name: String) -> String {
        if name == "data" { return "data is not an attribute; these filters see context attributes only" }
        let lower = name.lowercased()
        let hint = lower != name && isLegal(lower) ? "; did you mean \(lower)?" : ""
        return "\"\(name)\" is not the name of a CloudEvents attribute: a-z and 0-9 only\(hint)"
    }

    /// The attribute's value in its string form, nil when the event does not have it.
    static func value(_ name: String, in event: Event) -> UnsafeRawBufferPointer? {
        var name = name
        return name.withUTF8 { event.attribute(UnsafeRawBufferPointer($0))?.value }
    }
}
