package import DeliveryCore

/// Writes samples as text, straight into one byte buffer.
package struct MetricWriter {
    package typealias Label = (name: StaticString, value: String)

    package private(set) var bytes: [UInt8] = []
    private let format: MetricFormat
    private var name = ""

    package init(format: MetricFormat) {
        self.format = format
        bytes.reserveCapacity(64 << 10)
    }

    /// Writes the lines that precede a metric's samples, which follow by `sample` or `histogram`.
    ///
    /// - Parameter name: without `_total` or `_info`: OpenMetrics names the family so, Prometheus text names the samples.
    package mutating func begin(_ name: String, _ kind: Metric.Kind, unit: String?, help: String) {
        self.name = name + kind.suffix
        let family = format == .openMetrics ? name : self.name
        line("# HELP ", family) { $0.escape(help, quotes: $0.format == .openMetrics) }
        line("# TYPE ", family) { $0.put(kind.word(in: $0.format)) }
        if format == .openMetrics, let unit { line("# UNIT ", family) { $0.put(unit) } }
    }

    package mutating func sample(_ value: some MetricValue, _ labels: Label...) {
        put(name)
        put(labels, extra: nil)
        put(" ")
        put(value.metricText)
        put("\n")
    }

    /// Bucket counts are cumulative here, as the formats want them.
    package mutating func histogram(_ histogram: Histogram, _ labels: Label...) {
        var total: UInt64 = 0
        for (i, count) in histogram.counts.enumerated() {
            total += count
            // The same text in both formats ("1.0", not "1"): otherwise a scraper that changes its mind starts new series.
            let bound = i < histogram.bounds.count ? histogram.bounds[i].description : "+Inf"
            put(name)
            put("_bucket")
            put(labels, extra: ("le", bound))
            put(" \(total)\n")
        }
        for (suffix, value) in [("_sum", histogram.sum.metricText), ("_count", total.metricText)] {
            put(name)
            put(suffix)
            put(labels, extra: nil)
            put(" ")
            put(value)
            put("\n")
        }
    }

    package mutating func end() {
        if format == .openMetrics { put("# EOF\n") }
    }

    private mutating func line(_ keyword: String, _ family: String, _ rest: (inout Self) -> Void) {
        put(keyword)
        put(family)
        put(" ")
        rest(&self)
        put("\n")
    }

    private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func put(_ labels: [Label], extra: Label?) {
        guard !labels.isEmpty || extra != nil else { return }
        var separator = "{"
        for label in labels { put(label, &separator) }
        if let extra { put(extra, &separator) }
        put("}")
    }

    private mutating func put(_ label: Label, _ separator: inout String) {
        put(separator)
        separator = ","
        put(label.name.description)
        put("=\"")
        escape(label.value, quotes: true)
        put("\"")
    }

    /// Label values escape backslash, line feed and quote; help texts of Prometheus leave the quote as it is.
    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): put("\\\\")
            case UInt8(ascii: "\n"): put("\\n")
            case UInt8(ascii: "\"") where quotes: put("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}

/// A number as a sample shows it.
package protocol MetricValue { var metricText: String { get } }

extension MetricValue where Self: FixedWidthInteger { package var metricText: String { String(self) } }
extension UInt64: MetricValue {}
extension Int64: MetricValue {}
extension Int: MetricValue {}

extension Double: MetricValue {
    package var metricText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Inf" : "+Inf" }
        return description
    }
}

extension Bool: MetricValue { package var metricText: String { self ? "1" : "0" } }
