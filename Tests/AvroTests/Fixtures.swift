import Avro
import EventFormats

func schema(_ text: String, references: [String] = []) throws(AvroSchemaError) -> AvroSchema {
    try AvroSchema(Array(text.utf8), references: references.map { Array($0.utf8) })
}

func json(_ value: [UInt8], _ schema: AvroSchema) throws(AvroError) -> String {
    let output = ByteWriter()
    try value.withUnsafeBytes { value in Result { () throws(AvroError) in try AvroDecoder.append(value, of: schema, to: output) } }.get()
    return String(decoding: output.bytes, as: UTF8.self)
}

/// Zigzag varint.
func long(_ value: Int64) -> [UInt8] {
    var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
    var bytes: [UInt8] = []
    while rest >= 0x80 {
        bytes.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
    }
    return bytes + [UInt8(rest)]
}

func text(_ value: String) -> [UInt8] { long(Int64(value.utf8.count)) + Array(value.utf8) }

/// In the order of the machine, which is Avro's.
func bytes(_ value: some Any) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
