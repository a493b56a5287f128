import Glibc

/// This machine's or container's name.
public enum HostName {
    public static let current: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let text = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        // It becomes part of a key of the control topic.
        return String(decoding: text, as: UTF8.self).replacing("/", with: "-")
    }()
}

enum ProcessNumber {
    static var current: Int32 { getpid() }
}
