/// A set of characters, as `[a-z]`, `\d` or `\p{Lu}` mean it.
struct ScalarClass: Sendable {
    private var ranges: [ClosedRange<UInt32>] = []
    /// General categories of Unicode, such as `Lu`.
    private var categories: Set<Unicode.GeneralCategory> = []
    /// Classes that begin with a `^` inside this one: `[\D_]`.
    private var complements: [ScalarClass] = []
    private var isNegated = false

    init() {}

    init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    mutating func insert(_ other: ScalarClass) {
        guard !other.isNegated else { return complements.append(other) }
        ranges += other.ranges
        categories.formUnion(other.categories)
        complements += other.complements
    }

    var negated: ScalarClass {
        var result = self
        result.isNegated.toggle()
        return result
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let isIn = ranges.contains { $0.contains(scalar.value) }
            || (!categories.isEmpty && categories.contains(scalar.properties.generalCategory))
            || complements.contains { $0.contains(scalar) }
        return isIn != isNegated
    }

    // MARK: The classes of ECMA 262, 15.10.2

    private init(_ ranges: ClosedRange<UInt32>...) { self.ranges = ranges }

    static let digits = ScalarClass(0x30...0x39)
    static let word = ScalarClass(0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A)
    static let space = ScalarClass(
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF)
    static let lineEnds = ScalarClass(0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029)

    /// The class of `\p{name}`: a general category or a group of them.
    static func property(_ name: String) -> ScalarClass? {
        let found = Unicode.GeneralCategory.byAbbreviation.filter { $0.key == name || (name.count == 1 && $0.key.hasPrefix(name)) }
        guard !found.isEmpty else { return nil }
        var result = ScalarClass()
        result.categories = Set(found.values)
        return result
    }
}

extension Unicode.GeneralCategory {
    fileprivate static let byAbbreviation: [String: Unicode.GeneralCategory] = [
        "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter, "Lm": .modifierLetter, "Lo": .otherLetter,
        "Mn": .nonspacingMark, "Mc": .spacingMark, "Me": .enclosingMark, "Nd": .decimalNumber, "Nl": .letterNumber, "No": .otherNumber,
        "Pc": .connectorPunctuation, "Pd": .dashPunctuation, "Ps": .openPunctuation, "Pe": .closePunctuation,
        "Pi": .initialPunctuation, "Pf": .finalPunctuation, "Po": .otherPunctuation, "Sm": .mathSymbol, "Sc": .currencySymbol,
        "Sk": .modifierSymbol, "So": .otherSymbol, "Zs": .spaceSeparator, "Zl": .lineSeparator, "Zp": .paragraphSeparator,
        "Cc": .control, "Cf": .format, "Cs": .surrogate, "Co": .privateUse, "Cn": .unassigned,
    ]
}
