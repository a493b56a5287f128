import EventModel

/// Moments of one picture, each as short as it can be told from the others.
struct MomentText {
    private let hasMilliseconds: Bool
    /// All are on this one, so that it need not be said each time.
    private let day: String?

    init(_ moments: some Sequence<WallTime>) {
        hasMilliseconds = moments.contains { $0.milliseconds % 1000 != 0 }
        let days = Set(moments.map { $0.rfc3339.prefix(10) })
        day = days.count == 1 ? String(days.first!) : nil
    }

    /// In UTC.
    func text(_ moment: WallTime) -> String {
        let full = moment.rfc3339
        let time = full.dropFirst(11).prefix(hasMilliseconds ? 12 : 8)
        return day == nil ? "\(full.prefix(10)) \(time)" : String(time)
    }

    var title: String { day.map { "\($0), UTC" } ?? "UTC" }
}
