/// The numbers of a shard's windows.
final class WindowIDs {
    private var free: ContiguousArray<Int> = []
    private var count = 0

    func next() -> WindowID {
        if let index = free.popLast() { return WindowID(index: index) }
        defer { count += 1 }
        return WindowID(index: count)
    }

    func free(_ id: WindowID) { free.append(id.index) }
}
