import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { isCount, isObject } from '../units/json.ts'
import type { KeptGated } from './depends-on/gated-pod.ts'
import type { KeptState } from './queue/queue.ts'
import type { KeptGate, Lease, OpenedGate, Place } from './queue/state.ts'

/** What survives the process: the queue, and who waits for what it depends on before it has a place there. */
export type SavedState = KeptState & { readonly gated?: readonly KeptGated[] }

/** Where the state of the queue survives the process. */
export interface StateStore {
  /** What was saved last in this boot of the machine, before `now`; undefined: nothing that can be used. */
  load(now: number): SavedState | undefined
  /** Never throws. Reads all of it before it returns: the queue goes on with the same objects. */
  save(state: SavedState): void
}

/** Keeps nothing. */
export const noStore: StateStore = { load: () => undefined, save: () => {} }

/** What the file needs to know. */
export interface StateFileOptions {
  readonly folder: string
  /** Names the service among those of the machine. */
  readonly name: string
  /** Names this boot: the times in the file are those of a clock that starts anew with the next one. */
  readonly boot: string
  readonly log: Logger
  /** Called for each time that it cannot be written. */
  readonly failed: () => void
}

/**
 * A file that is replaced as a whole, so that a reader finds the old or the new state. It is not forced to the disk:
 * it is to survive the process, not the machine.
 */
export function openStateFile(options: StateFileOptions): StateStore {
  const { folder, boot, log, failed } = options
  const file = join(folder, options.name)
  let lastFailure: string | undefined
  return {
    load(now) {
      const text = readText(file, log)
      return text === undefined ? undefined : readState(text, now, options)
    },
    save(state) {
      try {
        mkdirSync(folder, { recursive: true, mode: 0o755 })
        // The uids in it are bearer values.
        writeFileSync(`${file}.new`, JSON.stringify({ v: version, boot, ...state }), { mode: 0o600 })
        renameSync(`${file}.new`, file)
        lastFailure = undefined
      } catch (error) {
        failed()
        const message = messageOf(error)
        if (message !== lastFailure) log.warn({ err: error }, 'the state cannot be written; a restart would lose the queue')
        lastFailure = message
      }
    },
  }
}

const version = 1

function readText(file: string, log: Logger): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (!isMissing(error)) log.warn({ err: error }, 'the state cannot be read; starting without')
    return undefined
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function readState(text: string, now: number, { folder, name, boot, log }: StateFileOptions): SavedState | undefined {
  const file = join(folder, name)
  const content = parse(text)
  const state = content === undefined ? undefined : stateOf(content)
  if (state === undefined) {
    const aside = `${file}.damaged`
    try {
      renameSync(file, aside)
      log.error({ file, aside }, 'the state is damaged; it was set aside, starting without')
    } catch (error) {
      log.error({ file, err: error }, 'the state is damaged; starting without')
    }
    return undefined
  }
  if (content?.['boot'] === boot && state.now <= now) return state
  log.info({ file }, 'the state is of another boot; starting without')
  return undefined
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const content: unknown = JSON.parse(text)
    return isObject(content) && content['v'] === version && typeof content['boot'] === 'string' ? content : undefined
  } catch {
    return undefined
  }
}

function stateOf(content: Readonly<Record<string, unknown>>): SavedState | undefined {
  // A file of before says nothing of gates, nor of who waits at them.
  const { now, sequence, lastOverdueAt, leases, waiting, gates = [], opened = [], gated = [] } = content
  if (!isTime(now) || !isCount(sequence) || !isTimeOrNone(lastOverdueAt)) return undefined
  if (!Array.isArray(leases) || !Array.isArray(waiting) || !Array.isArray(gates) || !Array.isArray(opened) || !Array.isArray(gated)) return undefined
  const [readLeases, readPlaces] = [leases.map(leaseOf), waiting.map(placeOf)]
  if (!readLeases.every(isKnown) || !readPlaces.every(isKnown)) return undefined
  const [readGates, readOpened] = [gates.map(gateOf), opened.map(openedGateOf)]
  if (!readGates.every(isKnown) || !readOpened.every(isKnown)) return undefined
  const readGated = gated.map(gatedOf)
  if (!readGated.every(isKnown)) return undefined
  const keys = [...readLeases, ...readPlaces].map(({ key }) => key)
  if (new Set(keys).size !== keys.length) return undefined
  return { now, sequence, lastOverdueAt, leases: readLeases, waiting: readPlaces, gates: readGates, opened: readOpened, ...(readGated.length === 0 ? {} : { gated: readGated }) }
}

function isKnown<T>(value: T | undefined): value is T {
  return value !== undefined
}

function leaseOf(value: unknown): Lease | undefined {
  if (!isObject(value)) return undefined
  // A file of before says nothing of crash loops, nor of reserves.
  const { key, pod, peer, stale, grant, permits, reserve = 1, arrivedAt, grantedAt, endsAt, endCause, crashing = false, claimed, absentSince } = value
  if (typeof key !== 'string' || typeof peer !== 'string' || !isTextOrNone(pod) || !isTextOrNone(stale)) return undefined
  if (grant !== 'floor' && grant !== 'idle-core' && grant !== 'overdue') return undefined
  if (endCause !== 'lease-end' && endCause !== 'blind-hold') return undefined
  if (!isCount(permits) || !isTime(reserve) || !isTime(arrivedAt) || !isTime(grantedAt) || !isTime(endsAt)) return undefined
  if (typeof crashing !== 'boolean' || typeof claimed !== 'boolean' || !isTimeOrNone(absentSince)) return undefined
  return { key, pod, peer, stale, grant, permits, reserve, arrivedAt, grantedAt, endsAt, endCause, crashing, claimed, absentSince }
}

function placeOf(value: unknown): Place | undefined {
  if (!isObject(value)) return undefined
  const { key, pod, peer, stale, sequence, arrivedAt, weight, priority, reserve = 1, leaseMs, deadline, requests, absentSince } = value
  if (typeof key !== 'string' || typeof peer !== 'string' || !isTextOrNone(pod) || !isTextOrNone(stale)) return undefined
  if (!isCount(sequence) || !isTime(arrivedAt) || !isCount(weight) || typeof priority !== 'number') return undefined
  if (!isTime(reserve) || !isTime(leaseMs) || !isTimeOrNone(deadline) || !isCount(requests) || !isTimeOrNone(absentSince)) return undefined
  return { key, pod, peer, stale, sequence, arrivedAt, weight, priority, reserve, leaseMs, deadline, requests, absentSince }
}

function gateOf(value: unknown): KeptGate | undefined {
  if (!isObject(value)) return undefined
  const { name, since, overdue } = value
  return typeof name === 'string' && isTime(since) && typeof overdue === 'boolean' ? { name, since, overdue } : undefined
}

function openedGateOf(value: unknown): OpenedGate | undefined {
  if (!isObject(value)) return undefined
  const { name, since, openedAt } = value
  return typeof name === 'string' && isTime(since) && isTime(openedAt) ? { name, since, openedAt } : undefined
}

function gatedOf(value: unknown): KeptGated | undefined {
  if (!isObject(value)) return undefined
  const { uid, since } = value
  return typeof uid === 'string' && isTime(since) ? { uid, since } : undefined
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isTimeOrNone(value: unknown): value is number | undefined {
  return value === undefined || isTime(value)
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
