/// A pattern of `LIKE`, compiled: bytes to be found as they are, `_` for one character and `%` for any number of them.
///
/// A mismatch goes back to the last `%` only. That is enough, because what stood before it was found as early as
/// possible; so the work is at most the product of both lengths, whatever the pattern.
struct LikePattern: Sendable {
    private enum Element { case byte(UInt8), one, many }
    private let elements: ContiguousArray<Element>

    /// - Parameter text: in which `\%` and `\_` stand for the characters themselves, and any other `\` for itself.
    init(_ text: some Sequence<UInt8>) {
        var elements = ContiguousArray<Element>()
        var isEscaped = false
        for byte in text {
            switch byte {
            case UInt8(ascii: "%") where !isEscaped: elements.append(.many)
            case UInt8(ascii: "_") where !isEscaped: elements.append(.one)
            case UInt8(ascii: "%"), UInt8(ascii: "_"): elements[elements.count - 1] = .byte(byte)
            default: elements.append(.byte(byte))
            }
            isEscaped = byte == UInt8(ascii: "\\")
        }
        self.elements = elements
    }

    /// The bytes before the first `%` or `_`.
    var beginning: ContiguousArray<UInt8> {
        ContiguousArray(elements.lazy.map { if case .byte(let byte) = $0 { byte } else { nil } }.prefix { $0 != nil }.map { $0! })
    }

    /// Neither `%` nor `_` is in it.
    var isLiteral: Bool { elements.allSatisfy { if case .byte = $0 { true } else { false } } }

    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        var element = 0
        /// After the last `%`, and how far that one reaches.
        var resume: (element: Int, position: Int)?
        while true {
            if element == elements.count {
                if position == text.count { return true }
            } else {
                switch elements[element] {
                case .many:
                    element += 1
                    resume = (element, position)
                    continue
                case .one where position < text.count:
                    position = Self.next(after: position, in: text)
                    element += 1
                    continue
                case .byte(let byte) where position < text.count && text[position] == byte:
                    position += 1
                    element += 1
                    continue
                default: break
                }
            }
            guard let last = resume, last.position < text.count else { return false }
            position = Self.next(after: last.position, in: text)
            element = last.element
            resume = (element, position)
        }
    }

    private static func next(after position: Int, in text: UnsafeRawBufferPointer) -> Int {
        var next = position + 1
        while next < text.count, !UnsafeRawBufferPointer.beginsScalar(text[next]) { next += 1 }
        return next
    }
}
