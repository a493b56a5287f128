/// The version of Fanfare, as `--version`, `user-agent` and `build_info` show it.
public let fanfareVersion = "0.1.0"
