/** What came of a check: `skipped` where it could not be told. */
export type Outcome = 'ok' | 'warning' | 'failed' | 'skipped'

/** What a check has found. Sentences are for people, without a full stop. */
export interface Finding {
  readonly outcome: Outcome
  /** What is so. */
  readonly detail: string
  /** How to mend it; where that takes more than a line, the documentation has it. */
  readonly hint?: string
  /** What exactly it is about, each in a line. */
  readonly items?: readonly string[]
}

type More = Pick<Finding, 'hint' | 'items'>

/** All is well. */
export function ok(detail: string, more: More = {}): Finding {
  return { outcome: 'ok', detail, ...more }
}

/** It works, and will or may not for long, or not as well as it could. */
export function warning(detail: string, more: More = {}): Finding {
  return { outcome: 'warning', detail, ...more }
}

/** It does not work. */
export function failed(detail: string, more: More = {}): Finding {
  return { outcome: 'failed', detail, ...more }
}

/** It cannot be told, and why. */
export function skipped(detail: string, more: More = {}): Finding {
  return { outcome: 'skipped', detail, ...more }
}
