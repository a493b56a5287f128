/// `${VAR}`, `${VAR:-default}` and `${file:/path}` in a string; `$${` stands for `${`.
///
/// As in a shell, the default of `:-` also stands in for an empty variable. A file's last line break is cut, because
/// editors and `kubectl` add one. What was put in is not looked at again. Nothing of it appears in a message.
extension Reader {
    mutating func interpolate(_ text: String, _ position: Position, _ path: String) -> (text: String, changed: Bool)? {
        guard text.contains("${") else { return (text, false) }
        var result = ""
        var changed = false
        var rest = text[...]
        while let dollar = rest.firstRange(of: "${") {
            let before = rest[..<dollar.lowerBound]
            if before.last == "$" {
                result += before.dropLast()
                result += "${"
                rest = rest[dollar.upperBound...]
                continue
            }
            result += before
            guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else {
                error(position, path, "${ without }; write $${ for the two characters themselves")
                return nil
            }
            let expression = rest[dollar.upperBound..<end]
            if expression.contains("${") {
                error(position, path, "${...} cannot stand inside another one")
                return nil
            }
            guard let value = substitute(expression, position, path) else { return nil }
            result += value
            changed = true
            rest = rest[rest.index(after: end)...]
        }
        result += rest
        return (result, changed)
    }

    private mutating func substitute(_ expression: Substring, _ position: Position, _ path: String) -> String? {
        if expression.hasPrefix("file:") {
            let text = fileText(String(expression.dropFirst("file:".count)), position, path)
            if let text { noteSubstituted(text) }
            return text
        }
        let name: Substring
        var fallback: Substring?
        if let separator = expression.firstRange(of: ":-") {
            name = expression[..<separator.lowerBound]
            fallback = expression[separator.upperBound...]
        } else {
            name = expression
        }
        guard Self.isVariableName(name) else {
            error(position, path, "${\(expression)} is not understood; write ${VAR}, ${VAR:-default} or ${file:/path}")
            return nil
        }
        let value = environment.variables[String(name)]
        if let value { noteSubstituted(value) }
        if let fallback { return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(fallback) }
        if value == nil {
            error(position, path, "the environment variable \(name) is not set; set it or write ${\(name):-default}")
        }
        return value
    }

    private mutating func fileText(_ file: String, _ position: Position, _ path: String) -> String? {
        guard !file.isEmpty else {
            error(position, path, "${file:} names no file; write ${file:/path}")
            return nil
        }
        let resolved = FilePath.resolve(file, from: position.folder)
        switch read(resolved) {
        case .failure(let failure):
            error(position, path, "cannot read \(resolved): \(failure.message)", code: .unreadableFile)
            return nil
        case .success(let bytes):
            guard var text = String(validating: bytes, as: UTF8.self) else {
                error(position, path, "\(resolved) is not UTF-8 text")
                return nil
            }
            // "\r\n" is one character.
            if text.last == "\n" || text.last == "\r\n" { text.removeLast() }
            return text
        }
    }

    private static func isVariableName(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5F }
    }
}
