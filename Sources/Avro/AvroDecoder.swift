public import EventFormats

/// Writes Avro values (binary encoding) as JSON.
///
/// - A record is an object with its fields in their order, a map an object, an array an array, an enum its symbol.
/// - A union is the value that is there, without the name of its type.
/// - `bytes` and `fixed` are base64; with the logical type `decimal` a number, all its digits.
/// - Other logical types are what they are written as: a date is a number of days, a timestamp one of milliseconds.
/// - `NaN` and infinities, which JSON does not have, are strings: `"NaN"`, `"Infinity"`, `"-Infinity"`.
///
/// Its work is bounded by the bytes that it reads and writes: whatever takes no bytes of the value still takes some of the
/// JSON, whose length is limited. Depth is limited as well, as a type may contain itself.
public struct AvroDecoder: ~Copyable {
    /// Records, arrays and maps within each other.
    public static let maximumDepth = 200

    /// The most bytes of JSON that become of a value: names of fields that are null take one byte there and dozens here.
    public static func outputLimit(for size: Int) -> Int { min(1 << 20 + size * 32, 64 << 20) }

    private let schema: AvroSchema
    private let input: UnsafeRawBufferPointer
    private let output: ByteWriter
    private let limit: Int
    private let outputEnd: Int
    private var position = 0
    private var depth = 0

    /// Appends the value as JSON.
    ///
    /// - Throws: why it is none of the schema; something may have been appended then.
    public static func append(_ value: UnsafeRawBufferPointer, of schema: AvroSchema, to output: ByteWriter) throws(AvroError) {
        var decoder = AvroDecoder(value, schema, output)
        try decoder.value(schema.root)
        guard decoder.position == value.count else { throw decoder.error(.trailingBytes) }
    }

    private init(_ input: UnsafeRawBufferPointer, _ schema: AvroSchema, _ output: ByteWriter) {
        self.input = input
        self.schema = schema
        self.output = output
        limit = AvroDecoder.outputLimit(for: input.count)
        outputEnd = output.count + limit
    }

    private func error(_ problem: AvroError.Problem) -> AvroError { AvroError(offset: position, problem: problem) }

    private mutating func value(_ index: Int) throws(AvroError) {
        switch schema.nodes[index] {
        case .null: output.append("null" as StaticString)
        case .boolean: try boolean()
        case .int:
            let start = position
            guard let value = Int32(exactly: try long()) else { throw AvroError(offset: start, problem: .badInteger) }
            output.append(decimal: Int64(value))
        case .long: output.append(decimal: try long())
        case .float: number(Float(bitPattern: try fixedWidth(UInt32.self)))
        case .double: number(Double(bitPattern: try fixedWidth(UInt64.self)))
        case .bytes: base64(try take(try length()))
        case .string: try string()
        case .fixed(let size): base64(try take(size))
        case .decimal(let scale, let size): try decimal(scale: scale, size: size)
        case .enumeration(let symbols):
            let start = position
            let symbol = try long()
            guard symbol >= 0, symbol < symbols.count else { throw AvroError(offset: start, problem: .badSymbol) }
            symbols[Int(symbol)].withUnsafeBytes { output.append($0) }
        case .union(let branches):
            let start = position
            let branch = try long()
            guard branch >= 0, branch < branches.count else { throw AvroError(offset: start, problem: .badUnionBranch) }
            try value(branches[Int(branch)])
        case .array(let items): try array(of: items)
        case .map(let values): try map(of: values)
        case .record(let fields): try record(fields)
        }
        guard output.count <= outputEnd else { throw error(.tooLong(limit: limit)) }
    }

    // MARK: Containers

    private mutating func open(_ bracket: Unicode.Scalar) throws(AvroError) {
        guard depth < AvroDecoder.maximumDepth else { throw error(.tooDeep) }
        depth += 1
        output.append(UInt8(ascii: bracket))
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        depth -= 1
        output.append(UInt8(ascii: bracket))
    }

    private mutating func record(_ fields: [AvroSchema.Field]) throws(AvroError) {
        try open("{")
        for index in fields.indices {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            fields[index].key.withUnsafeBytes { output.append($0) }
            do throws(AvroError) { try value(fields[index].type) } catch { throw error.inside(fields[index].name) }
        }
        close("}")
    }

    private mutating func array(of items: Int) throws(AvroError) {
        try open("[")
        var index = 0
        while true {
            let count = try blockCount()
            if count == 0 { break }
            for _ in 0..<count {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                do throws(AvroError) { try value(items) } catch { throw error.inside("\(index)") }
                index += 1
            }
        }
        close("]")
    }

    private mutating func map(of values: Int) throws(AvroError) {
        try open("{")
        var index = 0
        while true {
            let count = try blockCount()
            if count == 0 { break }
            for _ in 0..<count {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                do throws(AvroError) {
                    try string()
                    output.append(UInt8(ascii: ":"))
                    try value(values)
                } catch {
                    throw error.inside("\(index)")
                }
                index += 1
            }
        }
        close("}")
    }

    /// Items of the next block; 0 behind the last. A negative count is followed by the block's size, for those who skip it.
    private mutating func blockCount() throws(AvroError) -> UInt64 {
        let start = position
        let count = try long()
        guard count < 0 else { return UInt64(count) }
        guard count > .min else { throw AvroError(offset: start, problem: .badInteger) }
        _ = try length()
        return count.magnitude
    }

    // MARK: Primitives

    /// Zigzag, seven bits a byte, the lowest first.
    private mutating func long() throws(AvroError) -> Int64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < input.count else { throw error(.unexpectedEnd) }
            let byte = input[position]
            // The tenth byte has one bit left.
            guard shift < 63 || byte <= 1 else { throw AvroError(offset: start, problem: .badInteger) }
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    private mutating func length() throws(AvroError) -> Int {
        let start = position
        let value = try long()
        guard value >= 0 else { throw AvroError(offset: start, problem: .badLength) }
        return Int(value)
    }

    private mutating func take(_ count: Int) throws(AvroError) -> UnsafeRawBufferPointer {
        guard count <= input.count - position else { throw error(.unexpectedEnd) }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: input[position..<position + count])
    }

    private mutating func fixedWidth<Word: FixedWidthInteger>(_: Word.Type) throws(AvroError) -> Word {
        Word(littleEndian: try take(MemoryLayout<Word>.size).loadUnaligned(as: Word.self))
    }

    private mutating func boolean() throws(AvroError) {
        let start = position
        switch try take(1)[0] {
        case 0: output.append("false" as StaticString)
        case 1: output.append("true" as StaticString)
        default: throw AvroError(offset: start, problem: .badBoolean)
        }
    }

    /// The shortest text that is read as the same number.
    private func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
        if value.isFinite { return output.append(value.description) }
        output.append(value.isNaN ? "\"NaN\"" as StaticString : value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
    }

    private mutating func string() throws(AvroError) {
        let count = try length()
        let start = position
        let text = try take(count)
        guard UTF8Check.isValid(text) else { throw AvroError(offset: start, problem: .badUTF8) }
        output.appendJSONString(text)
    }

    private func base64(_ data: UnsafeRawBufferPointer) {
        output.append(UInt8(ascii: "\""))
        output.appendBase64(data)
        output.append(UInt8(ascii: "\""))
    }

    private mutating func decimal(scale: Int, size: Int?) throws(AvroError) {
        let count = if let size { size } else { try length() }
        let start = position
        let unscaled = try take(count)
        guard count <= DecimalText.maximumBytes else { throw AvroError(offset: start, problem: .longDecimal) }
        DecimalText.append(unscaled: unscaled, scale: scale, to: output)
    }
}
