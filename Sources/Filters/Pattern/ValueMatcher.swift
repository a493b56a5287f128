/// One of the alternatives for a field's value.
indirect enum ValueMatcher: Hashable {
    typealias Text = ContiguousArray<UInt8>

    case text(Text)
    /// An address, however it is written.
    case address(IPRange)
    case number(Double)
    /// `true`, `false`, `null`, and numbers beyond what a double holds.
    case literal(Text)
    case prefix(Text)
    case suffix(Text)
    /// The texts of these three have been folded.
    case textIgnoringCase(Text)
    case prefixIgnoringCase(Text)
    case suffixIgnoringCase(Text)
    case wildcard(Wildcard)
    case range(NumericRange)
    case present
    /// Matches no value, but that there is none.
    case absent
    case anythingBut([ValueMatcher])

    func matches(_ leaf: Leaf) -> Bool {
        switch self {
        case .text(let text): leaf.kind == .text && leaf.bytes.elementsEqual(text)
        case .prefix(let text): leaf.kind == .text && leaf.bytes.starts(with: text)
        case .suffix(let text): leaf.kind == .text && leaf.bytes.suffix(text.count).elementsEqual(text)
        case .textIgnoringCase(let text): leaf.kind == .text && Self.folded(leaf) == text
        case .prefixIgnoringCase(let text): leaf.kind == .text && Self.folded(leaf).starts(with: text)
        case .suffixIgnoringCase(let text): leaf.kind == .text && Self.folded(leaf).suffix(text.count).elementsEqual(text)
        case .wildcard(let wildcard): leaf.kind == .text && wildcard.matches(leaf.bytes)
        case .address(let range): leaf.kind == .text && IPAddress(leaf.bytes).map(range.contains) == true
        case .number(let number): leaf.number == number
        case .range(let range): leaf.number.map(range.contains) == true
        case .literal(let text): leaf.kind != .text && leaf.bytes.elementsEqual(text)
        case .present: true
        case .absent: false
        case .anythingBut(let matchers): !matchers.contains { $0.matches(leaf) }
        }
    }

    private static func folded(_ leaf: Leaf) -> Text {
        var text = Text()
        CaseFolding.append(leaf.bytes, to: &text)
        return text
    }
}

/// Numbers between two bounds.
struct NumericRange: Hashable {
    var low = -Double.infinity
    var includesLow = false
    var high = Double.infinity
    var includesHigh = false

    func contains(_ number: Double) -> Bool {
        (includesLow ? number >= low : number > low) && (includesHigh ? number <= high : number < high)
    }
}
