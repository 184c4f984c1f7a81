/// What new settings change in a server that runs: some at once, the rest at its next start.
struct SettingsChange {
  /// Those in effect from now on.
  private(set) var settings: ServerSettings
  /// The options that changed, by their names.
  private(set) var applied: [String] = []
  /// The options that differ and need a restart.
  private(set) var pending: [String] = []

  /// - Parameters:
  ///   - old: those in effect.
  ///   - new: those that somebody wants.
  init(from old: ServerSettings, to new: ServerSettings) {
    settings = old
    for row in OptionTable.rows where !row.isEqual(old, new) {
      if row.isLive(in: new) {
        row.copy(from: new, to: &settings)
        applied.append(row.name)
      } else {
        pending.append(row.name)
      }
    }
  }
}
