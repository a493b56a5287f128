/// One thing that was looked at.
struct Finding {
    enum Subject: String, CaseIterable { case configuration, kafka, topics, retention, access, endpoints, registry, clock, descriptors }

    enum Status: String {
        case ok, warning, problem
        /// It could not be looked at.
        case unknown
    }

    /// What kind of finding it is, for programs and for `docs/ERRORS.md`: these words stay.
    enum Code: String {
        case topicMissing = "topic-missing"
        case topicDiffers = "topic-differs"
        case topicCannot = "topic-cannot"
        case topicUnseen = "topic-unseen"
        case partitionLeaderless = "partition-leaderless"
        case replicasBehind = "replicas-behind"
        case retentionShort = "retention-short"
        case kafkaUnreachable = "kafka-unreachable"
        case topicUnreadable = "topic-unreadable"
        case partitionSilent = "partition-silent"
        case cursorRefused = "cursor-refused"
        case certificateRefused = "certificate-refused"
        case certificateEnding = "certificate-ending"
        case certificateUnseen = "certificate-unseen"
        case endpointDenied = "endpoint-denied"
        case endpointUnreachable = "endpoint-unreachable"
        case registryUnreachable = "registry-unreachable"
        case clockFree = "clock-free"
        case clockUnseen = "clock-unseen"
        case descriptorsFew = "descriptors-few"
        /// What `check` warns of, which has a code of its own.
        case checkWarning = "check-warning"
    }

    var subject: Subject
    /// Nil where all is well.
    var code: Code?
    var status: Status
    /// One line.
    var message: String
    /// What to do about it.
    var help: String?

    static func ok(_ subject: Subject, _ message: String) -> Finding { Finding(subject: subject, code: nil, status: .ok, message: message) }
    static func warning(_ subject: Subject, _ code: Code, _ message: String, help: String?) -> Finding {
        Finding(subject: subject, code: code, status: .warning, message: message, help: help)
    }
    static func problem(_ subject: Subject, _ code: Code, _ message: String, help: String?) -> Finding {
        Finding(subject: subject, code: code, status: .problem, message: message, help: help)
    }
    static func unknown(_ subject: Subject, _ code: Code, _ message: String, help: String? = nil) -> Finding {
        Finding(subject: subject, code: code, status: .unknown, message: message, help: help)
    }

    /// As the command prints it. What `check` warns of has its own code there already.
    var line: String { message + (code.map { $0 == .checkWarning ? "" : " [\($0.rawValue)]" } ?? "") }

    var json: String {
        let help = help.map { ",\"help\":\(JSONText.quoted($0))" } ?? ""
        let code = code.map { "\"code\":\"\($0.rawValue)\"," } ?? ""
        return "{\"subject\":\"\(subject)\",\"status\":\"\(status)\",\(code)\"message\":\(JSONText.quoted(message))\(help)}"
    }
}
