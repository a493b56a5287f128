/// The forms of names.
enum Names {
    /// `[a-z0-9][a-z0-9.-]*`: it becomes part of a group name, a metric label and a URL.
    static func checkSubscription(_ name: String) -> String? {
        let isLegal = name.utf8.allSatisfy { ASCII.isLower($0) || ASCII.isDigit($0) || $0 == 0x2D || $0 == 0x2E }
        guard isLegal, let first = name.utf8.first, first != 0x2D, first != 0x2E else {
            return "a subscription's name consists of small letters, digits, - and ., and begins with a letter or digit"
        }
        return name.utf8.count > 128 ? "a subscription's name has at most 128 characters" : nil
    }

    static let topicExpectation = "a Kafka topic name (letters, digits, ., _ and -, at most 249)"
    static let topicPattern = "[A-Za-z0-9._-]{1,249}"

    /// Kafka's `Topic.validate`.
    static func isTopic(_ name: String) -> Bool {
        name.utf8.count <= 249 && !name.isEmpty && name != "." && name != ".."
            && name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    }

    /// A topic name in which some placeholders may stand.
    static func checkTopicPattern(_ text: String, placeholders: [String]) -> Reading<Void> {
        var filled = text
        for placeholder in placeholders { filled = filled.replacing("{\(placeholder)}", with: "x") }
        if filled.contains("{") || filled.contains("}") {
            return .wrong("only \(placeholders.map { "{\($0)}" }.joined(separator: " and ")) may stand in braces here")
        }
        return isTopic(filled) ? .value(()) : .unexpected
    }

    /// JSON pointer, RFC 6901.
    static func isPointer(_ text: String) -> Bool {
        guard text.isEmpty || text.hasPrefix("/") else { return false }
        var afterTilde = false
        for byte in text.utf8 {
            if afterTilde && byte != 0x30 && byte != 0x31 { return false }
            afterTilde = byte == 0x7E
        }
        return !afterTilde
    }
}
