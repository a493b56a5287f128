public import EventFormats
public import EventModel

/// What the windows of one subscription hold: for each the group it is of, the number of its events, and what the aggregates
/// know. Which event counts in which window, and when one is complete, is decided elsewhere.
///
/// `look` at a record, then `open` windows and `add`: these are about the record looked at last, which must still be there.
/// Nothing is allocated for an event where the windows it counts in have grown.
public final class WindowStore {
    struct Window {
        var group: Int
        var partition: Int32
        var events: Int
    }

    /// One of the policy's aggregates.
    struct Entry {
        let name: String
        let column: any AggregateColumn
        /// Where among the fields its values are.
        let field: Int
        /// Begins the sentence that says why it cannot take a value.
        let complaint: String
    }

    /// Of the topic. May be another one when the manifest changes what the topic's records say.
    public var decoder: EventDecoder
    let template: WindowEventTemplate
    let aggregates: [Entry]
    private let time: WindowTime
    private let groups: GroupReader

    private var fields = FieldTable()
    private(set) var groupTable = GroupTable()
    private(set) var windows = ContiguousArray<Window>()
    private var free = ContiguousArray<Int>()
    private var bytesOfWindows = 0
    private let bytesPerWindow: Int
    // Of the record looked at last.
    private var place = EventPlace(time: WallTime(milliseconds: 0), offset: 0)
    private var partition: Int32 = 0
    private var group = 0

    /// - Parameters:
    ///   - subscription: which the windows are of.
    ///   - policy: its `window`.
    ///   - decoder: of its topic; used while a record is looked at.
    public init(_ subscription: Subscription, _ policy: WindowPolicy, decoder: EventDecoder) {
        self.decoder = decoder
        time = policy.time
        var fields = FieldTable()
        groups = GroupReader(policy.groupBy, &fields)
        let limits = HoldingLimits(policy.aggregates)
        aggregates = policy.aggregates.map { aggregate in
            let function = aggregate.function
            return Entry(
                name: aggregate.name, column: AggregateCatalog.column(function, limits), field: fields.index(pointer: function.pointer),
                complaint: "\(function.name) `\(aggregate.name)`: \(function.pointer)")
        }
        self.fields = fields
        template = WindowEventTemplate(subscription, policy)
        bytesPerWindow = aggregates.reduce(MemoryLayout<Window>.stride) { $0 + $1.column.bytesPerWindow }
    }

    /// Bytes held for all windows, roughly.
    public var bytes: Int { bytesOfWindows + groupTable.bytes }

    /// - Parameters:
    ///   - record: as it stands at its source.
    ///   - partition: of the log that windows are computed from, and `offset` there, if that is another one.
    /// - Returns: when the event happened, and the number of its group, which it keeps while a window of it is open.
    /// - Throws: why the event cannot be counted.
    public func look(
        at record: RecordView, partition: Int32? = nil, offset: Int64? = nil
    ) throws(PoisonReason) -> (time: WallTime, group: Int) {
        let event = try decoder.decode(record)
        place = EventPlace(time: try EventTime.of(event, in: record, by: time), offset: offset ?? record.offset)
        self.partition = partition ?? record.partition
        fields.look(at: event)
        for aggregate in aggregates {
            do throws(ValueProblem) {
                try aggregate.column.look(at: fields.value(aggregate.field))
            } catch {
                throw PoisonReason("\(aggregate.complaint) \(error.text)")
            }
        }
        group = groupTable.find(try groups.read(record, fields))
        return (place.time, group)
    }

    /// A window of the group looked at, with nothing in it.
    public func open() -> Int {
        let index = free.popLast() ?? windows.count
        let window = Window(group: group, partition: partition, events: 0)
        if index == windows.count { windows.append(window) } else { windows[index] = window }
        for aggregate in aggregates { aggregate.column.open(index) }
        groupTable.addWindow(group)
        bytesOfWindows += bytesPerWindow
        return index
    }

    public func add(to window: Int) {
        windows[window].events += 1
        for aggregate in aggregates { bytesOfWindows += aggregate.column.add(to: window, at: place) }
    }

    /// The first is discarded, its events count in the other.
    public func merge(_ window: Int, into other: Int) {
        windows[other].events += windows[window].events
        for aggregate in aggregates { bytesOfWindows += aggregate.column.merge(window: window, into: other) }
        discard(window)
    }

    /// The window's group in its canonical form: a JSON array of the values of `groupBy`.
    public func withGroup<Result>(of window: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        groupTable.withText(windows[window].group, body)
    }

    /// The partition whose events it holds.
    public func partition(of window: Int) -> Int32 { windows[window].partition }

    public func discard(_ window: Int) {
        for aggregate in aggregates { bytesOfWindows -= aggregate.column.clear(window) }
        bytesOfWindows -= bytesPerWindow
        groupTable.removeWindow(windows[window].group)
        windows[window].group = -1
        free.append(window)
    }
}
