/** A value of a job file, with where it stands: aliases are followed, merge keys merged, and scalars are still text. */
export type FileNode = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  readonly kind: 'scalar'
  /** Without its quotes; variables are not put in yet. */
  readonly text: string
  /** Neither quoted nor a block. */
  readonly isPlain: boolean
  /** The offset in the text of the file. */
  readonly at: number
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly FileNode[]
  readonly at: number
}

export interface MapNode {
  readonly kind: 'map'
  readonly entries: readonly FileEntry[]
  readonly at: number
}

export interface FileEntry {
  readonly key: string
  /** The offset of the key. */
  readonly at: number
  readonly value: FileNode
}

/** Whether a key has no value: `key:` or `key: null`. */
export function isNull(node: FileNode): boolean {
  return node.kind === 'scalar' && node.isPlain && /^(?:~|null|Null|NULL)?$/.test(node.text)
}

/** What a value is, for messages: a long one is cut. */
export function describe(node: FileNode): string {
  if (node.kind === 'list') return 'a list'
  if (node.kind === 'map') return 'a map'
  return isNull(node) ? 'nothing' : quote(node.text)
}

// Longer than what somebody would look for in a message.
const longestQuote = 60

/** A text as messages show it. */
export function quote(text: string): string {
  return JSON.stringify(text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text)
}
