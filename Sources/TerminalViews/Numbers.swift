/// Figures for people.
public enum Numbers {
    /// With commas between thousands, and short from ten million on: `1,240`, `12.3M`.
    public static func grouped(_ value: some BinaryInteger) -> String {
        let magnitude = UInt64(value.magnitude)
        let sign = value < 0 ? "-" : ""
        if magnitude >= 10_000_000 {
            let (unit, name): (UInt64, String) = magnitude >= 10_000_000_000 ? (1_000_000_000, "G") : (1_000_000, "M")
            return "\(sign)\(magnitude / unit).\(magnitude % unit * 10 / unit)\(name)"
        }
        let digits = Array(String(magnitude))
        var text = sign
        for (i, digit) in digits.enumerated() {
            if i > 0, (digits.count - i).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return text
    }

    /// How many of what: `1 topic`, `1,240 topics`.
    public static func counted(_ count: some BinaryInteger, _ noun: String) -> String { "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")" }

    /// Whole seconds as a person would say them: `45 s`, `2 min 5 s`, `3 h 10 min`.
    public static func duration(seconds: Int) -> String {
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s" }
        let minutes = seconds / 60
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
    }
}
