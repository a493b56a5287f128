package import EventFormats

/// What all spans of a trace have in common: 16 bytes that are not all zero.
package struct TraceID: Equatable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        // Zero is none.
        self.low = high | low == 0 ? 1 : low
    }
}

/// Of one span; never 0.
package typealias SpanID = UInt64

/// What a `traceparent` says: https://www.w3.org/TR/trace-context/#traceparent-header
package struct TraceContext: Equatable, Sendable {
    package var traceID: TraceID
    package var span: SpanID
    /// Bit 0: sampled. Bit 1: the trace id is random.
    package var flags: UInt8

    package var isSampled: Bool { flags & Self.sampled != 0 }

    private static let sampled: UInt8 = 1
    /// What goes on besides, of the flags that there are.
    private static let random: UInt8 = 2

    package init(traceID: TraceID, span: SpanID, flags: UInt8) {
        self.traceID = traceID
        self.span = span
        self.flags = flags & (Self.sampled | Self.random)
    }

    /// Nil for what is none: then a trace begins.
    package init?(_ text: UnsafeRawBufferPointer) {
        func dash(_ place: Int) -> Bool { text[place] == UInt8(ascii: "-") }
        guard text.count >= 55, dash(2), dash(35), dash(52), let version = Self.number(text, 0, 2), version != 0xFF,
            // A later version may have more behind it.
            text.count == 55 || version != 0 && dash(55),
            let high = Self.number(text, 3, 16), let low = Self.number(text, 19, 16), high | low != 0,
            let span = Self.number(text, 36, 16), span != 0, let flags = Self.number(text, 53, 2)
        else { return nil }
        self.init(traceID: TraceID(high: high, low: low), span: span, flags: UInt8(flags))
    }

    /// Of lower-case digits, as the header has them.
    private static func number(_ text: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UInt64? {
        var number: UInt64 = 0
        for byte in text[start..<start + count] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            number = number << 4 | UInt64(digit)
        }
        return number
    }

    /// As the header has it.
    package func append(to writer: ByteWriter) {
        writer.append("00-" as StaticString)
        writer.append(hexadecimal: traceID.high)
        writer.append(hexadecimal: traceID.low)
        writer.append(UInt8(ascii: "-"))
        writer.append(hexadecimal: span)
        writer.append("-0" as StaticString)
        writer.append(UInt8(ascii: "0") + flags)
    }
}
