// About files of a node: labels of SELinux, caches of a desktop, what is mounted below, what is copied at first.
const ofNodes: ReadonlySet<string> = new Set(['z', 'Z', 'cached', 'delegated', 'consistent', 'nocopy', 'shared', 'slave', 'private', 'rshared', 'rslave', 'rprivate'])

/** A volume as Compose writes it in a line, `SOURCE:PATH:MODES`, and which of its modes are left out, as volumes of a job have none such. */
export function withoutNodeModes(text: string): { readonly text: string; readonly left: readonly string[] } {
  const [, mount, modes = ''] = /^([^:]+:[^:]+):([A-Za-z,]+)$/.exec(text) ?? []
  const all = modes.split(',')
  const left = all.filter((mode) => ofNodes.has(mode))
  if (mount === undefined || left.length === 0 || !all.every((mode) => ofNodes.has(mode) || mode === 'ro' || mode === 'rw')) return { text, left: [] }
  return { text: all.includes('ro') ? `${mount}:ro` : mount, left }
}
