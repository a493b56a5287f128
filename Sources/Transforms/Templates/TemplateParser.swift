/// Text to instructions, in one pass.
struct TemplateParser {
    /// Sections inside each other; bounds the recursion of rendering.
    static let maximumDepth = 16
    static let maximumLength = 64 << 10

    private let source: ContiguousArray<UInt8>
    private var instructions: ContiguousArray<Template.Instruction> = []
    private var position = 0
    /// Where the text begins that is not in an instruction yet.
    private var literalStart = 0
    private var open: [(name: Template.Name, instruction: Int, isInverted: Bool, tag: Int)] = []
    private var memorySize = 0
    private var depth = 0
    /// Sections that have a value of their own; inverted ones have none.
    private var level = 0

    static func parse(_ text: String) throws(TemplateError) -> Template {
        var parser = TemplateParser(source: ContiguousArray(text.utf8))
        return try parser.parse()
    }

    private init(source: ContiguousArray<UInt8>) { self.source = source }

    private mutating func parse() throws(TemplateError) -> Template {
        guard source.count <= Self.maximumLength else {
            throw error("is longer than \(Self.maximumLength >> 10) KiB", at: 0)
        }
        while let tag = find("{{", from: position) { try parseTag(at: tag) }
        endLiteral(at: source.count)
        if let section = open.last {
            throw error("the section {{#\(section.name.text)}} has no end; write {{/\(section.name.text)}}", at: section.tag)
        }
        return Template(source: source, instructions: instructions, memorySize: memorySize, depth: depth)
    }

    // MARK: Tags

    private mutating func parseTag(at tag: Int) throws(TemplateError) {
        let kind = tag + 2 < source.count ? source[tag + 2] : 0
        let closing: StaticString = kind == UInt8(ascii: "{") ? "}}}" : "}}"
        guard let end = find(closing, from: tag + 2) else {
            throw error("a tag has no end; write \(closing) behind it", at: tag)
        }
        let after = end + closing.utf8CodeUnitCount
        let isSigil = "{&#^/!>=<$%".utf8.contains(kind)
        let content = isSigil ? tag + 3..<max(end, tag + 3) : tag + 2..<end
        switch kind {
        case UInt8(ascii: "!"): passLineOrTag(tag, after)
        case UInt8(ascii: "#"), UInt8(ascii: "^"):
            passLineOrTag(tag, after)
            try openSection(content, isInverted: kind == UInt8(ascii: "^"), tag: tag)
        case UInt8(ascii: "/"):
            passLineOrTag(tag, after)
            try closeSection(content, tag: tag)
        case UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "$"):
            throw error("templates cannot include others; write the text here", at: tag)
        case UInt8(ascii: "="): throw error("the delimiters are always {{ and }}; remove the tag", at: tag)
        case UInt8(ascii: "%"): throw error("templates have no pragmas; payload.contentType says what the text is", at: tag)
        default:
            let name = try name(content, tag: tag)
            endLiteral(at: tag)
            instructions.append(.variable(name, isRaw: isSigil))
            position = after
            literalStart = after
        }
    }

    /// A tag that prints nothing takes its whole line away if nothing else stands there.
    private mutating func passLineOrTag(_ tag: Int, _ after: Int) {
        var start = tag
        while start > 0, isBlank(source[start - 1]) { start -= 1 }
        var end = after
        while end < source.count, isBlank(source[end]) { end += 1 }
        let beginsLine = start == 0 || source[start - 1] == UInt8(ascii: "\n")
        if end + 1 < source.count, source[end] == UInt8(ascii: "\r"), source[end + 1] == UInt8(ascii: "\n") { end += 1 }
        let endsLine = end == source.count || source[end] == UInt8(ascii: "\n")
        let isAlone = beginsLine && endsLine && start >= literalStart
        endLiteral(at: isAlone ? start : tag)
        position = isAlone ? min(end + 1, source.count) : after
        literalStart = position
    }

    private mutating func openSection(_ content: Range<Int>, isInverted: Bool, tag: Int) throws(TemplateError) {
        let name = try name(content, tag: tag)
        guard open.count < Self.maximumDepth else {
            throw error("more than \(Self.maximumDepth) sections stand inside each other", at: tag)
        }
        open.append((name, instructions.count, isInverted, tag))
        instructions.append(isInverted ? .inverted(name, end: 0) : .section(name, end: 0))
        if !isInverted { level += 1 }
        depth = max(depth, level)
    }

    private mutating func closeSection(_ content: Range<Int>, tag: Int) throws(TemplateError) {
        let text = trimmed(content)
        guard let section = open.popLast() else { throw error("{{/\(text)}} ends a section that does not begin", at: tag) }
        guard section.name.text == text else {
            throw error("{{/\(text)}} stands where {{/\(section.name.text)}} is expected", at: tag)
        }
        if !section.isInverted { level -= 1 }
        let end = instructions.count
        instructions[section.instruction] = section.isInverted ? .inverted(section.name, end: end) : .section(section.name, end: end)
    }

    // MARK: Names

    private mutating func name(_ content: Range<Int>, tag: Int) throws(TemplateError) -> Template.Name {
        let text = trimmed(content)
        let kind: Template.Name.Kind
        switch text {
        case "": throw error("a tag is empty; write a name such as {{data.id}}", at: tag)
        case ".":
            guard level > 0 else { throw error("{{.}} stands outside of a section", at: tag) }
            kind = .path([])
        case "-first", "-last":
            guard level > 0 else { throw error("{{\(text)}} stands outside of a section over a list", at: tag) }
            kind = text == "-first" ? .isFirst : .isLast
        default:
            let names = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            let isLegal = text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"{}\"'".utf8.contains($0) } && names.allSatisfy { !$0.isEmpty }
            guard isLegal else {
                throw error("\"\(text.prefix(40))\" is not a name such as data.id", at: tag)
            }
            kind = .path(ContiguousArray(names.map { ContiguousArray($0) }))
        }
        try checkRoot(text, kind, tag: tag)
        defer { memorySize += level + 1 }
        return Template.Name(kind: kind, text: text, level: level, memory: memorySize)
    }

    /// Outside of sections only the event itself has names: the usual mistake is a payload's field without `data`.
    private func checkRoot(_ text: String, _ kind: Template.Name.Kind, tag: Int) throws(TemplateError) {
        guard level == 0, case .path(let names) = kind, let first = names.first else { return }
        let isAttribute = first.allSatisfy { $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 }
        let isData = first.elementsEqual("data".utf8) || names.count == 1 && first.elementsEqual("data_base64".utf8)
        guard !isData else { return }
        guard isAttribute else { throw error("events have no attribute \(text); the payload's fields are below data: {{data.\(text)}}", at: tag) }
        guard names.count == 1 else { throw error("nothing is below an attribute; the payload's fields are below data: {{data.\(text)}}", at: tag) }
    }

    // MARK: Bytes

    private mutating func endLiteral(at end: Int) {
        if end > literalStart { instructions.append(.literal(literalStart..<end)) }
    }

    private func find(_ text: StaticString, from start: Int) -> Int? {
        let length = text.utf8CodeUnitCount
        guard start + length <= source.count else { return nil }
        return (start...(source.count - length)).first { at in
            (0..<length).allSatisfy { source[at + $0] == text.utf8Start[$0] }
        }
    }

    private func trimmed(_ range: Range<Int>) -> String {
        var text = source[range]
        while let first = text.first, isSpace(first) { text = text.dropFirst() }
        while let last = text.last, isSpace(last) { text = text.dropLast() }
        return String(decoding: text, as: UTF8.self)
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private func isSpace(_ byte: UInt8) -> Bool { isBlank(byte) || byte == 0x0A || byte == 0x0D }

    private func error(_ message: String, at offset: Int) -> TemplateError { TemplateError(message, at: offset, in: source) }
}
