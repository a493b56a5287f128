import Redelivery

/// How a job went, for people and for programs.
struct JobSummary {
    var job: String
    /// `redriven` or `replayed`.
    var participle: String
    /// What they are: `dead letters of shop.orders`.
    var subject: String
    var retryTopic: String
    var isDryRun: Bool
    var isComplete: Bool
    var isInterrupted = false
    var counts = JobCounts()
    /// What the counts by label are about.
    var label: String?
    /// Why some were refused, for people.
    var reasons: [String: String]
    var seconds: Double

    static let gone = "too large for the retry topic, and deleted by Kafka's retention before they could be sent (\(JobRefusal.gone))"

    var hasFindings: Bool { !counts.refused.isEmpty || isInterrupted }

    mutating func take(_ run: (outcome: JobOutcome, isInterrupted: Bool)) {
        counts = run.outcome.counts
        isComplete = run.outcome.isComplete
        isInterrupted = run.isInterrupted
    }

    var text: String {
        var text = "job \(job)\(isDryRun ? ", dry run: nothing is sent" : "")\n"
        text += "  \(counts.matching) \(subject)\n"
        text += "  \(counts.sent) \(isDryRun ? "would be \(participle)" : "\(participle), through \(retryTopic)")"
        if counts.sent >= 1000, !isDryRun { text += " in \((seconds * 10).rounded() / 10) s" }
        text += "\n"
        if counts.found > 0 { text += "  \(counts.found) had been, when the job was interrupted\n" }
        for (name, count) in sorted(counts.bySubscription) { text += "    \(name): \(count)\n" }
        if label != nil { for (name, count) in sorted(counts.byLabel) { text += "    \(name): \(count)\n" } }
        for (name, count) in sorted(counts.refused) { text += "  \(count) refused: \(reasons[name] ?? name)\n" }
        if isInterrupted {
            text += "interrupted; the same command goes on from here\n"
        } else if !isComplete {
            text += "stopped at --limit; the same command goes on from here\n"
        }
        return text
    }

    var json: String {
        func object(_ counts: [String: Int]) -> String {
            "{" + sorted(counts).map { "\(JSONText.quoted($0.key)):\($0.value)" }.joined(separator: ",") + "}"
        }
        return "{\"job\":\(JSONText.quoted(job)),\"dryRun\":\(isDryRun),\"complete\":\(isComplete),\"interrupted\":\(isInterrupted),"
            + "\"matching\":\(counts.matching),\"\(participle)\":\(counts.sent),\"foundInRetryTopic\":\(counts.found),"
            + "\"refused\":\(object(counts.refused)),\"bySubscription\":\(object(counts.bySubscription)),"
            + (label.map { "\"\($0)\":\(object(counts.byLabel))," } ?? "")
            + "\"retryTopic\":\(JSONText.quoted(retryTopic)),\"seconds\":\((seconds * 1000).rounded() / 1000)}"
    }

    private func sorted(_ counts: [String: Int]) -> [(key: String, value: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    }
}
