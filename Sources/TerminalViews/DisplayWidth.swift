/// How many columns of a terminal a text takes, and what of it is safe to print.
///
/// Wide are the characters whose East Asian Width (Unicode Standard Annex #11) is W or F, and everything shown as emoji;
/// marks that combine and format characters take none. Terminals differ on rare sequences; where they do, this counts
/// what most of them draw.
public enum DisplayWidth {
    /// Columns of a text without control characters (see `printable`).
    public static func of(_ text: String) -> Int {
        if isPlainASCII(text) { return text.utf8.count }
        return text.reduce(0) { $0 + of($1) }
    }

    /// Columns of one character as a reader sees it, however many scalars it is made of.
    public static func of(_ character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars {
            // A variation selector 16 asks for the emoji picture of a character that is text otherwise.
            if scalar.value == 0xFE0F { return 2 }
            if width == 0 { width = of(scalar) }
        }
        return width
    }

    /// The text's beginning that fits, with the mark at its end where something was cut off.
    public static func truncate(_ text: String, to width: Int, mark: String = "…") -> String {
        guard of(text) > width else { return text }
        let room = width - of(mark)
        guard room >= 0 else { return String(repeating: " ", count: max(0, width)) }
        var result = ""
        var used = 0
        for character in text {
            let next = of(character)
            if used + next > room { break }
            used += next
            result.append(character)
        }
        return result + mark
    }

    /// The text with everything replaced by `?` that could move the cursor, paint the terminal or turn its direction.
    ///
    /// Names, ids and reasons come from records and from endpoints: strangers.
    public static func printable(_ text: String) -> String {
        if isPlainASCII(text) { return text }
        var result = ""
        for scalar in text.unicodeScalars { result.unicodeScalars.append(isPrintable(scalar) ? scalar : "?") }
        return result
    }

    private static func isPlainASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        // Of the format characters only the joiner of emoji does no harm.
        case .format: scalar.value == 0x200D
        default: true
        }
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// W and F of EastAsianWidth.txt without the emoji, neighbours joined where nothing narrow lies between.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4C6, 0xA960...0xA97C, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18D08,
        0x1AFF0...0x1B2FB, 0x1F200...0x1F265, 0x20000...0x2FFFD, 0x30000...0x3FFFD,
    ]
}
