import type { Command } from '../command.ts'

/** A command of which only the summary is known until it is called. */
export interface CommandEntry {
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** What `usher job` can do. */
export const jobVerbs: Readonly<Record<string, CommandEntry>> = {}
