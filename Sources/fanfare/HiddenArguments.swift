import Glibc
import Manifests

/// Arguments are seen by everybody on the machine (`ps`, `/proc/<pid>/cmdline`). Secrets among them are blanked out there,
/// as soon as the program runs.
enum HiddenArguments {
    /// The program has copies of its own of all arguments by then.
    static func blank() {
        _ = CommandLine.arguments
        guard let memory = memory() else { return }
        var start = 0
        var arguments: [Range<Int>] = []
        for index in memory.indices where memory[index] == 0 {
            arguments.append(start..<index)
            start = index + 1
        }
        let texts = arguments.map { String(decoding: memory[$0], as: UTF8.self) }
        // Not what was expected: better shown than something else overwritten.
        guard texts.count == CommandLine.arguments.count, texts == CommandLine.arguments else { return }
        for (index, hidden) in hidden(in: texts) {
            let argument = arguments[index]
            for byte in argument.dropFirst(argument.count - hidden) { memory[byte] = UInt8(ascii: "*") }
        }
    }

    /// Of which arguments how many bytes at the end are secret.
    static func hidden(in arguments: [String]) -> [(index: Int, bytes: Int)] {
        var found: [(index: Int, bytes: Int)] = []
        for (index, argument) in arguments.enumerated() {
            if argument.hasPrefix("--secret=") {
                found.append((index, argument.utf8.count - "--secret=".utf8.count))
            } else if index > 0, arguments[index - 1] == "--secret" {
                found.append((index, argument.utf8.count))
            } else if argument.hasPrefix("--set=") || index > 0 && arguments[index - 1] == "--set" {
                let setting = argument.hasPrefix("--set=") ? argument.dropFirst("--set=".count) : argument[...]
                guard let equals = setting.firstIndex(of: "=") else { continue }
                let path = setting[..<equals].split(separator: ".").map(String.init)
                guard SecretNames.mayBeSecret(path: path) || path.last == "endpoint" else { continue }
                found.append((index, setting[setting.index(after: equals)...].utf8.count))
            }
        }
        return found
    }

    /// Where the kernel takes them from: proc(5), /proc/[pid]/stat, (48) arg_start and (49) arg_end.
    private static func memory() -> UnsafeMutableRawBufferPointer? {
        guard let file = fopen("/proc/self/stat", "re") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 4096)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        let line = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        // The program's name, in parentheses, may hold anything; the third field follows it.
        guard let name = line.lastIndex(of: ")") else { return nil }
        let fields = line[name...].split(separator: " ").dropFirst()
        guard fields.count >= 47, let start = UInt(fields[fields.startIndex + 45]), let end = UInt(fields[fields.startIndex + 46]), start < end,
            let base = UnsafeMutableRawPointer(bitPattern: start)
        else { return nil }
        return UnsafeMutableRawBufferPointer(start: base, count: Int(end - start))
    }
}
