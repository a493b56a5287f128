/// Whether keys may hold keys that hold keys, judged by the text alone.
///
/// The library compares a mapping's keys by all that is in them. A key that is a mapping is looked at again with every level
/// around it, so that a few kilobytes of text take it seconds. Keys must be text, but that shows only when it has read them.
enum KeyNesting {
    /// More than a manifest needs, and than all that brackets in its texts and comments may add to it.
    private static let deepest = 200

    /// What is wrong if more brackets are open at once than `deepest`, or more keys begin with `?`.
    static func problem(_ text: String) -> String? {
        var open = 0
        var most = 0
        var explicit = 0
        var previous = UInt8(ascii: "\n")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): open += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): open = max(0, open - 1)
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): if previous == UInt8(ascii: "?") { explicit += 1 }
            default: break
            }
            most = max(most, open)
            previous = byte
        }
        if most > deepest { return "nested more than 50 levels deep" }
        return explicit > deepest ? "more than \(deepest) keys begin with a question mark; write them as plain text" : nil
    }
}
