/// One thing that is wrong with the configuration: where it stands, what is wrong and what to write instead.
///
/// Printed as compilers do, so that editors and terminals make a link of it:
/// `topics/orders.yaml:14:7: error: subscriptions.billing.retry.schedule: must not be empty; ...`
public struct Problem: Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable, Hashable {
        /// The configuration cannot be used.
        case error
        /// It can be used, but probably does not say what was meant.
        case warning
    }

    /// What kind of problem it is, for programs and for `docs/ERRORS.md`: these words stay.
    public enum Code: String, CaseIterable, Sendable, Hashable {
        case invalidYAML = "invalid-yaml"
        case duplicateKey = "duplicate-key"
        case unknownKey = "unknown-key"
        case missingKey = "missing-key"
        case unreadableFile = "unreadable-file"
        /// Every error that is of no other kind.
        case invalidValue = "invalid-value"
        case unsigned = "unsigned"
        case secretInClear = "secret-in-clear"
        case sentInClear = "sent-in-clear"
        case egressDenied = "egress-denied"
        case endingCertificate = "ending-certificate"
        case nothingDelivered = "nothing-delivered"
        /// Every warning that is of no other kind.
        case doubtful = "doubtful"
    }

    public var severity: Severity
    public var code: Code
    /// The file as its path was given; or `environment` or `command line`, which have no lines.
    public var file: String
    /// From 1; 0 where there are no lines.
    public var line: Int
    /// From 1, in Unicode scalars; 0 where there are no lines.
    public var column: Int
    /// The keys that lead to it, as `subscriptions.billing.retry.schedule[2]`; empty for the document as a whole.
    public var path: String
    /// One sentence without the path. Of what `${...}` stands for it shows a size, a time or a name of ours, never what may be a secret.
    public var message: String

    public init(severity: Severity, code: Code, file: String, line: Int, column: Int, path: String, message: String) {
        self.severity = severity
        self.code = code
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.message = message
    }

    /// As commands print it: with its code behind it.
    public var report: String { "\(description) [\(code.rawValue)]" }

    public var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(severity.rawValue): \(path.isEmpty ? "" : "\(path): ")\(message)"
    }
}

/// Where something stands. A value stands where its key stands; an item of a list where it begins.
struct Position: Sendable, Hashable {
    var file: String
    var line: Int
    var column: Int

    /// The folder that relative paths there start from: that of the file, and the process's own for what stands in none.
    var folder: String { line > 0 ? FilePath.folder(of: file) : "." }
    /// For messages that name a second place.
    var description: String { line > 0 ? "\(file):\(line):\(column)" : file }
}
