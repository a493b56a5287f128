/// One thing that was looked at.
struct Finding {
    enum Subject: String, CaseIterable { case configuration, kafka, topics, retention, access, clock, descriptors }

    enum Status: String {
        case ok, warning, problem
        /// It could not be looked at.
        case unknown
    }

    var subject: Subject
    var status: Status
    /// One line.
    var message: String
    /// What to do about it.
    var help: String?

    static func ok(_ subject: Subject, _ message: String) -> Finding { Finding(subject: subject, status: .ok, message: message) }
    static func warning(_ subject: Subject, _ message: String, help: String?) -> Finding {
        Finding(subject: subject, status: .warning, message: message, help: help)
    }
    static func problem(_ subject: Subject, _ message: String, help: String?) -> Finding {
        Finding(subject: subject, status: .problem, message: message, help: help)
    }
    static func unknown(_ subject: Subject, _ message: String, help: String? = nil) -> Finding {
        Finding(subject: subject, status: .unknown, message: message, help: help)
    }

    var json: String {
        let help = help.map { ",\"help\":\(JSONText.quoted($0))" } ?? ""
        return "{\"subject\":\"\(subject)\",\"status\":\"\(status)\",\"message\":\(JSONText.quoted(message))\(help)}"
    }
}
