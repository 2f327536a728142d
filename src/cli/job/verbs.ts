import type { Command } from '../command.ts'

/** A command of which only the summary is known until it is called. */
export interface CommandEntry {
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** What `usher job` can do. */
export const jobVerbs: Readonly<Record<string, CommandEntry>> = {
  validate: {
    summary: 'tell what is wrong with job files, with file, line and column',
    load: async () => (await import('./validate.ts')).validateCommand,
  },
  render: {
    summary: 'print the Kubernetes objects that job files become',
    load: async () => (await import('./render.ts')).renderCommand,
  },
  plan: {
    summary: 'tell whether job files have room, where, and what would change',
    load: async () => (await import('./plan.ts')).planCommandOfJob,
  },
  run: {
    summary: 'run job files: all or nothing',
    load: async () => (await import('./run.ts')).runCommandOfJob,
  },
  scale: {
    summary: 'change how many instances a job has',
    load: async () => (await import('./scale.ts')).scaleCommand,
  },
  status: {
    summary: 'show how each instance of a job is',
    load: async () => (await import('./status.ts')).jobStatusCommand,
  },
  ls: {
    summary: 'list jobs',
    load: async () => (await import('./ls.ts')).jobListCommand,
  },
  why: {
    summary: 'explain why a job does not run',
    load: async () => (await import('../why.ts')).jobWhyCommand,
  },
  logs: {
    summary: 'show what the instances of a job log',
    load: async () => (await import('./logs.ts')).jobLogsCommand,
  },
  history: {
    summary: 'show the revisions of a job',
    load: async () => (await import('./history.ts')).historyCommand,
  },
  rollback: {
    summary: 'go back to an earlier revision of a job',
    load: async () => (await import('./rollback.ts')).rollbackCommand,
  },
  stop: {
    summary: 'stop a job, and take away what it consists of',
    load: async () => (await import('./stop.ts')).stopCommand,
  },
  import: {
    summary: 'make a job file of a docker-compose file',
    load: async () => (await import('./import.ts')).importCommand,
  },
}
