internal import EventModel

/// `retry.schedule`: a list of delays, or how they grow.
enum RetrySchedules {
    static let shape: Shape<[TimeSpan]> = {
        let list = Shape<[TimeSpan]>.list("a list of durations such as [5s, 1m, 10m]", of: delay, count: 1...100)
        return Shape(schema: ["anyOf": [list.schema, exponential.schema]], form: list.form) { node, path, reader in
            guard case .mapping = node.content else { return list.read(node, path, &reader) }
            var schedule = ExponentialSchedule()
            let problems = reader.problems.count
            exponential.apply(node, path, to: &schedule, &reader)
            return reader.problems.count == problems ? schedule.delays : nil
        } show: { list.show($0) }
    }()

    private static let delay = Shape<TimeSpan>.duration(.milliseconds(1) ... .days(30))

    private static let exponential = Section<ExponentialSchedule>(ExponentialSchedule(), [
        .value("first", \.first, delay, "The delay before the second attempt."),
        .value("factor", \.factor, .number(1...100), "Each delay is so many times the one before."),
        .value("longest", \.longest, delay, "No delay is longer."),
        .value("attempts", \.attempts, .count(2...101), "Attempts in all; after the last the event is given up."),
    ])
}

/// Exponential backoff, written out: the engine knows only lists.
private struct ExponentialSchedule {
    var first: TimeSpan = .seconds(5)
    var factor = 2.0
    var longest: TimeSpan = .hours(12)
    var attempts = 10

    var delays: [TimeSpan] {
        var delays: [TimeSpan] = []
        var delay = min(first, longest)
        while delays.count < attempts - 1 {
            delays.append(delay)
            // Compared before it is multiplied: 100 factors of 100 are more than a number of nanoseconds can be.
            delay = delay.seconds * factor < longest.seconds ? delay * factor : longest
        }
        return delays
    }
}
