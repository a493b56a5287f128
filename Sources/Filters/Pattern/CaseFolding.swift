/// What `equals-ignore-case` takes for equal: code points whose capitals have the same small letter. Code point by code
/// point, so `ß` is not `SS`.
enum CaseFolding {
    typealias Bytes = UnsafeRawBufferPointer

    static func append(_ text: Bytes, to folded: inout ContiguousArray<UInt8>) {
        if text.allSatisfy({ $0 < 0x80 }) {
            for byte in text { folded.append(byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte) }
        } else {
            for scalar in String(decoding: text, as: UTF8.self).unicodeScalars { folded.append(contentsOf: UTF8.encode(fold(scalar))!) }
        }
    }

    static func fold(_ text: String) -> ContiguousArray<UInt8> {
        var folded = ContiguousArray<UInt8>()
        var text = text
        text.withUTF8 { append(Bytes($0), to: &folded) }
        return folded
    }

    private static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        single(single(scalar, \.uppercaseMapping), \.lowercaseMapping)
    }

    /// Mappings to several code points are left out.
    private static func single(_ scalar: Unicode.Scalar, _ mapping: KeyPath<Unicode.Scalar.Properties, String>) -> Unicode.Scalar {
        let mapped = scalar.properties[keyPath: mapping].unicodeScalars
        return mapped.count == 1 ? mapped[mapped.startIndex] : scalar
    }
}
