/// The part of a `$ref` before its `#`, as everybody must take it who reads the same schemas.
package enum FileReference {
    /// The path of the file that `name` means in the file at `path`; nil for what is no URI reference.
    package static func path(_ name: String, from path: String) -> String? {
        PercentEncoding.decode(name).map { RelativePath.resolve($0, from: path) }
    }
}

/// Paths as text; nothing is looked up.
enum RelativePath {
    /// What `name` means in the file at `path`, without `.` and `..` where they can be resolved.
    static func resolve(_ name: String, from path: String) -> String {
        var parts: [Substring] = path.hasPrefix("/") ? [""] : []
        for part in path.split(separator: "/").dropLast() + name.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != "..", !last.isEmpty { parts.removeLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}

enum PercentEncoding {
    /// Nil for a percent sign without two digits, and for what is not UTF-8 then.
    static func decode(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
