import Glibc

/// One delivery in one line of a terminal, as `fanfare listen` prints it:
///
///     14:03:07.512  200  ✓  /billing  order.created  shop:orders-0-42  attempt 2
public enum DeliveryLine {
    /// - Parameters:
    ///   - colour: only where the output is a terminal that wants it.
    ///   - unicode: false writes the words `ok` and `BAD` for the marks.
    public static func render(_ delivery: Delivery, colour: Bool, unicode: Bool = true) -> String {
        let paint = { (text: String, code: Int) in colour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }
        var parts = [
            paint(time(delivery.receivedAt), 2),
            paint("\(delivery.status)", delivery.succeeded ? 32 : 31),
            mark(delivery.signature, unicode: unicode, paint),
            printable(delivery.path),
            printable(delivery.eventType ?? "(no type)"),
            paint(printable(delivery.webhookID ?? "(no webhook-id)"), 2),
        ]
        if delivery.events != 1 { parts.append("\(delivery.events) events") }
        if let attempt = delivery.attempt { parts.append(paint("attempt \(attempt)", attempt > 1 ? 33 : 2)) }
        if delivery.repeated {
            parts.append(paint(delivery.events == 1 ? "duplicate" : "\(delivery.repeatedEvents) duplicates", 35))
        }
        if delivery.failedOnPurpose { parts.append(paint("failed on purpose", 33)) }
        switch delivery.signature {
        case .failed(let reason): parts.append(paint("signature: " + printable(reason), 31))
        case .unsigned: parts.append(paint("no signature", 33))
        case .unchecked: parts.append(paint("signature not checked (no --secret)", 2))
        case .verified: break
        }
        return parts.joined(separator: "  ")
    }

    private static func mark(_ signature: Delivery.Signature, unicode: Bool, _ paint: (String, Int) -> String) -> String {
        switch signature {
        case .verified: paint(unicode ? "✓" : "ok ", 32)
        case .failed: paint(unicode ? "✗" : "BAD", 31)
        case .unsigned, .unchecked: paint(unicode ? "·" : "-  ", 2)
        }
    }

    /// Local time of day.
    private static func time(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return "\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
            + ".\(digits(Int(milliseconds % 1000), 3))"
    }

    /// What a stranger sent must not move the cursor or paint the terminal: control, format and private characters
    /// become `?`, and a text longer than 80 is cut.
    static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(80) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > 80 ? result + "..." : result
    }
}
